use std::collections::BTreeSet;

use super::thing;
use crate::entity::{
    AuditDraft, AuditOperation, Condition, CustomType, EntityKind, Group, MappingRule, Membership, Party, Permission,
    Role, Scope, Tenant, User,
};
use crate::value::{
    AuthorizationKey, GroupId, MappingRuleId, PermissionName, ResourceTypeName, RoleId, TenantId, Username,
};

/// Command that changes the policy data. An update carries the complete new entity. A deletion also removes the
/// authorizations whose resource is the deleted entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Creates a built-in user. Refused if the username exists.
    CreateUser(User),
    /// Replaces the name, email address and password of a built-in user. An inactive user remains inactive.
    UpdateUser(User),
    /// Makes a built-in user inactive: the user cannot sign in and has no access. Memberships and authorizations remain.
    /// No effect if the user is inactive.
    DeactivateUser(Username),
    /// Makes an inactive built-in user active again. No effect if the user is active.
    ReactivateUser(Username),
    /// Deletes a built-in user, with its memberships and the authorizations that it owns.
    DeleteUser(Username),
    /// Creates a group. Refused if the id exists.
    CreateGroup(Group),
    /// Replaces the name and description of a group.
    UpdateGroup(Group),
    /// Deletes a group, the memberships in it, its own memberships, and the authorizations that it owns.
    DeleteGroup(GroupId),
    /// Creates a role, with its permissions. Refused if the id exists.
    CreateRole(Role),
    /// Replaces the name, description and permissions of a role.
    UpdateRole(Role),
    /// Deletes a role, the memberships in it, its own memberships, and the authorizations that it owns.
    DeleteRole(RoleId),
    /// Adds a permission to a role. No effect if the role already has it.
    GrantPermission(RoleId, Permission),
    /// Removes a permission from a role. Refused if the role does not have it.
    RevokePermission(RoleId, Permission),
    /// Creates a tenant. Refused if the id exists.
    CreateTenant(Tenant),
    /// Replaces the name and description of a tenant.
    UpdateTenant(Tenant),
    /// Deletes a tenant and the memberships in it.
    DeleteTenant(TenantId),
    /// Creates a mapping rule. Refused if the id exists.
    CreateMappingRule(MappingRule),
    /// Replaces a mapping rule. The kind of a rule cannot change.
    UpdateMappingRule(MappingRule),
    /// Deletes a mapping rule, with its memberships and the authorizations that it owns.
    DeleteMappingRule(MappingRuleId),
    /// Adds a member to a group, role or tenant. Refused if the membership exists.
    AddMember(Membership),
    /// Removes a member from a group, role or tenant. Refused if the membership does not exist.
    RemoveMember(Membership),
    /// Creates an authorization. Its key is derived from the revision of the commit.
    CreateAuthorization(NewAuthorization),
    /// Replaces an authorization, including its owner and resource.
    UpdateAuthorization(AuthorizationKey, NewAuthorization),
    /// Deletes an authorization.
    DeleteAuthorization(AuthorizationKey),
    /// Creates a custom resource type. Refused if the name of another type differs at most in ASCII case.
    CreateResourceType(CustomType),
    /// Replaces a custom resource type. Permissions and properties that an authorization uses cannot be removed.
    UpdateResourceType(CustomType),
    /// Deletes a custom resource type, with the authorizations on it.
    DeleteResourceType(ResourceTypeName),
}

/// Content of an authorization to create or update, without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuthorization {
    /// Party that receives the permissions.
    pub owner: Party,
    /// Type of the resources.
    pub resource_type: ResourceTypeName,
    /// Resources that the authorization covers: one id, all resources of the type, or those that match a property.
    pub scope: Scope,
    /// Permissions granted on the resources. At least one is required.
    pub permissions: BTreeSet<PermissionName>,
    /// Condition that must also hold. `None` for an unconditional authorization. Only custom resource types accept a
    /// condition.
    pub condition: Option<Condition>,
}

impl Command {
    /// Returns the audit log draft of the command without changed fields. The key of an authorization to create is
    /// empty.
    #[must_use]
    pub fn audit_draft(&self) -> AuditDraft {
        use AuditOperation::{Assign, Create, Delete, Unassign, Update};
        use EntityKind::{Authorization, Group, MappingRule, ResourceType, Role, Tenant, User};
        let (operation, entity, related) = match self {
            Self::CreateUser(user) => (Create, thing(User, &user.username), None),
            Self::UpdateUser(user) => (Update, thing(User, &user.username), None),
            Self::DeactivateUser(username) | Self::ReactivateUser(username) => (Update, thing(User, username), None),
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
            Self::CreateAuthorization(new) => (Create, thing(Authorization, ""), Some((&new.owner).into())),
            Self::UpdateAuthorization(key, new) => (Update, thing(Authorization, key), Some((&new.owner).into())),
            Self::DeleteAuthorization(key) => (Delete, thing(Authorization, key), None),
            Self::CreateResourceType(kind) => (Create, thing(ResourceType, &kind.name), None),
            Self::UpdateResourceType(kind) => (Update, thing(ResourceType, &kind.name), None),
            Self::DeleteResourceType(name) => (Delete, thing(ResourceType, name), None),
        };
        AuditDraft { related, ..AuditDraft::new(operation, entity) }
    }
}
