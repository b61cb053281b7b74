//! Versions of stored entities, for optimistic concurrency control.

use std::collections::BTreeSet;

use super::World;
use crate::entity::{AuditEntity, Container, EntityKind, Group, Party, Role, Tenant};
use crate::value::{AuthorizationKey, Version};

impl World {
    /// Returns the version of an entity: a digest of the fields that an update replaces. `None` if the policy store has
    /// no such entity, for example because a directory stores entities of this kind.
    ///
    /// The version of a mapping rule includes the groups, roles and tenants that it assigns. Memberships are otherwise
    /// not included: they are added and removed one by one, which overwrites nothing.
    #[must_use]
    pub fn version(&self, entity: &AuditEntity) -> Option<Version> {
        let key = entity.key.as_str();
        match entity.kind {
            // Without the password, which must not be derivable from the version.
            EntityKind::User => {
                self.user(key).map(|user| Version::of(&(&user.username, &user.name, &user.email, user.is_active())))
            }
            EntityKind::Group => self.group(key).map(Group::version),
            EntityKind::Role => self.role(key).map(Role::version),
            EntityKind::Tenant => self.tenant(key).map(Tenant::version),
            EntityKind::MappingRule => self.mapping_rule(key).map(|rule| {
                let targets: BTreeSet<Container> = self.memberships(&Party::MappingRule(rule.id.clone())).collect();
                Version::of(&(rule, targets))
            }),
            EntityKind::Authorization => {
                let stored = key.parse().ok().and_then(|key| self.authorization(AuthorizationKey(key)));
                stored.as_ref().map(Version::of)
            }
            EntityKind::ResourceType => self.custom_type(key).map(Version::of),
            EntityKind::Client
            | EntityKind::Resource
            | EntityKind::AuditLog
            | EntityKind::Session
            | EntityKind::Decision => None,
        }
    }
}
