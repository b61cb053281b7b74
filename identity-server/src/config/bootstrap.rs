//! Start-up data in the form of Management Identity (section `bootstrap`). Missing entities are created.

use identity_core::entity::{Operator, RuleKind};
use identity_core::value::{
    ClaimSelector, ClaimValue, Email, GroupId, Issuer, Name, RoleId, Secret, TenantId, Username,
};

use super::authentication::Provider;
use super::choices::{OPERATORS, Profile, RULE_KINDS};
use super::members::{self, AuthorizationSeed, PartySeed};
use super::reader::{Reader, unique};

/// Start-up data in the form of Management Identity (section `bootstrap`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// Claim that identifies the first administrator. `None` creates no mapping rule for it.
    pub initial_claim: Option<InitialClaim>,
    /// Mapping rules with the roles, tenants and groups that they assign.
    pub mapping_rules: Vec<MappingRuleSeed>,
    /// Tenants to create, with their members. They are never removed.
    pub tenants: Vec<TenantSeed>,
    /// Authorizations on resources. They are added and never removed.
    pub authorizations: Vec<AuthorizationSeed>,
    /// Users with passwords, in the profile `builtin` only.
    pub users: Vec<UserSeed>,
}

/// Claim that identifies the first administrator (docs/reference/management-api.md §6, rule `Default`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialClaim {
    /// Claim to compare: a name or a JSONPath query (default: `oid`).
    pub selector: ClaimSelector,
    /// Whether the claim must equal the value or contain it (default: `equals`).
    pub operator: Operator,
    /// Value that the claim must equal or contain.
    pub value: ClaimValue,
    /// Issuer whose tokens the rule matches; `None` matches any issuer.
    pub issuer: Option<Issuer>,
}

/// Mapping rule, with the roles, tenants and groups that it assigns to matching tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRuleSeed {
    /// Name of the rule, unique in the list. It is also its id.
    pub name: Name,
    /// Claim to compare: a name, or a JSONPath query that starts with `$`.
    pub selector: ClaimSelector,
    /// Whether the claim must equal the value or contain it (default: `equals`).
    pub operator: Operator,
    /// Value that the claim must equal or contain.
    pub value: ClaimValue,
    /// Kind of target that the rule may assign: roles, groups, tenants or any of them.
    pub kind: RuleKind,
    /// Issuer whose tokens the rule matches; `None` matches any issuer.
    pub issuer: Option<Issuer>,
    /// Ids of the roles that the rule assigns. Missing roles are skipped.
    pub roles: Vec<RoleId>,
    /// Ids of the tenants to which the rule grants access.
    pub tenants: Vec<TenantId>,
    /// Groups to which the rule adds the caller.
    pub groups: Vec<GroupId>,
}

/// Tenant to create or rename at start-up, with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSeed {
    /// Id of the tenant, unique in the list.
    pub id: TenantId,
    /// Display name. An existing tenant is renamed.
    pub name: Name,
    /// Members of the tenant. They are added and never removed.
    pub members: Vec<PartySeed>,
}

/// User with a password, to be created in this server's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSeed {
    /// Name for sign-in, which is also the user's id.
    pub username: Username,
    /// Initial password. An existing user keeps its password.
    pub password: Secret,
    /// Display name; `None` leaves it empty.
    pub name: Option<Name>,
    /// Email address; `None` leaves it empty.
    pub email: Option<Email>,
    /// Ids of the roles to assign to the user.
    pub roles: Vec<RoleId>,
}

impl Bootstrap {
    pub(super) fn read(from: &Reader<'_>, profile: Option<Profile>, providers: Providers<'_>) -> Self {
        let (users, rules) = (from.items("users"), from.items("mapping-rules"));
        if !users.is_empty() && !matches!(profile, None | Some(Profile::Builtin)) {
            from.problem(
                "users",
                "are supported in the profile `builtin` only; in this profile, the provider manages users",
            );
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

/// Configured providers; empty if they could not be read.
pub(super) type Providers<'c> = &'c [Provider];

/// Returns the issuer of the provider to which the key `provider` refers. Reports an unknown provider.
pub(super) fn issuer(from: &Reader<'_>, providers: Providers<'_>) -> Option<Issuer> {
    from.get("provider", |id| {
        let provider = providers.iter().find(|provider| provider.id == id);
        let issuer = provider.and_then(|provider| Issuer::parse(&provider.issuer).ok());
        issuer.ok_or("must be the id of a provider of `authentication.providers`")
    })
}

fn initial_claim(from: &Reader<'_>, providers: Providers<'_>) -> Option<InitialClaim> {
    let selector = from.get("name", ClaimSelector::parse);
    let operator = from.choice("operator", &OPERATORS);
    let value = from.get("value", ClaimValue::parse);
    let issuer = issuer(from, providers);
    if value.is_some() && providers.len() > 1 && !from.given("provider") {
        let ids: Vec<String> = providers.iter().map(|provider| format!("`{}`", provider.id)).collect();
        let one_of = ids.join(", ");
        from.problem(
            "provider",
            format!(
                "is required with several providers, because the claim identifies an administrator: one of {one_of}"
            ),
        );
    }
    Some(InitialClaim { selector: selector?, operator: operator?, value: value?, issuer })
}

fn mapping_rule(from: &Reader<'_>, providers: Providers<'_>) -> Option<MappingRuleSeed> {
    let name = from.require("name", Name::parse);
    let selector = from.require("claim-name", ClaimSelector::parse);
    let operator = from.choice("operator", &OPERATORS);
    let value = from.require("claim-value", ClaimValue::parse);
    let kind = from.choice("rule-type", &RULE_KINDS);
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
            from.problem(name, "are not permitted by this rule's `rule-type`");
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
