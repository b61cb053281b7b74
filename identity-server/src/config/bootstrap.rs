//! What is made at start, when it is not there yet.

use identity_core::entity::{Operator, RuleKind};
use identity_core::value::{ClaimSelector, ClaimValue, Email, GroupId, Name, RoleId, Secret, TenantId, Username};

use super::Profile;
use super::reader::Reader;

/// What is made at start, when it is not there yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// Whose token is the first administrator's.
    pub initial_claim: Option<InitialClaim>,
    /// Mapping rules, and what they give.
    pub mapping_rules: Vec<MappingRuleSeed>,
    /// Tenants.
    pub tenants: Vec<TenantSeed>,
    /// Built-in users.
    pub users: Vec<UserSeed>,
}

/// Whose token is the first administrator's (management reference §6, "default" rule).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialClaim {
    /// The claim looked at.
    pub selector: ClaimSelector,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub value: ClaimValue,
}

/// A mapping rule, and what it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRuleSeed {
    /// Its name.
    pub name: Name,
    /// The claim looked at.
    pub selector: ClaimSelector,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub value: ClaimValue,
    /// What it may be applied to.
    pub kind: RuleKind,
    /// The roles that it gives.
    pub roles: Vec<RoleId>,
    /// The tenants that it opens.
    pub tenants: Vec<TenantId>,
    /// The groups that it puts the caller in.
    pub groups: Vec<GroupId>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSeed {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: Name,
}

/// A built-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSeed {
    /// What they sign in with.
    pub username: Username,
    /// Their password.
    pub password: Secret,
    /// What to call them.
    pub name: Option<Name>,
    /// Where to write to them.
    pub email: Option<Email>,
    /// The roles they have.
    pub roles: Vec<RoleId>,
}

impl Bootstrap {
    pub(super) fn read(from: &Reader<'_>, profile: Option<Profile>) -> Self {
        let users = from.items("users");
        if !users.is_empty() && !matches!(profile, None | Some(Profile::Builtin)) {
            from.problem("users", "are for the profile `builtin`; here they live at the provider");
        }
        Self {
            initial_claim: initial_claim(&from.section("initial-claim")),
            mapping_rules: unique(&from.items("mapping-rules"), "name", mapping_rule, |rule| rule.name.as_str()),
            tenants: unique(&from.items("tenants"), "tenant-id", tenant, |tenant| tenant.id.as_str()),
            users: unique(&users, "username", user, |user| user.username.as_str()),
        }
    }
}

/// Reads the elements of a list, no two of which may have the same key.
pub(super) fn unique<T>(
    items: &[Reader<'_>],
    name: &str,
    mut read: impl FnMut(&Reader<'_>) -> Option<T>,
    key: impl Fn(&T) -> &str,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for item in items {
        let Some(one) = read(item) else { continue };
        if all.iter().any(|other| key(other) == key(&one)) {
            item.problem(name, "is given to another element of the list too");
        }
        all.push(one);
    }
    all
}

fn initial_claim(from: &Reader<'_>) -> Option<InitialClaim> {
    let selector = from.get("name", ClaimSelector::parse);
    let operator = from.choice("operator", operator);
    let value = from.get("value", ClaimValue::parse);
    Some(InitialClaim { selector: selector?, operator: operator?, value: value? })
}

fn mapping_rule(from: &Reader<'_>) -> Option<MappingRuleSeed> {
    let name = from.require("name", Name::parse);
    let selector = from.require("claim-name", ClaimSelector::parse);
    let operator = from.choice("operator", operator);
    let value = from.require("claim-value", ClaimValue::parse);
    let kind = from.choice("rule-type", |word| {
        Some(match word {
            "any" => RuleKind::Any,
            "role" => RuleKind::Role,
            "tenant" => RuleKind::Tenant,
            "group" => RuleKind::Group,
            _ => return None,
        })
    });
    let roles = from.list("applied-role-names", RoleId::parse);
    let tenants = from.list("applied-tenant-ids", TenantId::parse);
    let groups = from.list("applied-group-ids", GroupId::parse);
    for (name, allowed) in [
        ("applied-role-names", RuleKind::Role),
        ("applied-tenant-ids", RuleKind::Tenant),
        ("applied-group-ids", RuleKind::Group),
    ] {
        if from.given(name) && kind.is_some_and(|kind| kind != RuleKind::Any && kind != allowed) {
            from.problem(name, "do not go with this rule's `rule-type`");
        }
    }
    Some(MappingRuleSeed {
        name: name?,
        selector: selector?,
        operator: operator?,
        value: value?,
        kind: kind?,
        roles,
        tenants,
        groups,
    })
}

fn tenant(from: &Reader<'_>) -> Option<TenantSeed> {
    let id = from.require("tenant-id", TenantId::parse);
    let name = from.require("name", Name::parse);
    Some(TenantSeed { id: id?, name: name? })
}

fn user(from: &Reader<'_>) -> Option<UserSeed> {
    let username = from.require("username", Username::parse);
    let password = from.require_secret("password");
    let name = from.get("name", Name::parse);
    let email = from.get("email", Email::parse);
    let roles = from.list("roles", RoleId::parse);
    Some(UserSeed { username: username?, password: password?, name, email, roles })
}

fn operator(word: &str) -> Option<Operator> {
    match word {
        "equals" => Some(Operator::Equals),
        "contains" => Some(Operator::Contains),
        _ => None,
    }
}
