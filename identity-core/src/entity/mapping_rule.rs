use serde::{Deserialize, Serialize};

use crate::value::{ClaimSelector, ClaimValue, Issuer, MappingRuleId, Name};

/// A named predicate over a token's claims. By itself it grants nothing: it is a member of groups, roles and tenants, and
/// an owner of authorizations, like a user; whoever's token matches has what the rule has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRule {
    /// The rule's key.
    pub id: MappingRuleId,
    /// What to call it.
    pub name: Name,
    /// Which claim it looks at.
    pub selector: ClaimSelector,
    /// How it compares.
    pub operator: Operator,
    /// What it compares with.
    pub value: ClaimValue,
    /// What it may be a member of.
    pub kind: RuleKind,
    /// Whose tokens it looks at; those of every issuer when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
}

/// How a rule compares. Both are case-sensitive, whole-text and never match null, missing values or objects; numbers and
/// booleans are compared by their JSON text (`30`, `true`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operator {
    /// The claim is the value, or a list that holds it. The only operator of the Orchestration Cluster's rules.
    #[default]
    Equals,
    /// The claim is a list that holds the value.
    Contains,
}

/// What a rule may be a member of. Management Identity types its rules when they are made; the Orchestration Cluster does
/// not. Never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleKind {
    /// Anything.
    #[default]
    Any,
    /// Roles only.
    Role,
    /// Tenants only.
    Tenant,
    /// Groups only.
    Group,
}

names!(Operator { Equals => "EQUALS", Contains => "CONTAINS" });
names!(RuleKind { Any => "ANY", Role => "ROLE", Tenant => "TENANT", Group => "GROUP" });
