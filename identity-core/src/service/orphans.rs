//! What hangs here on users, groups and applications that their directory no longer has: left by a change that was interrupted
//! between the two, or by whoever deletes in the directory itself. It grants nobody anything, as ids do not come back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{MemberDirectories, forgetting};
use crate::apply::Command;
use crate::engine::{Engine, ServerRequest, WriteError};
use crate::entity::{AuditEntity, AuditOperation, Container, Party};
use crate::port::{AuditDraft, DirectoryError};
use crate::world::World;

/// Looks for what is left of what is gone.
pub struct Orphans {
    engine: Arc<Engine>,
    directories: MemberDirectories,
}

impl Orphans {
    /// Looks in the world of `engine` for what `directories` lack.
    #[must_use]
    pub fn new(engine: Arc<Engine>, directories: MemberDirectories) -> Self {
        Self { engine, directories }
    }

    /// Those who are members of tenants or own authorizations here, and are gone.
    ///
    /// # Errors
    /// When a directory cannot be asked; then nobody is said to be gone.
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

    /// Takes away what is left of somebody who is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, gone: &Party) -> Result<(), WriteError> {
        let attempt = AuditDraft { operation: AuditOperation::Delete, entity: AuditEntity::from(gone), related: None };
        let plan = |world: &World| Ok::<Vec<Command>, _>(forgetting(world, gone));
        self.engine.execute(&ServerRequest, attempt, plan).await.map(|_| ())
    }
}

/// Whoever lives in a directory and is a member of a tenant or owns an authorization.
fn referred_to(world: &World) -> BTreeSet<Party> {
    let members =
        world.tenants().flat_map(|tenant| world.members(&Container::Tenant(tenant.id.clone())).collect::<Vec<_>>());
    let owners = world.authorizations().map(|authorization| authorization.owner);
    let elsewhere = |party: &Party| matches!(party, Party::User(_) | Party::Group(_) | Party::Client(_));
    members.chain(owners).filter(elsewhere).collect()
}
