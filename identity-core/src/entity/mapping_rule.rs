use serde::{Deserialize, Serialize};

use super::{Field, Fields};
use crate::value::{ClaimSelector, ClaimValue, Issuer, MappingRuleId, Name};

/// A predicate over the claims of a token, used like a user: it can be a member of groups, roles and tenants and can
/// own authorizations. A token that matches the rule receives all of this access. The rule grants nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRule {
    /// Key of the rule. Immutable.
    pub id: MappingRuleId,
    /// Display name. The id, if no name was given.
    pub name: Name,
    /// Expression that selects the claim to compare, such as `department` or `$.realm_access.roles`.
    pub selector: ClaimSelector,
    /// How the selected claim is compared with the value. Default: [`Operator::Equals`].
    pub operator: Operator,
    /// Value that the claim must equal or contain.
    pub value: ClaimValue,
    /// Kind of container that the rule may be a member of. Default: any.
    pub kind: RuleKind,
    /// Restricts the rule to tokens of this issuer (`iss`). `None` for all issuers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
}

impl MappingRule {
    /// Creates a rule with the operator `EQUALS` for tokens of all issuers and for containers of any kind.
    #[must_use]
    pub fn new(id: MappingRuleId, name: Name, selector: ClaimSelector, value: ClaimValue) -> Self {
        Self { id, name, selector, operator: Operator::Equals, value, kind: RuleKind::Any, issuer: None }
    }

    /// Human-readable fields as pairs of name and text. Commands that set them reject invisible characters. A name
    /// equal to the id is omitted, because it was not given separately.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        let name = (self.name.as_str() != self.id.as_str()).then(|| ("name", self.name.as_str()));
        name.into_iter().collect()
    }

    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { id: _, name, selector, operator, value, kind, issuer } = self;
        vec![
            ("name", Field::text(name.as_str())),
            ("claimName", Field::text(selector.as_str())),
            ("operator", Field::text(operator.as_str())),
            ("claimValue", Field::text(value.as_str())),
            ("type", Field::text(kind.as_str())),
            ("issuer", Field::optional(issuer.as_ref().map(Issuer::as_str))),
        ]
    }
}

/// Comparison operator of a mapping rule. Both operators are case-sensitive, compare whole values and never match null,
/// missing values or objects. Numbers and booleans are compared by their JSON text (`30`, `true`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operator {
    /// The claim equals the value, or is a list that contains it. The only operator in the Orchestration Cluster API.
    #[default]
    Equals,
    /// The claim is a list that contains the value. A single value does not match.
    Contains,
}

/// Kind of container that a mapping rule may be a member of. Set by the Management Identity API when the rule is
/// created, and immutable. Rules from the Orchestration Cluster API have the kind [`RuleKind::Any`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleKind {
    /// Groups, roles and tenants.
    #[default]
    Any,
    /// Roles only: the rule cannot be a member of groups or tenants.
    Role,
    /// Tenants only: the rule cannot be a member of groups or roles.
    Tenant,
    /// Groups only: the rule cannot be a member of roles or tenants.
    Group,
}

names!(Operator { Equals => "EQUALS", Contains => "CONTAINS" });
names!(RuleKind { Any => "ANY", Role => "ROLE", Tenant => "TENANT", Group => "GROUP" });
