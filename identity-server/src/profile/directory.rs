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
    MemberDirectories, Names, People, Tenants,
};
use identity_core::value::Secret;

use super::entities::Entities;

/// External directory of users, groups, roles and clients, such as Keycloak.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Creates the configured entities that the directory lacks, then their configured memberships and authorizations.
    /// Replicas may call this concurrently.
    async fn initialise(&self, engine: &Engine) -> Result<(), DirectoryNotReady>;

    /// Returns the configured entities that the directory lacks, one line each. Changes nothing.
    async fn missing(&self) -> Result<Vec<String>, DirectoryNotReady>;

    /// Returns the directory's implementations of the core ports.
    fn ports(&self) -> Ports;

    /// Wraps a token verifier, so that each verified token contains the directory's data about its principal.
    fn verifying(&self, tokens: Arc<dyn TokenVerifier>) -> Arc<dyn TokenVerifier>;

    /// Returns the port that looks up the groups and permissions of signed-in principals.
    fn entitlements(&self) -> Arc<dyn Entitlements>;

    /// Returns id and secret of the client with which this server signs in users, if the directory has such a client.
    async fn own_client(&self) -> Result<Option<(String, Secret)>, DirectoryNotReady>;

    /// Returns the current problem: the directory is unavailable, or configured entities could not be created.
    fn last_problem(&self) -> Option<String>;

    /// Returns recommended changes to the directory's settings. They do not impair its function.
    fn advice(&self) -> Option<String>;
}

/// Reason why a directory is not initialized, as a message for operators. Retrying may succeed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct DirectoryNotReady(pub String);

/// State that replicas share for changes in a directory.
pub struct Shared {
    /// Locks that serialize the changes to an entity across replicas.
    pub locks: Arc<dyn EntityLocks>,
    /// Token cutoffs: per principal, the time of the last revocation. For tokens issued earlier, cached rights are not
    /// used.
    pub cutoffs: Arc<Cutoffs>,
    /// Id of this installation, to mark the directory; `None` for read-only use.
    pub installation: Option<String>,
}

/// The directory's implementations of the core ports, one per kind of entity.
pub struct Ports {
    /// Users of the directory.
    pub users: Arc<dyn UserDirectory>,
    /// Groups of the directory, and their members.
    pub groups: Arc<dyn GroupDirectory>,
    /// Roles of the directory, and their permissions.
    pub roles: Arc<dyn RoleDirectory>,
    /// Applications (OAuth 2.0 clients) of the directory.
    pub clients: Arc<dyn ClientDirectory>,
    /// APIs (resource servers) of the directory.
    pub apis: Arc<dyn ApiDirectory>,
}

impl Ports {
    /// Returns the directories that hold the possible members of tenants.
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
    let names = Arc::new(Names::new(authorizer(), Some(members.clone())));
    Entities {
        people: Some(Arc::new(People::new(authorizer(), ports.users))),
        clients: Some(Arc::new(Clients::new(authorizer(), ports.clients, Arc::clone(&deletions)))),
        apis: Some(Arc::new(Apis::new(authorizer(), ports.apis))),
        groups: Arc::new(DirectoryGroups::new(authorizer(), ports.groups, Arc::clone(&deletions))),
        roles: Arc::new(DirectoryRoles::new(authorizer(), ports.roles)),
        tenants: Arc::new(Tenants::of_directories(authorizer(), members)),
        memberships: None,
        names,
        cluster: None,
        bulk: None,
        deletions: Some(deletions),
    }
}
