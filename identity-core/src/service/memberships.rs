//! Direct members of stored roles, and the containers that a party is a member of.

use std::sync::Arc;

use super::{Authorizer, Caller, ServiceError, Written, lists};
use crate::entity::{AuditEntity, Container, EntityKind, Group, Party, PartyKind, Role, Tenant};
use crate::search::{List, PageRequest};
use crate::value::RoleId;
use crate::world::World;

/// Lists and changes direct memberships. Indirect ones, through groups or roles, are not included.
pub struct Memberships {
    authorizer: Authorizer,
}

/// The groups, roles and tenants that a party is a direct member of, in no particular order.
#[derive(Clone, Debug, Default)]
pub struct MemberOf {
    /// Groups with the party as a direct member.
    pub groups: Vec<Group>,
    /// Roles that are directly assigned to the party.
    pub roles: Vec<Role>,
    /// Tenants with the party as a direct member.
    pub tenants: Vec<Tenant>,
}

impl Memberships {
    /// Creates the service on the engine of `authorizer`, which checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }

    /// Checks the read permission, then returns a function that collects the direct memberships of a party. It can run
    /// on another thread, so that it does not delay other requests.
    ///
    /// An unknown party yields no memberships rather than an error.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn of(
        &self,
        caller: &Caller,
        member: &Party,
    ) -> Result<impl FnOnce() -> MemberOf + Send + 'static, ServiceError> {
        let kind = AuditEntity::from(member).kind;
        let (world, party) = (Arc::clone(&caller.world), member.clone());
        let of = move || {
            let mut found = MemberOf::default();
            for container in world.memberships(&party) {
                match container {
                    Container::Group(id) => found.groups.extend(world.group(id.as_str()).cloned()),
                    Container::Role(id) => found.roles.extend(world.role(id.as_str()).cloned()),
                    Container::Tenant(id) => found.tenants.extend(world.tenant(id.as_str()).cloned()),
                }
            }
            found
        };
        self.authorizer.read(caller, kind, member.id(), |_| of).await
    }

    /// Lists the direct members of one kind in a role, by ID. Each has its display name, or its ID if none is stored.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such role.
    pub async fn of_role(
        &self,
        caller: &Caller,
        role: &str,
        kind: PartyKind,
        page: PageRequest,
    ) -> Result<List<(Party, String)>, ServiceError> {
        let missing = || ServiceError::Missing(AuditEntity { kind: EntityKind::Role, key: role.to_owned() });
        self.authorizer
            .read(caller, EntityKind::Role, role, |world| {
                let role = Container::Role(world.role(role)?.id.clone());
                Some(lists::members(&caller.world, role, kind, Some(page), named))
            })
            .await?
            .ok_or_else(missing)
    }

    /// Assigns a role to a user, client, group or mapping rule.
    ///
    /// # Errors
    /// When the caller lacks write permission, the role or the member does not exist, or the member already has the
    /// role.
    pub async fn assign_role(&self, caller: &Caller, role: RoleId, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.add_member(caller, Container::Role(role), member).await
    }

    /// Removes a role from a user, client, group or mapping rule.
    ///
    /// # Errors
    /// When the caller lacks write permission, the role does not exist, the member does not have it, or no
    /// administrator would remain.
    pub async fn unassign_role(&self, caller: &Caller, role: RoleId, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.remove_member(caller, Container::Role(role), member).await
    }
}

/// Returns a party with its stored display name. Without one, as for all clients and roles, the ID is the name.
pub(super) fn named(world: &World, party: Party) -> (Party, String) {
    let id = party.id();
    let known = match &party {
        Party::User(_) => world.user(id).and_then(|user| user.name.as_ref()),
        Party::Group(_) => world.group(id).map(|group| &group.name),
        Party::MappingRule(_) => world.mapping_rule(id).map(|rule| &rule.name),
        Party::Client(_) | Party::Role(_) => None,
    };
    let name = known.map_or_else(|| id.to_owned(), ToString::to_string);
    (party, name)
}
