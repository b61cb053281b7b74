//! Groups, as the management API sees them: an id that we make, a name.

use std::future::ready;
use std::sync::Arc;

use super::{Caller, Deletions, Gate, ListRequest, ServiceError, UserSummary, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{
    AuditEntity, AuditOperation, Authorization, Container, Deletable, EntityKind, Group, Party, PartyKind, Role,
};
use crate::port::{AuditDraft, GroupDirectory, Ids};
use crate::search::{Listing, matches_text};
use crate::value::{Description, GroupId, Name, RoleId, Username};

/// Groups, their members, roles and authorizations.
pub struct Groups {
    gate: Gate,
    ids: Arc<dyn Ids>,
    directory: Option<Directory>,
}

/// Where groups live when they do not live here.
struct Directory {
    groups: Arc<dyn GroupDirectory>,
    deletions: Arc<Deletions>,
}

impl Groups {
    /// Groups behind a gate.
    #[must_use]
    pub fn new(gate: Gate, ids: Arc<dyn Ids>) -> Self {
        Self { gate, ids, directory: None }
    }

    /// The same, of groups that live in a directory. What hangs on them here stays here.
    #[must_use]
    pub fn in_directory(self, groups: Arc<dyn GroupDirectory>, deletions: Arc<Deletions>) -> Self {
        Self { directory: Some(Directory { groups, deletions }), ..self }
    }

    /// The groups, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<Group>, ServiceError> {
        if let Some(directory) = &self.directory {
            return self.gate.ask(caller, (EntityKind::Group, ""), directory.groups.list(list)).await;
        }
        let page = self
            .gate
            .read(caller, EntityKind::Group, "", |world| {
                let fits =
                    |group: &&Group| matches_text(list.search.as_deref(), &[group.id.as_str(), group.name.as_str()]);
                list.page.cut(world.groups().filter(fits)).map(Group::clone)
            })
            .await?;
        Ok(page.into())
    }

    /// One group.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError> {
        if let Some(directory) = &self.directory {
            let key = group_id(id)?;
            return self.gate.ask(caller, (EntityKind::Group, id), directory.groups.find(&key)).await;
        }
        self.read(caller, id, |_, group| group.clone()).await
    }

    /// Creates a group of this name. Names need not be unique, except in a directory.
    ///
    /// # Errors
    /// When the caller may not write, or a directory has one of that name.
    pub async fn create(&self, caller: &Caller, name: Name) -> Result<Written<Group>, ServiceError> {
        if let Some(directory) = &self.directory {
            let attempt = draft(AuditOperation::Create, name.as_str(), None);
            return self.gate.change(caller, attempt, directory.groups.create(&name)).await;
        }
        let group = Group { id: GroupId::generated(self.ids.as_ref()), name, description: Description::default() };
        Ok(self.gate.command(caller, Command::CreateGroup(group.clone())).await?.with(group))
    }

    /// Gives a group another name.
    ///
    /// # Errors
    /// When the caller may not write, or there is no such group.
    pub async fn rename(&self, caller: &Caller, id: &GroupId, name: Name) -> Result<Written, ServiceError> {
        let attempt = draft(AuditOperation::Update, id.as_str(), None);
        if let Some(directory) = &self.directory {
            return self.gate.change(caller, attempt, directory.groups.rename(id, &name)).await;
        }
        let entity = attempt.entity.clone();
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
        let Some(directory) = &self.directory else {
            return self.gate.command(caller, Command::DeleteGroup(id)).await;
        };
        let attempt = draft(AuditOperation::Delete, id.as_str(), None);
        let group = ready(Ok(Deletable::Group(id.clone())));
        directory.deletions.delete(&self.gate, caller, attempt, group, directory.groups.delete(&id)).await
    }

    /// A group's users.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn users(
        &self,
        caller: &Caller,
        id: &str,
        list: &ListRequest,
    ) -> Result<Listing<UserSummary>, ServiceError> {
        if let Some(directory) = &self.directory {
            let key = group_id(id)?;
            let Listing { items, total } =
                self.gate.ask(caller, (EntityKind::Group, id), directory.groups.members(&key, list)).await?;
            return Ok(Listing { items: items.into_iter().map(UserSummary::from).collect(), total });
        }
        let page = self
            .read(caller, id, |world, group| {
                let container = Container::Group(group.id.clone());
                let members = world.members_of_kind(&container, PartyKind::User, None);
                list.page.cut(members).map(|user| UserSummary::of_world(world, &user))
            })
            .await?;
        Ok(page.into())
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
        if let Some(directory) = &self.directory {
            let related = AuditEntity { kind: EntityKind::User, key: user.to_string() };
            let attempt = draft(assignment(member), id.as_str(), Some(related));
            return self.gate.change(caller, attempt, directory.groups.change_member(&id, &user, member)).await;
        }
        self.gate.change_member(caller, Container::Group(id), Party::User(user), member).await
    }

    /// A group's roles.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn roles(&self, caller: &Caller, id: &str) -> Result<Vec<Role>, ServiceError> {
        if let Some(directory) = &self.directory {
            let key = group_id(id)?;
            return self.gate.ask(caller, (EntityKind::Group, id), directory.groups.roles(&key)).await;
        }
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
        if let Some(directory) = &self.directory {
            let attempt = AuditDraft {
                operation: assignment(member),
                entity: AuditEntity { kind: EntityKind::Role, key: role.to_string() },
                related: Some(AuditEntity { kind: EntityKind::Group, key: id.to_string() }),
            };
            return self.gate.change(caller, attempt, directory.groups.change_role(&id, &role, member)).await;
        }
        self.gate.change_member(caller, Container::Role(role), Party::Group(id), member).await
    }

    /// The authorizations that a group owns.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such group.
    pub async fn authorizations(&self, caller: &Caller, id: &str) -> Result<Vec<Authorization>, ServiceError> {
        if self.directory.is_some() {
            let owner = Party::Group(group_id(id)?);
            return self.gate.read(caller, EntityKind::Group, id, |world| world.owned_by(&owner).collect()).await;
        }
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

fn draft(operation: AuditOperation, key: &str, related: Option<AuditEntity>) -> AuditDraft {
    AuditDraft { operation, entity: AuditEntity { kind: EntityKind::Group, key: key.to_owned() }, related }
}

pub(super) fn assignment(member: bool) -> AuditOperation {
    if member { AuditOperation::Assign } else { AuditOperation::Unassign }
}

/// A text that is no id is the id of nothing.
fn group_id(text: &str) -> Result<GroupId, ServiceError> {
    let missing = |_| ServiceError::Missing(AuditEntity { kind: EntityKind::Group, key: text.to_owned() });
    GroupId::parse(text).map_err(missing)
}
