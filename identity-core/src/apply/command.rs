use std::collections::BTreeSet;

use super::thing;
use crate::entity::{
    AuditOperation, Condition, CustomType, EntityKind, Group, MappingRule, Membership, Party, Permission, Role, Scope,
    Tenant, User,
};
use crate::port::AuditDraft;
use crate::value::{
    AuthorizationKey, GroupId, MappingRuleId, PermissionName, ResourceTypeName, RoleId, TenantId, Username,
};

/// A change that somebody asks for. Updates carry the whole entity as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Creates a built-in user.
    CreateUser(User),
    /// Changes one.
    UpdateUser(User),
    /// Removes one, with memberships and authorizations.
    DeleteUser(Username),
    /// Creates a group.
    CreateGroup(Group),
    /// Changes one.
    UpdateGroup(Group),
    /// Removes one, with its members' links, memberships and authorizations.
    DeleteGroup(GroupId),
    /// Creates a role, with permissions.
    CreateRole(Role),
    /// Changes one, its permissions included.
    UpdateRole(Role),
    /// Removes one, with its members' links, memberships and authorizations.
    DeleteRole(RoleId),
    /// Adds a permission to a role.
    GrantPermission(RoleId, Permission),
    /// Removes one.
    RevokePermission(RoleId, Permission),
    /// Creates a tenant.
    CreateTenant(Tenant),
    /// Changes one.
    UpdateTenant(Tenant),
    /// Removes one, with its members' links.
    DeleteTenant(TenantId),
    /// Creates a mapping rule.
    CreateMappingRule(MappingRule),
    /// Changes one; its kind stays.
    UpdateMappingRule(MappingRule),
    /// Removes one, with memberships and authorizations.
    DeleteMappingRule(MappingRuleId),
    /// Makes somebody a member.
    AddMember(Membership),
    /// Ends a membership.
    RemoveMember(Membership),
    /// Authorizes somebody. The key follows from the revision.
    CreateAuthorization(NewAuthorization),
    /// Replaces an authorization, owner and resource included.
    UpdateAuthorization(AuthorizationKey, NewAuthorization),
    /// Removes one.
    DeleteAuthorization(AuthorizationKey),
    /// Creates a resource type.
    CreateResourceType(CustomType),
    /// Changes one. What is still granted stays.
    UpdateResourceType(CustomType),
    /// Removes one, with the authorizations on it.
    DeleteResourceType(ResourceTypeName),
}

/// An authorization that has no key yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuthorization {
    /// Who is given something.
    pub owner: Party,
    /// The kind of resource.
    pub resource_type: ResourceTypeName,
    /// Which resources of that kind.
    pub scope: Scope,
    /// What may be done with them.
    pub permissions: BTreeSet<PermissionName>,
    /// What must hold besides; only on operators' types.
    pub condition: Option<Condition>,
}

impl Command {
    /// What the audit log says about it; `created` is the key of an authorization that it made.
    #[must_use]
    pub fn audit_draft(&self, created: Option<String>) -> AuditDraft {
        use AuditOperation::{Assign, Create, Delete, Unassign, Update};
        use EntityKind::{Authorization, Group, MappingRule, ResourceType, Role, Tenant, User};
        let (operation, entity, related) = match self {
            Self::CreateUser(user) => (Create, thing(User, &user.username), None),
            Self::UpdateUser(user) => (Update, thing(User, &user.username), None),
            Self::DeleteUser(username) => (Delete, thing(User, username), None),
            Self::CreateGroup(group) => (Create, thing(Group, &group.id), None),
            Self::UpdateGroup(group) => (Update, thing(Group, &group.id), None),
            Self::DeleteGroup(id) => (Delete, thing(Group, id), None),
            Self::CreateRole(role) => (Create, thing(Role, &role.id), None),
            Self::UpdateRole(role) => (Update, thing(Role, &role.id), None),
            Self::DeleteRole(id) => (Delete, thing(Role, id), None),
            Self::GrantPermission(role, _) | Self::RevokePermission(role, _) => (Update, thing(Role, role), None),
            Self::CreateTenant(tenant) => (Create, thing(Tenant, &tenant.id), None),
            Self::UpdateTenant(tenant) => (Update, thing(Tenant, &tenant.id), None),
            Self::DeleteTenant(id) => (Delete, thing(Tenant, id), None),
            Self::CreateMappingRule(rule) => (Create, thing(MappingRule, &rule.id), None),
            Self::UpdateMappingRule(rule) => (Update, thing(MappingRule, &rule.id), None),
            Self::DeleteMappingRule(id) => (Delete, thing(MappingRule, id), None),
            Self::AddMember(edge) => (Assign, edge.container().into(), Some(edge.member().into())),
            Self::RemoveMember(edge) => (Unassign, edge.container().into(), Some(edge.member().into())),
            Self::CreateAuthorization(new) => {
                (Create, thing(Authorization, created.unwrap_or_default()), Some((&new.owner).into()))
            }
            Self::UpdateAuthorization(key, new) => (Update, thing(Authorization, key), Some((&new.owner).into())),
            Self::DeleteAuthorization(key) => (Delete, thing(Authorization, key), None),
            Self::CreateResourceType(kind) => (Create, thing(ResourceType, &kind.name), None),
            Self::UpdateResourceType(kind) => (Update, thing(ResourceType, &kind.name), None),
            Self::DeleteResourceType(name) => (Delete, thing(ResourceType, name), None),
        };
        AuditDraft { operation, entity, related }
    }
}
