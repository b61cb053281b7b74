//! Callers of services.

use std::sync::Arc;

use super::credential::{Authenticated, Credential};
use crate::cancellation::Cancellation;
use crate::entity::{Actor, Principal};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::value::{Email, Revision};
use crate::world::World;

/// An authenticated caller, with the world that its request is answered from.
#[derive(Clone)]
pub struct Caller {
    /// The world that the request is answered from.
    pub world: Arc<World>,
    /// The actor in audit records.
    pub actor: Actor,
    /// The caller's subject in `world`.
    pub subject: Arc<Subject>,
    /// The credential of the request.
    pub credential: Arc<dyn Credential>,
    /// The display name.
    pub display_name: Option<String>,
    /// The e-mail address.
    pub email: Option<Email>,
    /// The request ID.
    pub request_id: Option<String>,
    /// Cancellation signal of the request. Work that has not started when the signal is set is not done.
    pub cancellation: Cancellation,
}

impl Caller {
    /// Creates a caller for a principal that the embedding service has authenticated itself, with its stored rights.
    #[must_use]
    pub fn authenticated(world: Arc<World>, principal: Principal, request_id: Option<String>) -> Self {
        Self {
            subject: Arc::new(resolve(&world, ResolveInput::from(&principal))),
            world,
            actor: Actor::Principal(principal.clone()),
            credential: Arc::new(Authenticated(principal)),
            display_name: None,
            email: None,
            request_id,
            cancellation: Cancellation::default(),
        }
    }
}

/// Outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T = ()> {
    /// The written value.
    pub value: T,
    /// The revision from which the write is visible.
    pub revision: Revision,
}

impl Written {
    /// Replaces the value.
    #[must_use]
    pub fn with<T>(self, value: T) -> Written<T> {
        Written { value, revision: self.revision }
    }
}
