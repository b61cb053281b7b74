//! State that all replicas of an installation share.

use std::sync::Arc;
use std::time::Instant;

use identity_core::port::EntityLocks;
use identity_core::service::Cutoffs;
use tokio::sync::Mutex;

/// State that all replicas of an installation share.
#[derive(Clone)]
pub struct Coordination {
    /// Locks that serialize the changes of an entity.
    pub locks: Arc<dyn EntityLocks>,
    /// Times before which the tokens of a principal are not trusted.
    pub cutoffs: Arc<Cutoffs>,
    /// The installation that manages the realm. With `None`, the realm is neither marked nor checked for a mark.
    pub installation: Option<Installation>,
}

/// An installation: all replicas on one store.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The id of the installation, which marks the realm.
    pub id: String,
    /// Whether to take the realm over from another installation at start-up.
    pub takes_over: bool,
}

/// The time of the last request that found the mark of this installation in the realm.
#[derive(Debug, Default)]
pub(crate) struct Marked(pub(crate) Mutex<Option<Instant>>);
