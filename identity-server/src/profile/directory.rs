//! External directories, and the services for the entities that they hold.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::engine::Engine;
use identity_core::port::{
    ApiDirectory, ClientDirectory, DeletionJournal, Entitlements, EntityLocks, GroupDirectory, Ids, RoleDirectory,
    TokenVerifier, UserDirectory,
};
use identity_core::service::{
    Apis, Authorizer, Clients, Cutoffs, Deletions, DirectoryGroups, DirectoryRecipients, DirectoryRoles,
    MemberDirectories, People, Tenants,
};
use identity_core::value::Secret;

use super::entities::Entities;

/// External directory of users, groups, roles and clients.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Creates what the directory lacks of the configured entities, then their configured memberships and
    /// authorizations. Replicas may call this concurrently.
    async fn initialise(&self, engine: &Engine) -> Result<(), DirectoryNotReady>;

    /// Lists the configured entities that the directory lacks, one line each. Read-only.
    async fn missing(&self) -> Result<Vec<String>, DirectoryNotReady>;

    /// The directory's implementations of the core ports.
    fn ports(&self) -> Ports;

    /// Wraps a token verifier: adds the directory's data about the principal to each verified token.
    fn verifying(&self, tokens: Arc<dyn TokenVerifier>) -> Arc<dyn TokenVerifier>;

    /// Port that returns the groups and permissions of signed-in principals.
    fn entitlements(&self) -> Arc<dyn Entitlements>;

    /// Client ID and secret with which this server signs in users, if the directory has such a client.
    async fn own_client(&self) -> Result<Option<(String, Secret)>, DirectoryNotReady>;

    /// Current problem: the directory is unavailable, or configured entities could not be created.
    fn last_problem(&self) -> Option<String>;

    /// Recommended changes to a directory that works.
    fn advice(&self) -> Option<String>;
}

/// Reason why a directory is not initialized. Retrying may succeed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct DirectoryNotReady(pub String);

/// State that replicas share for changes in a directory.
pub struct Shared {
    /// Locks that serialize the changes to an entity.
    pub locks: Arc<dyn EntityLocks>,
    /// Token cutoffs, which mark tokens that are no longer accepted.
    pub cutoffs: Arc<Cutoffs>,
    /// Installation ID; `None` for read-only use.
    pub installation: Option<String>,
}

/// Core ports that a directory implements.
pub struct Ports {
    /// Users.
    pub users: Arc<dyn UserDirectory>,
    /// Groups.
    pub groups: Arc<dyn GroupDirectory>,
    /// Roles.
    pub roles: Arc<dyn RoleDirectory>,
    /// Applications.
    pub clients: Arc<dyn ClientDirectory>,
    /// APIs.
    pub apis: Arc<dyn ApiDirectory>,
}

impl Ports {
    /// Directories that hold the members of tenants.
    #[must_use]
    pub fn of_members(&self) -> MemberDirectories {
        MemberDirectories {
            users: Arc::clone(&self.users),
            groups: Arc::clone(&self.groups),
            clients: Arc::clone(&self.clients),
        }
    }
}

/// Builds the services for the entities of a directory. Tenants and authorizations are kept in this server's store.
pub(super) fn entities(
    ports: Ports,
    engine: &Arc<Engine>,
    journal: &Arc<dyn DeletionJournal>,
    ids: &Arc<dyn Ids>,
) -> Entities {
    let members = ports.of_members();
    engine.confirm_recipients(Arc::new(DirectoryRecipients::new(Arc::clone(journal), members.clone())));
    let deletions = Deletions::new(Arc::clone(engine), Arc::clone(journal), Arc::clone(ids), members.clone());
    let deletions = Arc::new(deletions);
    let authorizer = || Authorizer::management(Arc::clone(engine));
    Entities {
        people: Some(Arc::new(People::new(authorizer(), ports.users))),
        clients: Some(Arc::new(Clients::new(authorizer(), ports.clients, Arc::clone(&deletions)))),
        apis: Some(Arc::new(Apis::new(authorizer(), ports.apis))),
        groups: Arc::new(DirectoryGroups::new(authorizer(), ports.groups, Arc::clone(&deletions))),
        roles: Arc::new(DirectoryRoles::new(authorizer(), ports.roles)),
        tenants: Arc::new(Tenants::of_directories(authorizer(), members)),
        memberships: None,
        cluster: None,
        bulk: None,
        deletions: Some(deletions),
    }
}
