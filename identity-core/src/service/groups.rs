//! Groups, as the management API sees them: an id that we make, a name.

use std::sync::Arc;

use super::gate::field;
use super::{Caller, Gate, ListRequest, ServiceError};
use crate::apply::{Command, Refusal};
use crate::entity::{
    AuditEntity, AuditOperation, Authorization, Container, EntityKind, Group, Membership, Party, PartyKind, Role,
};
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
    /// When the caller may not write, or the name is not one.
    pub async fn create(&self, caller: &Caller, name: &str) -> Result<Group, ServiceError> {
        let group = Group {
            id: field("id", GroupId::parse(&self.ids.fresh()))?,
            name: field("name", Name::parse(name.trim()))?,
            description: Description::default(),
        };
        self.gate.command(caller, Command::CreateGroup(group.clone())).await?;
        Ok(group)
    }

    /// Gives a group another name.
    ///
    /// # Errors
    /// When the caller may not write, the name is not one, or there is no such group.
    pub async fn rename(&self, caller: &Caller, id: &str, name: &str) -> Result<Group, ServiceError> {
        let id = parse_id(id)?;
        let name = field("name", Name::parse(name.trim()))?;
        let attempt = attempt(AuditOperation::Update, &id);
        let mut renamed = None;
        self.gate
            .write(caller, attempt, |world| {
                let old = world.group(id.as_str()).ok_or_else(|| Refusal::Missing(entity(&id)))?;
                let group = Group { name, ..old.clone() };
                renamed = Some(group.clone());
                Ok(vec![Command::UpdateGroup(group)])
            })
            .await?;
        renamed.ok_or_else(|| ServiceError::Missing(entity(&id)))
    }

    /// Deletes a group, with everything that hangs on it.
    ///
    /// # Errors
    /// When the caller may not write, there is no such group, or nobody could administer without it.
    pub async fn delete(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        self.gate.command(caller, Command::DeleteGroup(parse_id(id)?)).await?;
        Ok(())
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
    pub async fn change_user(&self, caller: &Caller, id: &str, user: &str, member: bool) -> Result<(), ServiceError> {
        let user = field("userId", Username::parse(user))?;
        self.change(caller, Container::Group(parse_id(id)?), Party::User(user), member).await
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
    pub async fn change_role(&self, caller: &Caller, id: &str, role: &str, member: bool) -> Result<(), ServiceError> {
        let role = field("roleName", RoleId::parse(role))?;
        self.change(caller, Container::Role(role), Party::Group(parse_id(id)?), member).await
    }

    /// The authorizations that a group owns.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn authorizations(&self, caller: &Caller, id: &str) -> Result<Vec<Authorization>, ServiceError> {
        self.read(caller, id, |world, group| world.owned_by(&Party::Group(group.id.clone())).collect()).await
    }

    async fn change(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
        add: bool,
    ) -> Result<(), ServiceError> {
        let missing = AuditEntity::from(&member);
        let membership = Membership::new(container, member).map_err(|_| ServiceError::Missing(missing))?;
        let command = if add { Command::AddMember(membership) } else { Command::RemoveMember(membership) };
        self.gate.command(caller, command).await?;
        Ok(())
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

fn parse_id(id: &str) -> Result<GroupId, ServiceError> {
    field("groupId", GroupId::parse(id))
}

fn entity(id: &GroupId) -> AuditEntity {
    AuditEntity { kind: EntityKind::Group, key: id.to_string() }
}

fn attempt(operation: AuditOperation, id: &GroupId) -> AuditDraft {
    AuditDraft { operation, entity: entity(id), related: None }
}
