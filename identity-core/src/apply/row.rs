//! Rows of entities before and after a command, from which the audit log derives the changed fields.

use crate::entity::{
    AuditDraft, AuditOperation, Authorization, CustomType, EntityKind, FieldChanges, Fields, Group, MappingRule, Role,
    Tenant, User,
};
use crate::value::AuthorizationKey;
use crate::world::World;

/// Copy of the stored row of an entity.
pub(super) enum Row {
    User(User),
    Group(Group),
    Role(Role),
    Tenant(Tenant),
    MappingRule(MappingRule),
    Authorization(Authorization),
    ResourceType(CustomType),
}

impl Row {
    /// Copies the row of the entity that an operation changes. `None` if there is no such row, or if the operation
    /// changes members or assignments and thus no row of the entity.
    pub(super) fn of(world: &World, AuditDraft { operation, entity, .. }: &AuditDraft) -> Option<Self> {
        if matches!(operation, AuditOperation::Assign | AuditOperation::Unassign) {
            return None;
        }
        let key = entity.key.as_str();
        match entity.kind {
            EntityKind::User => world.user(key).cloned().map(Self::User),
            EntityKind::Group => world.group(key).cloned().map(Self::Group),
            EntityKind::Role => world.role(key).cloned().map(Self::Role),
            EntityKind::Tenant => world.tenant(key).cloned().map(Self::Tenant),
            EntityKind::MappingRule => world.mapping_rule(key).cloned().map(Self::MappingRule),
            EntityKind::Authorization => Self::authorization(world, key.parse().ok().map(AuthorizationKey)?),
            EntityKind::ResourceType => world.custom_type(key).cloned().map(Self::ResourceType),
            EntityKind::Client
            | EntityKind::Resource
            | EntityKind::AuditLog
            | EntityKind::Session
            | EntityKind::Decision => None,
        }
    }

    /// Copies the row of an authorization.
    pub(super) fn authorization(world: &World, key: AuthorizationKey) -> Option<Self> {
        world.authorization(key).map(Self::Authorization)
    }

    fn fields(&self) -> Fields<'_> {
        match self {
            Self::User(user) => user.fields(),
            Self::Group(group) => group.fields(),
            Self::Role(role) => role.fields(),
            Self::Tenant(tenant) => tenant.fields(),
            Self::MappingRule(rule) => rule.fields(),
            Self::Authorization(authorization) => authorization.fields(),
            Self::ResourceType(kind) => kind.fields(),
        }
    }
}

/// Returns the fields that differ between two rows of an entity. `None` is the row before a creation or after a
/// deletion.
pub(super) fn changes(before: Option<&Row>, after: Option<&Row>) -> FieldChanges {
    let [before, after] = [before, after].map(|row| row.map(Row::fields).unwrap_or_default());
    FieldChanges::between(&before, &after)
}
