//! Callers of services.

use std::sync::Arc;

use super::credential::{Authenticated, Credential};
use crate::entity::{Actor, Principal};
use crate::resolve::{Presented, Subject, resolve};
use crate::value::{Email, Revision};
use crate::world::World;

/// An authenticated caller, at the world that the request is answered from.
#[derive(Clone)]
pub struct Caller {
    /// The world that their request is answered from.
    pub world: Arc<World>,
    /// Who they are, for the record.
    pub actor: Actor,
    /// What they are in it.
    pub subject: Arc<Subject>,
    /// What they authenticated with.
    pub credential: Arc<dyn Credential>,
    /// What to call them.
    pub display_name: Option<String>,
    /// Where to write to them.
    pub email: Option<Email>,
    /// The request that they made.
    pub request_id: Option<String>,
}

impl Caller {
    /// A principal that the embedding service has authenticated by its own means, with the rights that are stored for it.
    #[must_use]
    pub fn authenticated(world: Arc<World>, principal: Principal, request_id: Option<String>) -> Self {
        Self {
            subject: Arc::new(resolve(&world, Presented::from(&principal))),
            world,
            actor: Actor::Principal(principal.clone()),
            credential: Arc::new(Authenticated(principal)),
            display_name: None,
            email: None,
            request_id,
        }
    }
}

/// What a write came to, and the revision from which it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T = ()> {
    /// What there is now.
    pub value: T,
    /// The revision at which it holds.
    pub revision: Revision,
}

impl Written {
    /// The same write, with what it made.
    #[must_use]
    pub fn with<T>(self, value: T) -> Written<T> {
        Written { value, revision: self.revision }
    }
}
