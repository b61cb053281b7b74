//! Commands to a new world, or to a typed refusal.
//!
//! [`apply`] validates exactly, because it sees everything: the engine runs it on the newest revision, under the store's
//! revision lock. Several commands are one change: all of them happen or none.

mod authorization;
mod cascade;
mod command;
mod group;
mod lock_out;
mod mapping_rule;
mod membership;
mod refusal;
mod resource_type;
mod role;
mod tenant;
mod user;
mod visible;

pub(crate) use cascade::deletions;
pub use command::{Command, NewAuthorization};
pub use lock_out::{AdminPower, is_administered};
pub(crate) use lock_out::{can_sign_in, has_members, holders};
pub use refusal::{Refusal, TypePart};

use crate::decide::Authority;
use crate::entity::{AuditEntity, EntityKind};
use crate::port::AuditDraft;
use crate::value::Revision;
use crate::world::{Change, World};

/// What a change came to.
#[derive(Clone)]
pub struct Applied {
    /// The world after it, one revision later.
    pub world: World,
    /// The rows that it changes, in order. Empty when everything was so already.
    pub changes: Vec<Change>,
    /// What to say about it in the audit log: one entry for each command, and one for each authorization that went with its
    /// resource.
    pub audit: Vec<AuditDraft>,
}

/// Makes a change.
///
/// # Errors
/// When one of the commands is refused. Nothing has happened then.
pub fn apply(world: &World, commands: &[Command], authority: Authority) -> Result<Applied, Refusal> {
    let mut draft = Draft::new(world, authority);
    let mut audit = Vec::with_capacity(commands.len());
    for command in commands {
        let key = draft.execute(command)?;
        audit.push(command.audit_draft(key));
        audit.append(&mut draft.cascaded);
    }
    lock_out::refuse_loss_of_power(world, &draft.world)?;
    Ok(Applied { world: draft.world, changes: draft.changes, audit })
}

/// A world in the making.
struct Draft {
    world: World,
    changes: Vec<Change>,
    /// What the audit log says beside the command.
    cascaded: Vec<AuditDraft>,
    authority: Authority,
    revision: Revision,
    minted: u64,
}

impl Draft {
    fn new(world: &World, authority: Authority) -> Self {
        let revision = world.revision().next();
        let mut world = world.clone();
        world.set_revision(revision);
        Self { world, changes: Vec::new(), cascaded: Vec::new(), authority, revision, minted: 0 }
    }

    /// Makes one change of one row, in the world and in the list.
    fn record(&mut self, change: Change) -> Result<(), Refusal> {
        self.world.record(&change).map_err(|_| Refusal::Full)?;
        self.changes.push(change);
        Ok(())
    }

    /// Executes one command; answers the key of an authorization that it created.
    fn execute(&mut self, command: &Command) -> Result<Option<String>, Refusal> {
        visible::refuse_hidden_characters(&self.world, command)?;
        match command {
            Command::CreateUser(user) => self.create_user(user),
            Command::UpdateUser(user) => self.update_user(user),
            Command::DeleteUser(username) => self.delete_user(username),
            Command::CreateGroup(group) => self.create_group(group),
            Command::UpdateGroup(group) => self.update_group(group),
            Command::DeleteGroup(id) => self.delete_group(id),
            Command::CreateRole(role) => self.create_role(role),
            Command::UpdateRole(role) => self.update_role(role),
            Command::DeleteRole(id) => self.delete_role(id),
            Command::GrantPermission(role, permission) => self.grant_permission(role, permission),
            Command::RevokePermission(role, permission) => self.revoke_permission(role, permission),
            Command::CreateTenant(tenant) => self.create_tenant(tenant),
            Command::UpdateTenant(tenant) => self.update_tenant(tenant),
            Command::DeleteTenant(id) => self.delete_tenant(id),
            Command::CreateMappingRule(rule) => self.create_mapping_rule(rule),
            Command::UpdateMappingRule(rule) => self.update_mapping_rule(rule),
            Command::DeleteMappingRule(id) => self.delete_mapping_rule(id),
            Command::AddMember(membership) => self.add_member(membership),
            Command::RemoveMember(membership) => self.remove_member(membership),
            Command::CreateAuthorization(new) => {
                return self.create_authorization(new).map(|key| Some(key.to_string()));
            }
            Command::UpdateAuthorization(key, new) => self.update_authorization(*key, new),
            Command::DeleteAuthorization(key) => self.delete_authorization(*key),
            Command::CreateResourceType(kind) => self.create_resource_type(kind),
            Command::UpdateResourceType(kind) => self.update_resource_type(kind),
            Command::DeleteResourceType(name) => self.delete_resource_type(name),
        }
        .map(|()| None)
    }
}

fn thing(kind: EntityKind, key: impl ToString) -> AuditEntity {
    AuditEntity { kind, key: key.to_string() }
}
