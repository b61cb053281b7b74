//! Stored memberships and authorizations of users, groups and applications that no longer exist in their directory.
//!
//! They remain if a deletion was interrupted, or if the entity was deleted in the directory itself. They have no effect
//! unless the ID is used again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{MemberDirectories, forgetting};
use crate::apply::Command;
use crate::engine::{Engine, ServerRequest, WriteError};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Container, Party};
use crate::port::DirectoryError;
use crate::world::World;

/// Finds and removes the stored access of users, groups and applications that no longer exist in their directory.
pub struct Orphans {
    engine: Arc<Engine>,
    directories: MemberDirectories,
}

impl Orphans {
    /// Creates the service. `engine` holds the memberships and authorizations, `directories` the users, groups and
    /// applications.
    #[must_use]
    pub fn new(engine: Arc<Engine>, directories: MemberDirectories) -> Self {
        Self { engine, directories }
    }

    /// Returns the members of tenants and owners of authorizations that no longer exist in their directory.
    ///
    /// # Errors
    /// When a directory is unavailable. No partial result is returned, because it could report existing parties.
    pub async fn find(&self) -> Result<Vec<Party>, DirectoryError> {
        let referred = referred_to(&self.engine.world());
        let (mut users, mut groups, mut clients) = (Vec::new(), Vec::new(), Vec::new());
        for party in &referred {
            match party {
                Party::User(id) => users.push(id.clone()),
                Party::Group(id) => groups.push(id.clone()),
                Party::Client(id) => clients.push(id.clone()),
                Party::Role(_) | Party::MappingRule(_) => {}
            }
        }
        let mut there: BTreeSet<Party> = BTreeSet::new();
        there.extend(self.directories.users.find_all(&users).await?.into_iter().map(|one| Party::User(one.id)));
        there.extend(self.directories.groups.find_all(&groups).await?.into_iter().map(|one| Party::Group(one.id)));
        let found = self.directories.clients.find_all(&clients).await?;
        there.extend(found.into_iter().map(|one| Party::Client(one.client_id)));
        Ok(referred.difference(&there).cloned().collect())
    }

    /// Deletes all memberships and authorizations of a party. Does not check that the party no longer exists.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, gone: &Party) -> Result<(), WriteError> {
        let attempt = AuditDraft::new(AuditOperation::Delete, AuditEntity::from(gone));
        let plan = |world: &World| Ok::<Vec<Command>, _>(forgetting(world, gone));
        self.engine.execute(&ServerRequest, attempt, plan).await.map(|_| ())
    }
}

/// Returns the users, groups and applications that are members of a tenant or own an authorization.
fn referred_to(world: &World) -> BTreeSet<Party> {
    let members =
        world.tenants().flat_map(|tenant| world.members(&Container::Tenant(tenant.id.clone())).collect::<Vec<_>>());
    let owners = world.authorizations().map(|authorization| authorization.owner);
    let elsewhere = |party: &Party| matches!(party, Party::User(_) | Party::Group(_) | Party::Client(_));
    members.chain(owners).filter(elsewhere).collect()
}
