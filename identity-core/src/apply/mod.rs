//! Applies commands to a world. The result is a new world or a typed refusal.
//!
//! [`apply`] validates against the complete policy data: the engine runs it on the newest revision, under the store's
//! revision lock. Several commands are atomic: either all take effect or none.

mod admin_power;
mod authorization;
mod cascade;
mod command;
mod defaults;
mod existing;
mod group;
mod lock_out;
mod mapping_rule;
mod membership;
mod new_user;
mod refusal;
mod resource_type;
mod role;
mod row;
mod tenant;
mod user;
mod visible;

pub use admin_power::AdminPower;
pub(crate) use cascade::deletions;
pub use command::{Command, NewAuthorization};
pub use defaults::missing_defaults;
pub use lock_out::is_administered;
pub(crate) use lock_out::{can_sign_in, has_members, holders};
pub use new_user::user_creation;
pub use refusal::{Refusal, TypePart};

use crate::decide::Authority;
use crate::entity::{AuditDraft, AuditEntity, EntityKind};
use crate::value::Revision;
use crate::world::{Change, World};
use row::Row;

/// Result of [`apply`]: the next world, and the data to commit.
#[derive(Clone)]
pub struct Applied {
    /// World after the change, one revision later.
    pub world: World,
    /// Changed rows, in order. Empty if the change had no effect.
    pub changes: Vec<Change>,
    /// Audit log drafts: one for each command, and one for each authorization that was removed together with the entity
    /// that is its resource.
    pub audit: Vec<AuditDraft>,
}

/// Applies commands to a world: all of them, or none if one is refused.
///
/// # Errors
/// If a command is refused. The given world is unchanged.
pub fn apply(world: &World, commands: &[Command], authority: Authority) -> Result<Applied, Refusal> {
    let mut draft = Draft::new(world);
    let audit = draft.change(commands, authority)?;
    let (world, changes) = draft.finish();
    Ok(Applied { world, changes, audit })
}

/// Next revision of a world, under construction. It contains one change, or several that are committed together.
pub(crate) struct Draft {
    world: World,
    changes: Vec<Change>,
    /// Audit log drafts of the authorizations that the current command removes together with their resource.
    cascaded: Vec<AuditDraft>,
    authority: Authority,
    revision: Revision,
    minted: u64,
    powers: lock_out::Powers,
}

impl Draft {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            powers: lock_out::Powers::of(world),
            world: world.clone(),
            changes: Vec::new(),
            cascaded: Vec::new(),
            authority: Authority::Administrator,
            revision: world.revision().next(),
            minted: 0,
        }
    }

    /// Returns the world after the changes so far. It still has the revision number of the initial world.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Applies one more change and returns its audit log drafts. After a refusal the draft must be discarded.
    pub(crate) fn change(&mut self, commands: &[Command], authority: Authority) -> Result<Vec<AuditDraft>, Refusal> {
        self.authority = authority;
        let mut audit = Vec::with_capacity(commands.len());
        for command in commands {
            let mut draft = command.audit_draft();
            let before = Row::of(&self.world, &draft);
            if let Some(created) = self.execute(command)? {
                draft.entity.key = created;
            }
            draft.changes = row::changes(before.as_ref(), Row::of(&self.world, &draft).as_ref());
            audit.push(draft);
            audit.append(&mut self.cascaded);
        }
        self.powers.refuse_loss(&self.world)?;
        Ok(audit)
    }

    /// Applies commands one after the other, and returns the indices of those that are refused, with the reasons. The
    /// last one may be a loss of administration, which all commands together cause. Afterwards the draft must be
    /// discarded.
    pub(crate) fn refusals(&mut self, commands: &[Command], authority: Authority) -> Vec<(usize, Refusal)> {
        self.authority = authority;
        let mut refused = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            if let Err(refusal) = self.execute(command) {
                refused.push((index, refusal));
            }
        }
        if refused.is_empty()
            && let Err(loss) = self.powers.refuse_loss(&self.world)
        {
            refused.push((commands.len(), loss));
        }
        refused
    }

    /// Returns the world at the next revision and the changed rows, in order.
    pub(crate) fn finish(mut self) -> (World, Vec<Change>) {
        self.world.set_revision(self.revision);
        (self.world, self.changes)
    }

    /// Applies the change of one row to the world and appends it to the list of changes.
    fn record(&mut self, change: Change) -> Result<(), Refusal> {
        self.world.record(&change).map_err(|_| Refusal::Full)?;
        self.changes.push(change);
        Ok(())
    }

    /// Executes one command. Returns the key of the authorization that it created, if any.
    fn execute(&mut self, command: &Command) -> Result<Option<String>, Refusal> {
        visible::refuse_hidden_characters(&self.world, command)?;
        match command {
            Command::CreateUser(user) => self.create_user(user),
            Command::UpdateUser(user) => self.update_user(user),
            Command::DeactivateUser(username) => self.deactivate_user(username),
            Command::ReactivateUser(username) => self.reactivate_user(username),
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
