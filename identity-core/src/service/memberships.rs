//! Direct members of stored groups, roles and tenants, and the containers that a party is a member of.

use std::sync::Arc;

use super::{Authorizer, Caller, ListRequest, ServiceError, Written, lists};
use crate::entity::{AuditEntity, Container, Group, Party, PartyKind, Role, Tenant};
use crate::search::List;

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

    /// Lists the direct members of one kind in a group, role or tenant, by ID. Each has its display name, or its ID if
    /// none is stored. A search matches any part of either, ignoring case.
    ///
    /// # Errors
    /// When the caller lacks read permission, or the container does not exist.
    pub async fn members(
        &self,
        caller: &Caller,
        container: &Container,
        kind: PartyKind,
        list: &ListRequest,
    ) -> Result<List<(Party, String)>, ServiceError> {
        let entity = AuditEntity::from(container);
        let found = self.authorizer.read(caller, entity.kind, &entity.key, |world| {
            let exists = world.display_name(entity.kind, &entity.key).is_some();
            exists.then(|| lists::named_members(&caller.world, container.clone(), kind, list))
        });
        found.await?.ok_or(ServiceError::Missing(entity))
    }

    /// Adds a member to a group, role or tenant.
    ///
    /// # Errors
    /// When the caller lacks write permission, the container does not accept members of this kind, the container or the
    /// member does not exist, or it is a member already.
    pub async fn add(&self, caller: &Caller, container: Container, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.add_member(caller, container, member).await
    }

    /// Removes a member from a group, role or tenant.
    ///
    /// # Errors
    /// When the caller lacks write permission, the container does not exist or does not have the member, or no
    /// administrator would remain.
    pub async fn remove(&self, caller: &Caller, container: Container, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.remove_member(caller, container, member).await
    }
}
