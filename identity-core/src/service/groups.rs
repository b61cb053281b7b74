//! Groups, as the management API sees them: an id that we make, a name.

use std::sync::Arc;

use super::{Caller, Gate, ListRequest, ServiceError, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, Authorization, Container, EntityKind, Group, Party, PartyKind, Role};
use crate::port::{AuditDraft, Ids};
use crate::search::{Page, matches_text};
use crate::value::{Description, GroupId, Name, RoleId, Username};

/// Groups, their members, roles and authorizations.
pub struct Groups {
    gate: Gate,
    ids: Arc<dyn Ids>,
}

impl Groups {
    /// Groups behind a gate.
    #[must_use]
    pub fn new(gate: Gate, ids: Arc<dyn Ids>) -> Self {
        Self { gate, ids }
    }

    /// The groups, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Page<Group>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Group, "", |world| {
                let fits =
                    |group: &&Group| matches_text(list.search.as_deref(), &[group.id.as_str(), group.name.as_str()]);
                list.page.cut(world.groups().filter(fits)).map(Group::clone)
            })
            .await
    }

    /// One group.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError> {
        self.read(caller, id, |_, group| group.clone()).await
    }

    /// Creates a group of this name. Names need not be unique.
    ///
    /// # Errors
    /// When the caller may not write.
    pub async fn create(&self, caller: &Caller, name: Name) -> Result<Written<Group>, ServiceError> {
        let group = Group { id: GroupId::generated(self.ids.as_ref()), name, description: Description::default() };
        Ok(self.gate.command(caller, Command::CreateGroup(group.clone())).await?.with(group))
    }

    /// Gives a group another name.
    ///
    /// # Errors
    /// When the caller may not write, or there is no such group.
    pub async fn rename(&self, caller: &Caller, id: &GroupId, name: Name) -> Result<Written, ServiceError> {
        let entity = AuditEntity { kind: EntityKind::Group, key: id.to_string() };
        let attempt = AuditDraft { operation: AuditOperation::Update, entity: entity.clone(), related: None };
        self.gate
            .write(caller, attempt, |world| {
                let old = world.group(id.as_str()).ok_or(Refusal::Missing(entity))?;
                Ok(vec![Command::UpdateGroup(Group { name, ..old.clone() })])
            })
            .await
    }

    /// Deletes a group, with everything that hangs on it.
    ///
    /// # Errors
    /// When the caller may not write, there is no such group, or nobody could administer without it.
    pub async fn delete(&self, caller: &Caller, id: GroupId) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteGroup(id)).await
    }

    /// The usernames of a group's members.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn users(&self, caller: &Caller, id: &str) -> Result<Vec<Party>, ServiceError> {
        self.read(caller, id, |world, group| {
            world.members_of_kind(&Container::Group(group.id.clone()), PartyKind::User, None).collect()
        })
        .await
    }

    /// Makes a user a member, or ends it.
    ///
    /// # Errors
    /// When the caller may not write, the group or the user does not exist, or nothing would change.
    pub async fn change_user(
        &self,
        caller: &Caller,
        id: GroupId,
        user: Username,
        member: bool,
    ) -> Result<Written, ServiceError> {
        self.gate.change_member(caller, Container::Group(id), Party::User(user), member).await
    }

    /// A group's roles.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn roles(&self, caller: &Caller, id: &str) -> Result<Vec<Role>, ServiceError> {
        self.read(caller, id, |world, group| {
            world
                .memberships(&Party::Group(group.id.clone()))
                .filter_map(|container| match container {
                    Container::Role(role) => world.role(role.as_str()).cloned(),
                    Container::Group(_) | Container::Tenant(_) => None,
                })
                .collect()
        })
        .await
    }

    /// Gives a group a role, or takes it.
    ///
    /// # Errors
    /// When the caller may not write, the group or the role does not exist, or nothing would change.
    pub async fn change_role(
        &self,
        caller: &Caller,
        id: GroupId,
        role: RoleId,
        member: bool,
    ) -> Result<Written, ServiceError> {
        self.gate.change_member(caller, Container::Role(role), Party::Group(id), member).await
    }

    /// The authorizations that a group owns.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn authorizations(&self, caller: &Caller, id: &str) -> Result<Vec<Authorization>, ServiceError> {
        self.read(caller, id, |world, group| world.owned_by(&Party::Group(group.id.clone())).collect()).await
    }

    async fn read<T>(
        &self,
        caller: &Caller,
        id: &str,
        look: impl FnOnce(&crate::world::World, &Group) -> T,
    ) -> Result<T, ServiceError> {
        let missing = || ServiceError::Missing(AuditEntity { kind: EntityKind::Group, key: id.to_owned() });
        self.gate
            .read(caller, EntityKind::Group, id, |world| world.group(id).map(|group| look(world, group)))
            .await?
            .ok_or_else(missing)
    }
}
