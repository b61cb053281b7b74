//! What all replicas of an installation share.

use std::sync::Arc;

use identity_core::port::EntityLocks;
use identity_core::service::Cutoffs;

/// What all replicas of an installation share.
#[derive(Clone)]
pub struct Coordination {
    /// One change per entity at a time.
    pub locks: Arc<dyn EntityLocks>,
    /// Tokens that are no longer believed.
    pub cutoffs: Arc<Cutoffs>,
    /// The installation that manages the realm. `None` neither marks the realm nor looks for a mark.
    pub installation: Option<Installation>,
}

/// An installation: all replicas on one store.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Its id, which marks the realm.
    pub id: String,
    /// Whether it takes the realm over from another installation at its start.
    pub takes_over: bool,
}
