//! What is made at start, when it is not there yet.

use identity_core::entity::{Operator, RuleKind};
use identity_core::value::{
    ClaimSelector, ClaimValue, Email, GroupId, Issuer, Name, RoleId, Secret, TenantId, Username,
};

use super::Profile;
use super::authentication::Provider;
use super::members::{self, AuthorizationSeed, PartySeed};
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
    /// Authorizations on resources.
    pub authorizations: Vec<AuthorizationSeed>,
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
    /// Whose tokens it is looked for in.
    pub issuer: Option<Issuer>,
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
    /// Whose tokens it looks at; those of every issuer when not given.
    pub issuer: Option<Issuer>,
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
    /// Its members.
    pub members: Vec<PartySeed>,
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
    pub(super) fn read(from: &Reader<'_>, profile: Option<Profile>, providers: Providers<'_>) -> Self {
        let (users, rules) = (from.items("users"), from.items("mapping-rules"));
        if !users.is_empty() && !matches!(profile, None | Some(Profile::Builtin)) {
            from.problem("users", "are for the profile `builtin`; here they live at the provider");
        }
        Self {
            initial_claim: initial_claim(&from.section("initial-claim"), providers),
            mapping_rules: unique(&rules, "name", |rule| mapping_rule(rule, providers), |rule| rule.name.as_str()),
            tenants: unique(&from.items("tenants"), "tenant-id", tenant, |tenant| tenant.id.as_str()),
            authorizations: from.items("authorizations").iter().filter_map(members::authorization).collect(),
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

/// The configured providers, none where their part of the configuration cannot be read.
pub(super) type Providers<'c> = &'c [Provider];

/// The issuer of the provider that `from` names.
pub(super) fn issuer(from: &Reader<'_>, providers: Providers<'_>) -> Option<Issuer> {
    from.get("provider", |id| {
        let provider = providers.iter().find(|provider| provider.id == id);
        let issuer = provider.and_then(|provider| Issuer::parse(&provider.issuer).ok());
        issuer.ok_or("must be the id of a provider of `authentication.providers`")
    })
}

fn initial_claim(from: &Reader<'_>, providers: Providers<'_>) -> Option<InitialClaim> {
    let selector = from.get("name", ClaimSelector::parse);
    let operator = from.choice("operator", operator);
    let value = from.get("value", ClaimValue::parse);
    let issuer = issuer(from, providers);
    if value.is_some() && providers.len() > 1 && !from.given("provider") {
        let ids: Vec<String> = providers.iter().map(|provider| format!("`{}`", provider.id)).collect();
        let one_of = ids.join(", ");
        from.problem(
            "provider",
            format!("is required with several providers, so that no other makes an administrator: one of {one_of}"),
        );
    }
    Some(InitialClaim { selector: selector?, operator: operator?, value: value?, issuer })
}

fn mapping_rule(from: &Reader<'_>, providers: Providers<'_>) -> Option<MappingRuleSeed> {
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
    let issuer = issuer(from, providers);
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
        issuer,
        roles,
        tenants,
        groups,
    })
}

fn tenant(from: &Reader<'_>) -> Option<TenantSeed> {
    let id = from.require("tenant-id", TenantId::parse);
    let name = from.require("name", Name::parse);
    let members = from.items("members").iter().filter_map(members::member).collect();
    Some(TenantSeed { id: id?, name: name?, members })
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
