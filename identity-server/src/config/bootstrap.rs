//! Start-up data in the form of Management Identity. Missing entities are created.

use identity_core::entity::{Operator, RuleKind};
use identity_core::value::{
    ClaimSelector, ClaimValue, Email, GroupId, Issuer, Name, RoleId, Secret, TenantId, Username,
};

use super::authentication::Provider;
use super::choices::{OPERATORS, Profile, RULE_KINDS};
use super::members::{self, AuthorizationSeed, PartySeed};
use super::reader::{Reader, unique};

/// Start-up data in the form of Management Identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// Claim that identifies the first administrator.
    pub initial_claim: Option<InitialClaim>,
    /// Mapping rules with their targets.
    pub mapping_rules: Vec<MappingRuleSeed>,
    /// Tenants.
    pub tenants: Vec<TenantSeed>,
    /// Authorizations on resources.
    pub authorizations: Vec<AuthorizationSeed>,
    /// Stored users.
    pub users: Vec<UserSeed>,
}

/// Claim that identifies the first administrator (docs/reference/management-api.md §6, rule `Default`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialClaim {
    /// Claim to compare.
    pub selector: ClaimSelector,
    /// Comparison operator.
    pub operator: Operator,
    /// Value to compare with.
    pub value: ClaimValue,
    /// Issuer of the tokens; `None` matches any issuer.
    pub issuer: Option<Issuer>,
}

/// Mapping rule with its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRuleSeed {
    /// Name of the rule.
    pub name: Name,
    /// Claim to compare.
    pub selector: ClaimSelector,
    /// Comparison operator.
    pub operator: Operator,
    /// Value to compare with.
    pub value: ClaimValue,
    /// Kind of entity that the rule assigns: roles, groups, tenants or any of them.
    pub kind: RuleKind,
    /// Issuer of the tokens; `None` matches any issuer.
    pub issuer: Option<Issuer>,
    /// Roles that the rule assigns.
    pub roles: Vec<RoleId>,
    /// Tenants to which the rule grants access.
    pub tenants: Vec<TenantId>,
    /// Groups to which the rule adds the caller.
    pub groups: Vec<GroupId>,
}

/// Tenant with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSeed {
    /// Tenant ID.
    pub id: TenantId,
    /// Tenant name.
    pub name: Name,
    /// Members of the tenant.
    pub members: Vec<PartySeed>,
}

/// Stored user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSeed {
    /// Name for sign-in.
    pub username: Username,
    /// Initial password.
    pub password: Secret,
    /// Display name.
    pub name: Option<Name>,
    /// Email address.
    pub email: Option<Email>,
    /// Roles of the user.
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

/// Issuer of the provider that the key `provider` refers to.
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
