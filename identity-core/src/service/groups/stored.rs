use std::sync::Arc;

use async_trait::async_trait;

use super::{Groups, draft, entity};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditOperation, Authorization, Container, EntityKind, Group, Party, PartyKind, Role};
use crate::port::Ids;
use crate::search::List;
use crate::service::{Authorizer, Caller, ListRequest, ServiceError, UserSummary, Written, lists};
use crate::value::{GroupId, Name, RoleId, Username};
use crate::world::World;

/// Groups in the policy store, with their members and roles.
pub struct StoredGroups {
    authorizer: Authorizer,
    ids: Arc<dyn Ids>,
}

impl StoredGroups {
    /// Creates the service. `ids` generates the IDs of new groups; `authorizer` checks the caller's permission.
    #[must_use]
    pub fn new(authorizer: Authorizer, ids: Arc<dyn Ids>) -> Self {
        Self { authorizer, ids }
    }

    async fn read<T: Send>(
        &self,
        caller: &Caller,
        id: &str,
        look: impl FnOnce(&World, &Group) -> T + Send,
    ) -> Result<T, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::Group, id, |world| world.group(id).map(|group| look(world, group)))
            .await?
            .ok_or_else(|| ServiceError::Missing(entity(id)))
    }
}

#[async_trait]
impl Groups for StoredGroups {
    async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<List<Group>, ServiceError> {
        let show = |_: &World, group: &Group| group.clone();
        let groups = |_: &World| lists::entities(&caller.world, list, Vec::new(), show);
        self.authorizer.read(caller, EntityKind::Group, "", groups).await
    }

    async fn find(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError> {
        self.read(caller, id, |_, group| group.clone()).await
    }

    async fn create(&self, caller: &Caller, name: Name) -> Result<Written<Group>, ServiceError> {
        let group = Group::new(GroupId::generated(self.ids.fresh()), name);
        Ok(self.authorizer.command(caller, Command::CreateGroup(group.clone())).await?.with(group))
    }

    async fn rename(&self, caller: &Caller, id: &GroupId, name: Name) -> Result<Written, ServiceError> {
        self.authorizer
            .write(caller, draft(AuditOperation::Update, id.as_str()), |world| {
                let old = world.group(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id.as_str())))?;
                Ok(vec![Command::UpdateGroup(Group { name, ..old.clone() })])
            })
            .await
    }

    async fn delete(&self, caller: &Caller, id: GroupId) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteGroup(id)).await
    }

    async fn users(&self, caller: &Caller, id: &str, list: &ListRequest) -> Result<List<UserSummary>, ServiceError> {
        self.read(caller, id, |_, group| {
            let show = |world: &World, user: Party| UserSummary::of_world(world, &user);
            let container = Container::Group(group.id.clone());
            lists::members(&caller.world, container, PartyKind::User, Some(list.page), show)
        })
        .await
    }

    async fn add_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError> {
        self.authorizer.add_member(caller, Container::Group(id), Party::User(user)).await
    }

    async fn remove_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError> {
        self.authorizer.remove_member(caller, Container::Group(id), Party::User(user)).await
    }

    async fn roles(&self, caller: &Caller, id: &str) -> Result<List<Role>, ServiceError> {
        self.read(caller, id, |_, group| lists::roles(&caller.world, Party::Group(group.id.clone()))).await
    }

    async fn assign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError> {
        self.authorizer.add_member(caller, Container::Role(role), Party::Group(id)).await
    }

    async fn unassign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError> {
        self.authorizer.remove_member(caller, Container::Role(role), Party::Group(id)).await
    }

    async fn authorizations(&self, caller: &Caller, id: &str) -> Result<List<Authorization>, ServiceError> {
        self.read(caller, id, |_, group| lists::owned(&caller.world, Party::Group(group.id.clone()))).await
    }
}
