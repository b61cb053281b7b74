use serde::{Deserialize, Serialize};

use crate::value::{ClaimSelector, ClaimValue, Issuer, MappingRuleId, Name};

/// A named predicate over the claims of a token. A rule grants nothing by itself. Like a user, it can be a member of
/// groups, roles and tenants and can own authorizations. A token that matches the rule receives the access of the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRule {
    /// Key of the rule.
    pub id: MappingRuleId,
    /// Display name.
    pub name: Name,
    /// Selects the claim to compare.
    pub selector: ClaimSelector,
    /// Comparison operator.
    pub operator: Operator,
    /// Value to compare with.
    pub value: ClaimValue,
    /// Kind of container that the rule may be a member of.
    pub kind: RuleKind,
    /// Issuer whose tokens the rule applies to. `None` for all issuers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
}

impl MappingRule {
    /// A rule for tokens of all issuers, with the operator `EQUALS`, for containers of any kind.
    #[must_use]
    pub fn new(id: MappingRuleId, name: Name, selector: ClaimSelector, value: ClaimValue) -> Self {
        Self { id, name, selector, operator: Operator::Equals, value, kind: RuleKind::Any, issuer: None }
    }

    /// Human-readable texts, each with its field name. Commands that set them are checked for invisible characters. A
    /// name that equals the id is omitted, because the id serves as the name if none is given.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        let name = (self.name.as_str() != self.id.as_str()).then(|| ("name", self.name.as_str()));
        name.into_iter().collect()
    }
}

/// Comparison operator of a rule. Both operators are case-sensitive, compare whole values and never match null, missing
/// values or objects. Numbers and booleans are compared by their JSON text (`30`, `true`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operator {
    /// The claim equals the value, or is a list that contains it. The only operator of the Orchestration Cluster's
    /// rules.
    #[default]
    Equals,
    /// The claim is a list that contains the value.
    Contains,
}

/// Kind of container that a rule may be a member of. Immutable. The Management Identity API sets it when a rule is
/// created. Rules from the Orchestration Cluster API are of the kind [`RuleKind::Any`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleKind {
    /// Any container.
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
