//! Single statements of a document, which a later document can repeat or withdraw.

use std::collections::BTreeSet;

use super::PolicyDocument;
use crate::apply::NewAuthorization;
use crate::entity::{AuditEntity, Condition, EntityKind, Membership, Party, Permission, Scope};
use crate::value::{PermissionName, PropertyName, ResourceTypeName, RoleId};

/// One statement of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// The entity exists.
    Entity(EntityKind, String),
    /// The type has this permission.
    TypePermission(ResourceTypeName, PermissionName),
    /// The type has this property.
    TypeProperty(ResourceTypeName, PropertyName),
    /// The role has this permission for an API.
    RolePermission(RoleId, Permission),
    /// The membership exists.
    Member(Membership),
    /// An authorization grants this permission.
    Grant(Subject, PermissionName),
}

/// What an authorization is about, apart from its permissions: owner, resources and condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) owner: Party,
    pub(super) resource_type: ResourceTypeName,
    pub(super) scope: Scope,
    pub(super) condition: Option<Condition>,
}

impl Subject {
    pub(super) fn of(new: &NewAuthorization) -> Self {
        let NewAuthorization { owner, resource_type, scope, permissions: _, condition } = new.clone();
        Self { owner, resource_type, scope, condition }
    }

    pub(super) fn with(self, permissions: BTreeSet<PermissionName>) -> NewAuthorization {
        let Self { owner, resource_type, scope, condition } = self;
        NewAuthorization { owner, resource_type, scope, permissions, condition }
    }
}

impl PolicyDocument {
    /// Whether the document states something about an entity: that it exists, its members, its memberships, or what it may
    /// do.
    #[must_use]
    pub fn states(&self, entity: &AuditEntity) -> bool {
        let is_member = |one: &Membership| {
            AuditEntity::from(one.container()) == *entity || AuditEntity::from(one.member()) == *entity
        };
        self.place_of(entity).is_some()
            || self.memberships.iter().any(is_member)
            || self.authorizations.iter().any(|new| AuditEntity::from(&new.owner) == *entity)
    }

    /// Returns all statements of the document.
    pub(super) fn facts(&self) -> BTreeSet<Fact> {
        let mut facts = BTreeSet::new();
        let entity = |kind, id: &str| Fact::Entity(kind, id.to_owned());
        for kind in &self.resource_types {
            facts.insert(entity(EntityKind::ResourceType, kind.name.as_str()));
            let permissions = kind.permissions.iter().cloned();
            facts.extend(permissions.map(|permission| Fact::TypePermission(kind.name.clone(), permission)));
            let properties = kind.properties.iter().cloned();
            facts.extend(properties.map(|property| Fact::TypeProperty(kind.name.clone(), property)));
        }
        facts.extend(self.users.iter().map(|user| entity(EntityKind::User, user.username.as_str())));
        facts.extend(self.mapping_rules.iter().map(|rule| entity(EntityKind::MappingRule, rule.id.as_str())));
        facts.extend(self.groups.iter().map(|group| entity(EntityKind::Group, group.id.as_str())));
        facts.extend(self.tenants.iter().map(|tenant| entity(EntityKind::Tenant, tenant.id.as_str())));
        for role in &self.roles {
            facts.insert(entity(EntityKind::Role, role.id.as_str()));
            let permissions = role.permissions.iter().cloned();
            facts.extend(permissions.map(|permission| Fact::RolePermission(role.id.clone(), permission)));
        }
        facts.extend(self.memberships.iter().cloned().map(Fact::Member));
        for new in &self.authorizations {
            let subject = Subject::of(new);
            facts.extend(new.permissions.iter().cloned().map(|name| Fact::Grant(subject.clone(), name)));
        }
        facts
    }
}
