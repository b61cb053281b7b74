use super::{Command, Draft, NewAuthorization};
use crate::value::PermissionName;

impl Draft {
    /// Returns whether the entity that a command creates exists already. An authorization exists if one stored
    /// authorization has the same owner, scope and condition and includes all of its permissions.
    pub(crate) fn already_has(&self, command: &Command) -> bool {
        let world = &self.world;
        match command {
            Command::CreateUser(user) => world.user(user.username.as_str()).is_some(),
            Command::CreateGroup(group) => world.group(group.id.as_str()).is_some(),
            Command::CreateRole(role) => world.role(role.id.as_str()).is_some(),
            Command::CreateTenant(tenant) => world.tenant(tenant.id.as_str()).is_some(),
            Command::CreateMappingRule(rule) => world.mapping_rule(rule.id.as_str()).is_some(),
            Command::CreateResourceType(kind) => world.custom_type(kind.name.as_str()).is_some(),
            Command::AddMember(membership) => world.is_member(membership.container(), membership.member()),
            Command::CreateAuthorization(new) => self.grants_all_of(new),
            _ => false,
        }
    }

    fn grants_all_of(&self, new: &NewAuthorization) -> bool {
        let names = new.permissions.iter().map(PermissionName::as_str);
        let Ok((resource_type, permissions)) = self.world.catalog().set(new.resource_type.as_str(), names) else {
            return false;
        };
        self.same_grant(new, resource_type, permissions, None)
            .is_some_and(|grant| grant.permissions.includes(permissions))
    }
}
