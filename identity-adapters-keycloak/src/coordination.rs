//! State shared by all replicas: locks, revocation times, and the installation id.

use std::sync::Arc;
use std::time::Instant;

use identity_core::port::EntityLocks;
use identity_core::service::Cutoffs;
use tokio::sync::Mutex;

/// State that all replicas of an installation share, for [`Keycloak::new`](crate::Keycloak::new).
#[derive(Clone)]
pub struct Coordination {
    /// Locks that serialize changes of one entity across replicas.
    pub locks: Arc<dyn EntityLocks>,
    /// Time of the last revocation per principal. For tokens issued earlier, cached rights are not used.
    pub cutoffs: Arc<Cutoffs>,
    /// The installation that manages the realm. With `None`, the realm is neither marked nor checked for a mark.
    pub installation: Option<Installation>,
}

/// An installation: all replicas that use the same store.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Unique id of the installation, with which the realm is marked.
    pub id: String,
    /// Whether to take over, at start-up, a realm that is marked by another installation.
    pub takes_over: bool,
}

/// Time of the last request that found the mark of this installation in the realm; `None` before the first one.
#[derive(Debug, Default)]
pub(crate) struct Marked(pub(crate) Mutex<Option<Instant>>);
