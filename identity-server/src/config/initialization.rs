//! Start-up data in the form of the Orchestration Cluster (docs/reference/orchestration-cluster.md §6.3).

use std::collections::BTreeSet;
use std::fmt::Display;

use identity_core::apply::NewAuthorization;
use identity_core::catalog::{Family, ResourceCatalog};
use identity_core::document::PolicyDocument;
use identity_core::entity::{
    Condition, Container, CustomType, Group, MappingRule, Membership, Operator, Party, PartyKind, Role, RuleKind,
    Scope, Tenant,
};
use identity_core::preset;
use identity_core::value::{
    ClaimSelector, ClaimValue, ClientId, Description, Email, GroupId, MappingRuleId, Name, PermissionName,
    PropertyName, ResourceTypeName, RoleId, TenantId, Username,
};

use super::bootstrap::{self, Bootstrap, Providers, UserSeed};
use super::choices::OWNER_KINDS;
use super::reader::{Reader, unique};
use super::{Authentication, IdPattern, Profile};

/// Start-up data in the form of the Orchestration Cluster: entities, then memberships, then authorizations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Initialization {
    /// Users with passwords, in the profile `builtin` only.
    pub users: Vec<UserSeed>,
    /// Everything else: what must exist, and be as configured. Members of default roles and of the default tenant are
    /// among it, but not these entities themselves.
    pub policies: PolicyDocument,
}

impl Initialization {
    pub(super) fn read(from: &Reader<'_>, profile: Option<Profile>, context: &Context<'_>) -> Self {
        let users = from.items("users");
        if !users.is_empty() && !matches!(profile, None | Some(Profile::Builtin)) {
            from.problem(
                "users",
                "are supported in the profile `builtin` only; in this profile, the provider manages users",
            );
        }
        let users = unique(&users, "username", |one| context.user(one), |user| user.username.as_str());
        let types = from.items("resource-types");
        let resource_types = unique(&types, "resource-type", resource_type, |kind| kind.name.as_str());
        let matrix =
            resource_types.iter().fold((*ResourceCatalog::standard()).clone(), |matrix, kind| matrix.with_custom(kind));
        let rules = from.items("mapping-rules");
        let mapping_rules = unique(&rules, "mapping-rule-id", |one| context.mapping_rule(one), |rule| rule.id.as_str());
        let groups = from.items("groups");
        let roles = from.items("roles");
        let tenants = from.items("tenants");
        let mut memberships = BTreeSet::new();
        let mut members = |one: &Reader<'_>, container| memberships.extend(context.memberships(one, &container));
        let groups = unique(
            &groups,
            "group-id",
            |one| {
                let group = context.group(one)?;
                members(one, Container::Group(group.id.clone()));
                Some(group)
            },
            |group| group.id.as_str(),
        );
        let roles = unique(
            &roles,
            "role-id",
            |one| {
                let role = context.role(one)?;
                members(one, Container::Role(role.id.clone()));
                Some(role)
            },
            |role| role.id.as_str(),
        );
        let mut tenants = unique(
            &tenants,
            "tenant-id",
            |one| {
                let tenant = context.tenant(one)?;
                members(one, Container::Tenant(tenant.id.clone()));
                Some(tenant)
            },
            |tenant| tenant.id.as_str(),
        );
        // The default tenant exists already; only its members are configurable.
        tenants.retain(|tenant| !tenant.id.is_default());
        for (id, one) in from.entries("default-roles") {
            match RoleId::parse(id).ok().filter(preset::is_protected_role) {
                Some(role) => members(&one, Container::Role(role)),
                None => one.problem("", "is not a default role; configure it under `initialization.roles`"),
            }
        }
        let authorizations =
            from.items("authorizations").iter().filter_map(|one| context.authorization(one, &matrix)).collect();
        let mut policies = PolicyDocument::default();
        policies.resource_types = resource_types;
        policies.mapping_rules = mapping_rules;
        policies.groups = groups;
        policies.roles = roles;
        policies.tenants = tenants;
        policies.memberships = memberships;
        policies.authorizations = authorizations;
        Self { users, policies }
    }
}

/// Settings on which the validation of the start-up data depends.
pub(super) struct Context<'c> {
    bootstrap: &'c Bootstrap,
    pattern: Option<&'c IdPattern>,
    groups_claimed: bool,
    principals_are_foreign: bool,
    providers: Providers<'c>,
}

impl<'c> Context<'c> {
    pub(super) fn new(
        bootstrap: &'c Bootstrap,
        pattern: Option<&'c IdPattern>,
        authentication: Option<&'c Authentication>,
    ) -> Self {
        let groups_claimed = authentication.is_some_and(Authentication::claims_groups);
        let providers = authentication.map_or(&[][..], |authentication| &authentication.providers);
        Self { bootstrap, pattern, groups_claimed, principals_are_foreign: !providers.is_empty(), providers }
    }

    fn user(&self, from: &Reader<'_>) -> Option<UserSeed> {
        let username = from.require("username", self.id(Username::parse));
        let password = from.require_secret("password");
        let name = from.get("name", Name::parse);
        let email = from.get("email", Email::parse);
        if self.bootstrap.users.iter().any(|other| Some(&other.username) == username.as_ref()) {
            from.problem("username", "is also configured under `bootstrap.users`");
        }
        Some(UserSeed { username: username?, password: password?, name, email, roles: Vec::new() })
    }

    fn mapping_rule(&self, from: &Reader<'_>) -> Option<MappingRule> {
        let id = from.require("mapping-rule-id", self.id(MappingRuleId::parse));
        let selector = from.require("claim-name", ClaimSelector::parse);
        let value = from.require("claim-value", ClaimValue::parse);
        if self
            .bootstrap
            .mapping_rules
            .iter()
            .any(|other| Some(other.name.as_str()) == id.as_ref().map(|id| id.as_str()))
        {
            from.problem("mapping-rule-id", "is also configured under `bootstrap.mapping-rules`");
        }
        let id = id?;
        let issuer = bootstrap::issuer(from, self.providers);
        Some(MappingRule {
            name: Name::parse(id.as_str()).ok()?,
            id,
            selector: selector?,
            operator: Operator::Equals,
            value: value?,
            kind: RuleKind::Any,
            issuer,
        })
    }

    fn group(&self, from: &Reader<'_>) -> Option<Group> {
        let id = from.require("group-id", self.group_id());
        let (name, description) = name_and_description(from);
        Some(Group { description, ..Group::new(id?, name?) })
    }

    fn role(&self, from: &Reader<'_>) -> Option<Role> {
        let id = from.require("role-id", self.id(RoleId::parse));
        let (name, description) = name_and_description(from);
        if id.as_ref().is_some_and(preset::is_protected_role) {
            from.problem("role-id", "is a default role; configure its members under `initialization.default-roles`");
        }
        Some(Role { description, ..Role::new(id?, name?) })
    }

    fn tenant(&self, from: &Reader<'_>) -> Option<Tenant> {
        let id = from.require("tenant-id", TenantId::parse);
        let (name, description) = name_and_description(from);
        if self.bootstrap.tenants.iter().any(|other| Some(&other.id) == id.as_ref()) {
            from.problem("tenant-id", "is also configured under `bootstrap.tenants`");
        }
        Some(Tenant { description, ..Tenant::new(id?, name?) })
    }

    /// Reads the members of `container`. Roles and tenants may have groups as members, and tenants may also have roles.
    fn memberships(&self, from: &Reader<'_>, container: &Container) -> Vec<Membership> {
        let mut members: Vec<Party> = Vec::new();
        members.extend(from.list("users", self.principal_id(Username::parse)).into_iter().map(Party::User));
        members.extend(from.list("clients", self.principal_id(ClientId::parse)).into_iter().map(Party::Client));
        if let Container::Role(_) | Container::Tenant(_) = container {
            members.extend(from.list("groups", self.group_id()).into_iter().map(Party::Group));
        }
        if let Container::Tenant(_) = container {
            members.extend(from.list("roles", self.id(RoleId::parse)).into_iter().map(Party::Role));
        }
        members.extend(from.list("mapping-rules", self.id(MappingRuleId::parse)).into_iter().map(Party::MappingRule));
        members.into_iter().filter_map(|member| Membership::new(container.clone(), member).ok()).collect()
    }

    fn authorization(&self, from: &Reader<'_>, matrix: &ResourceCatalog) -> Option<NewAuthorization> {
        let kind = from.require_choice("owner-type", &OWNER_KINDS);
        let owner = from.require("owner-id", |text| match kind {
            Some(PartyKind::Client) => self.principal_id(ClientId::parse)(text).map(Party::Client),
            Some(PartyKind::Group) => self.group_id()(text).map(Party::Group),
            Some(PartyKind::Role) => self.id(RoleId::parse)(text).map(Party::Role),
            Some(PartyKind::MappingRule) => self.id(MappingRuleId::parse)(text).map(Party::MappingRule),
            Some(PartyKind::User) | None => self.principal_id(Username::parse)(text).map(Party::User),
        });
        if let Some(Party::Role(role)) = &owner
            && preset::is_protected_role(role)
        {
            from.problem("owner-id", "is a default role, whose authorizations are fixed");
        }
        let resource_type = from.require("resource-type", |text| {
            let known = ResourceTypeName::parse(text).ok().filter(|name| matrix.index(name.as_str()).is_some());
            known.ok_or("must be a resource type")
        });
        let scope = self.scope(from, matrix, resource_type.as_ref());
        let permissions = from.list("permissions", |text| {
            let name = PermissionName::parse(text).map_err(text_of)?;
            match resource_type.as_ref().map(|kind| matrix.access(kind.as_str(), text)) {
                Some(Err(unknown)) => Err(format!("must be supported: {unknown}")),
                Some(Ok(_)) | None => Ok(name),
            }
        });
        if from.is_empty("permissions") {
            from.problem("permissions", "must contain at least one permission");
        }
        let permissions = permissions.into_iter().collect();
        let condition = from.get("condition", |text| text.parse::<Condition>().map_err(text_of));
        let resource_type = resource_type?;
        let is_custom = matrix.find(resource_type.as_str()).is_some_and(|kind| kind.family == Family::Custom);
        if !is_custom && condition.is_some() {
            from.problem("condition", "is supported for custom resource types only");
        }
        Some(NewAuthorization { owner: owner?, resource_type, scope: scope?, permissions, condition })
    }

    fn scope(&self, from: &Reader<'_>, matrix: &ResourceCatalog, kind: Option<&ResourceTypeName>) -> Option<Scope> {
        if from.given("resource-id") == from.given("resource-property-name") {
            from.problem("resource-id", "or `resource-property-name` is required, but not both");
            return None;
        }
        if from.given("resource-id") {
            return from.get("resource-id", |text| {
                let scope = Scope::from_resource_id(text).map_err(text_of)?;
                if scope == Scope::Any || self.allows(text) { Ok(scope) } else { Err(BROKEN_PATTERN.to_owned()) }
            });
        }
        from.get("resource-property-name", |text| {
            let name = PropertyName::parse(text).map_err(text_of)?;
            let kind = kind.and_then(|kind| matrix.get(matrix.index(kind.as_str())?));
            match kind {
                Some(kind) if !kind.properties.contains(&name) => {
                    Err("must be a property of the resource type".to_owned())
                }
                Some(_) | None => Ok(Scope::Property(name)),
            }
        })
    }

    /// Wraps `parse` so that it also rejects ids that do not match the configured pattern.
    fn id<T, E: Display>(&self, parse: impl Fn(&str) -> Result<T, E>) -> impl Fn(&str) -> Result<T, String> {
        move |text| match parse(text) {
            Ok(_) if !self.allows(text) => Err(BROKEN_PATTERN.to_owned()),
            parsed => parsed.map_err(text_of),
        }
    }

    /// Parses the id of a user or client. Ids from a provider need not match the configured pattern.
    fn principal_id<T, E: Display>(&self, parse: impl Fn(&str) -> Result<T, E>) -> impl Fn(&str) -> Result<T, String> {
        let foreign = self.principals_are_foreign;
        move |text| if foreign { parse(text).map_err(text_of) } else { self.id(&parse)(text) }
    }

    /// Parses a group id. Groups in token claims need not match the configured pattern
    /// (docs/reference/orchestration-cluster.md §2.1).
    fn group_id(&self) -> impl Fn(&str) -> Result<GroupId, String> {
        move |text| {
            if self.groups_claimed { GroupId::parse(text).map_err(text_of) } else { self.id(GroupId::parse)(text) }
        }
    }

    fn allows(&self, id: &str) -> bool {
        self.pattern.is_none_or(|pattern| pattern.allows(id))
    }
}

const BROKEN_PATTERN: &str = "must match `id-validation-pattern`";

fn text_of(error: impl Display) -> String {
    error.to_string()
}

fn resource_type(from: &Reader<'_>) -> Option<CustomType> {
    let matrix = ResourceCatalog::standard();
    let name = from.require("resource-type", |text| {
        let name = ResourceTypeName::parse(text).map_err(text_of)?;
        let same = |kind: &str| kind.eq_ignore_ascii_case(text);
        if matrix.types().any(|kind| same(kind.name.as_str())) {
            Err("must not be the name of a built-in type".to_owned())
        } else {
            Ok(name)
        }
    });
    let permissions = from.list("permissions", PermissionName::parse).into_iter().collect();
    if from.is_empty("permissions") {
        from.problem("permissions", "must contain at least one permission");
    }
    let properties = from.list("properties", PropertyName::parse).into_iter().collect();
    Some(CustomType { name: name?, permissions, properties })
}

fn name_and_description(from: &Reader<'_>) -> (Option<Name>, Description) {
    (from.require("name", Name::parse), from.get("description", Description::parse).unwrap_or_default())
}
