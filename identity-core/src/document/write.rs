//! Documents from worlds, and their serialization.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::fact::Subject;
use super::{DocumentUser, PolicyDocument};
use crate::apply::NewAuthorization;
use crate::entity::{
    Authorization, Condition, Container, CustomType, MappingRule, Membership, Operator, Party, RuleKind, Scope,
};
use crate::preset;
use crate::value::{Email, Issuer, Name, PermissionName, PropertyName};
use crate::world::World;

impl PolicyDocument {
    /// Returns the policies of a world, in an order that depends on nothing but their content. Passwords are omitted, and
    /// so are the authorizations of default roles, which are fixed.
    ///
    /// Authorizations of one owner for the same resources with the same condition become one.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut permissions: BTreeMap<Subject, BTreeSet<PermissionName>> = BTreeMap::new();
        for held in world.authorizations() {
            if matches!(&held.owner, Party::Role(role) if preset::is_protected_role(role)) {
                continue;
            }
            let Authorization { key: _, owner, resource_type, scope, permissions: given, condition } = held;
            permissions.entry(Subject { owner, resource_type, scope, condition }).or_default().extend(given);
        }
        let containers = world.groups().map(|group| Container::Group(group.id.clone()));
        let containers = containers.chain(world.roles().map(|role| Container::Role(role.id.clone())));
        let containers = containers.chain(world.tenants().map(|tenant| Container::Tenant(tenant.id.clone())));
        let memberships = containers.flat_map(|container| {
            let members: Vec<Party> = world.members(&container).collect();
            members.into_iter().filter_map(move |member| Membership::new(container.clone(), member).ok())
        });
        Self {
            resource_types: world.custom_types().cloned().collect(),
            users: world
                .users()
                .map(|user| DocumentUser {
                    username: user.username.clone(),
                    name: user.name.clone(),
                    email: user.email.clone(),
                    enabled: user.is_active(),
                })
                .collect(),
            mapping_rules: world.mapping_rules().cloned().collect(),
            groups: world.groups().cloned().collect(),
            roles: world.roles().filter(|role| !preset::is_protected_role(&role.id)).cloned().collect(),
            tenants: world.tenants().cloned().collect(),
            memberships: memberships.collect(),
            authorizations: permissions.into_iter().map(|(subject, names)| subject.with(names)).collect(),
            ..Self::default()
        }
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::of(self).serialize(serializer)
    }
}

/// A document in the order in which it is written. Empty lists and defaults are omitted.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Written<'d> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_types: Vec<TypeEntry<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<UserEntry<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mapping_rules: Vec<RuleEntry<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupEntry<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<RoleEntry<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tenants: Vec<TenantEntry<'d>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    default_roles: BTreeMap<&'d str, Members<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorizations: Vec<GrantEntry<'d>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TypeEntry<'d> {
    resource_type: &'d str,
    permissions: Vec<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<&'d str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct UserEntry<'d> {
    username: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RuleEntry<'d> {
    mapping_rule_id: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'d str>,
    claim_name: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<&'static str>,
    claim_value: &'d str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'d str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct GroupEntry<'d> {
    group_id: &'d str,
    #[serde(flatten)]
    named: Named<'d>,
    #[serde(flatten)]
    members: Members<'d>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RoleEntry<'d> {
    role_id: &'d str,
    #[serde(flatten)]
    named: Named<'d>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<PermissionEntry<'d>>,
    #[serde(flatten)]
    members: Members<'d>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TenantEntry<'d> {
    tenant_id: &'d str,
    #[serde(flatten)]
    named: Named<'d>,
    #[serde(flatten)]
    members: Members<'d>,
}

#[derive(Serialize)]
struct Named<'d> {
    name: &'d str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'d str,
}

#[derive(Serialize)]
struct PermissionEntry<'d> {
    audience: &'d str,
    permission: &'d str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Members<'d> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clients: Vec<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mapping_rules: Vec<&'d str>,
}

impl<'d> Members<'d> {
    fn add(&mut self, member: &'d Party) {
        match member {
            Party::User(id) => self.users.push(id.as_str()),
            Party::Client(id) => self.clients.push(id.as_str()),
            Party::Group(id) => self.groups.push(id.as_str()),
            Party::Role(id) => self.roles.push(id.as_str()),
            Party::MappingRule(id) => self.mapping_rules.push(id.as_str()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct GrantEntry<'d> {
    owner_type: &'static str,
    owner_id: &'d str,
    resource_type: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_property_name: Option<&'d str>,
    permissions: Vec<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'d Condition>,
}

impl<'d> Written<'d> {
    fn of(document: &'d PolicyDocument) -> Self {
        let mut members: BTreeMap<&Container, Members<'d>> = BTreeMap::new();
        for membership in &document.memberships {
            members.entry(membership.container()).or_default().add(membership.member());
        }
        let mut members_of = |container: Container| members.remove(&container).unwrap_or_default();
        let groups = document.groups.iter().map(|group| GroupEntry {
            group_id: group.id.as_str(),
            named: Named { name: group.name.as_str(), description: group.description.as_str() },
            members: members_of(Container::Group(group.id.clone())),
        });
        let groups = groups.collect();
        let roles = document.roles.iter().map(|role| RoleEntry {
            role_id: role.id.as_str(),
            named: Named { name: role.name.as_str(), description: role.description.as_str() },
            permissions: role
                .permissions
                .iter()
                .map(|one| PermissionEntry { audience: one.audience.as_str(), permission: one.definition.as_str() })
                .collect(),
            members: members_of(Container::Role(role.id.clone())),
        });
        let roles = roles.collect();
        let tenants = document.tenants.iter().map(|tenant| TenantEntry {
            tenant_id: tenant.id.as_str(),
            named: Named { name: tenant.name.as_str(), description: tenant.description.as_str() },
            members: members_of(Container::Tenant(tenant.id.clone())),
        });
        let tenants = tenants.collect();
        let default_roles = members.into_iter().map(|(container, members)| (container.id(), members)).collect();
        Self {
            resource_types: document.resource_types.iter().map(TypeEntry::of).collect(),
            users: document.users.iter().map(UserEntry::of).collect(),
            mapping_rules: document.mapping_rules.iter().map(RuleEntry::of).collect(),
            groups,
            roles,
            tenants,
            default_roles,
            authorizations: document.authorizations.iter().map(GrantEntry::of).collect(),
        }
    }
}

impl<'d> TypeEntry<'d> {
    fn of(kind: &'d CustomType) -> Self {
        Self {
            resource_type: kind.name.as_str(),
            permissions: kind.permissions.iter().map(PermissionName::as_str).collect(),
            properties: kind.properties.iter().map(PropertyName::as_str).collect(),
        }
    }
}

impl<'d> UserEntry<'d> {
    fn of(user: &'d DocumentUser) -> Self {
        Self {
            username: user.username.as_str(),
            name: user.name.as_ref().map(Name::as_str),
            email: user.email.as_ref().map(Email::as_str),
            enabled: (!user.enabled).then_some(false),
        }
    }
}

impl<'d> RuleEntry<'d> {
    fn of(rule: &'d MappingRule) -> Self {
        Self {
            mapping_rule_id: rule.id.as_str(),
            name: (rule.name.as_str() != rule.id.as_str()).then(|| rule.name.as_str()),
            claim_name: rule.selector.as_str(),
            operator: (rule.operator != Operator::Equals).then(|| rule.operator.as_str()),
            claim_value: rule.value.as_str(),
            kind: (rule.kind != RuleKind::Any).then(|| rule.kind.as_str()),
            issuer: rule.issuer.as_ref().map(Issuer::as_str),
        }
    }
}

impl<'d> GrantEntry<'d> {
    fn of(new: &'d NewAuthorization) -> Self {
        let property = if let Scope::Property(name) = &new.scope { Some(name.as_str()) } else { None };
        Self {
            owner_type: new.owner.kind_name(),
            owner_id: new.owner.id(),
            resource_type: new.resource_type.as_str(),
            resource_id: new.scope.resource_id(),
            resource_property_name: property,
            permissions: new.permissions.iter().map(PermissionName::as_str).collect(),
            condition: new.condition.as_ref(),
        }
    }
}
