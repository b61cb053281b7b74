//! Cascading removal: the memberships of an entity, the authorizations that it owns
//! (docs/reference/orchestration-cluster.md §2.5), and the authorizations whose resource it is. Authorizations refer to
//! their resource by id, so a remaining one would apply to the next entity with the same id.

use std::collections::BTreeSet;

use super::row::{self, Row};
use super::{Command, Draft, Refusal, thing};
use crate::catalog::POLICY_DECISION;
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Authorization, Container, EntityKind, Membership, Party};
use crate::value::{AuthorizationKey, ResourceTypeName};
use crate::world::{Change, Sources, World};

impl Draft {
    /// Removes all memberships of a party and all authorizations that it owns. The memberships in it are not affected.
    pub(super) fn remove_party(&mut self, party: &Party) -> Result<(), Refusal> {
        let containers: Vec<Container> = self.world.memberships(party).collect();
        for container in containers {
            self.unlink(container, party.clone())?;
        }
        let owned: Vec<Authorization> = self.world.owned_by(party).collect();
        for authorization in owned {
            self.remove_authorization(authorization.key)?;
        }
        Ok(())
    }

    /// Removes an authorization, and transitively the authorizations whose resource it is.
    pub(super) fn remove_authorization(&mut self, key: AuthorizationKey) -> Result<(), Refusal> {
        let mut keys = vec![key];
        while let Some(key) = keys.pop() {
            if self.world.record_of(key).is_some() {
                self.record(Change::AuthorizationRemoved(key))?;
                let removed = thing(EntityKind::Authorization, key);
                keys.extend(self.grants_to_remove(EntityKind::Authorization.as_str(), removed));
            }
        }
        Ok(())
    }

    /// Removes the authorizations of all owners whose resource is this entity.
    pub(super) fn remove_grants_on(&mut self, kind: EntityKind, id: &str) -> Result<(), Refusal> {
        self.remove_grants(kind.as_str(), thing(kind, id))
    }

    /// Removes the authorizations that permit requesting decisions about resources of a type. Their resource id is the
    /// name of the type.
    pub(super) fn remove_grants_to_ask(&mut self, name: &ResourceTypeName) -> Result<(), Refusal> {
        self.remove_grants(POLICY_DECISION, thing(EntityKind::ResourceType, name))
    }

    fn remove_grants(&mut self, resource_type: &str, of: AuditEntity) -> Result<(), Refusal> {
        self.grants_to_remove(resource_type, of).into_iter().try_for_each(|key| self.remove_authorization(key))
    }

    /// Removes authorizations that refer to an earlier entity with the same id, so that the new entity starts without
    /// any. Older versions did not remove them with the entity. Authorizations on some kinds of entities may be created
    /// before the entity exists (docs/reference/orchestration-cluster.md §8.5). For these kinds, the two cases cannot
    /// be distinguished, so nothing is removed.
    pub(super) fn remove_leftovers(&mut self, kind: EntityKind, id: &str) -> Result<(), Refusal> {
        if can_be_granted_before_it_exists(self.world.sources(), kind) {
            return Ok(());
        }
        self.remove_grants_on(kind, id)
    }

    /// Returns the authorizations whose resource is an entity, and adds an audit log draft for the removal of each.
    fn grants_to_remove(&mut self, resource_type: &str, of: AuditEntity) -> Vec<AuthorizationKey> {
        let keys: Vec<AuthorizationKey> = self.world.grants_on(resource_type, &of.key).collect();
        self.cascaded.extend(keys.iter().map(|key| {
            let draft = AuditDraft::new(AuditOperation::Delete, thing(EntityKind::Authorization, key));
            let changes = row::changes(Row::authorization(&self.world, *key).as_ref(), None);
            AuditDraft { related: Some(of.clone()), changes, ..draft }
        }));
        keys
    }

    pub(super) fn remove_members(&mut self, container: &Container) -> Result<(), Refusal> {
        let members: Vec<Party> = self.world.members(container).collect();
        for member in members {
            self.unlink(container.clone(), member)?;
        }
        Ok(())
    }

    fn unlink(&mut self, container: Container, member: Party) -> Result<(), Refusal> {
        match Membership::new(container, member) {
            Ok(membership) => self.record(Change::MemberRemoved(membership)),
            Err(_) => Ok(()),
        }
    }
}

/// Returns whether authorizations may refer to an entity of this kind before it is stored.
fn can_be_granted_before_it_exists(sources: Sources, kind: EntityKind) -> bool {
    match kind {
        EntityKind::User => sources != Sources::BuiltIn,
        EntityKind::Group => sources == Sources::Provider { groups_claimed: true },
        EntityKind::Role | EntityKind::MappingRule => false,
        _ => true,
    }
}

/// Returns the commands that delete the authorizations, each once. An authorization whose resource is another deleted
/// one is omitted, because the cascade removes it.
pub(crate) fn deletions(world: &World, keys: impl IntoIterator<Item = AuthorizationKey>) -> Vec<Command> {
    let mut gone = BTreeSet::new();
    let mut commands = Vec::new();
    for key in keys {
        if !gone.insert(key) {
            continue;
        }
        commands.push(Command::DeleteAuthorization(key));
        let mut removed = vec![key];
        while let Some(key) = removed.pop() {
            let on = world.grants_on(EntityKind::Authorization.as_str(), &key.to_string());
            removed.extend(on.filter(|key| gone.insert(*key)));
        }
    }
    commands
}
