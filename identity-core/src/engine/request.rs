//! Requesters of changes. The engine checks their permission in the world to which the change is applied.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::Refusal;
use crate::cancellation::Cancellation;
use crate::decide::{Denied, Permit};
use crate::entity::Actor;
use crate::port::StoreError;
use crate::world::World;

/// Source of a change. A change carries its requester and its question, never an issued [`Permit`], because an earlier
/// decision may no longer hold when the change is applied.
#[async_trait]
pub trait Requester: Send + Sync {
    /// Returns what the audit log records about the requester, and the signal that cancels the request.
    fn origin(&self) -> Origin<'_>;

    /// Decides whether the change is permitted in `world`, at `now`. The engine calls it under the revision lock.
    /// Implementations must therefore apply a timeout of their own.
    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted>;
}

/// Origin of a change.
#[derive(Clone, Debug)]
pub struct Origin<'r> {
    /// Actor that the audit log records.
    pub actor: &'r Actor,
    /// Token issuer (`iss`) that authenticated the actor, for the audit log.
    pub issuer: Option<Arc<str>>,
    /// Id of the request, for the audit log.
    pub request_id: Option<&'r str>,
    /// Signal that cancels the request while it waits in the write queue. A change that has left the queue is not
    /// cancelled.
    pub cancellation: Cancellation,
}

impl<'r> Origin<'r> {
    /// Creates the origin of changes by an actor, without issuer and request id. They are not cancelled.
    #[must_use]
    pub fn new(actor: &'r Actor) -> Self {
        Self { actor, issuer: None, request_id: None, cancellation: Cancellation::default() }
    }
}

/// Reason why a requester may not make a change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotPermitted {
    /// The requester lacks the permission. Holds the explanation of the denial.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The credential of the requester became invalid during the request.
    #[error(transparent)]
    Credential(#[from] CredentialEnded),
    /// The change is refused for every requester, for example because its entity does not exist.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Data on which the decision depends cannot be read now.
    #[error("the permissions of the caller cannot be determined; try again later")]
    Unavailable {
        /// Time after which the client may retry.
        retry_after: Duration,
    },
    /// The policy store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reason why a credential became invalid during a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialEnded {
    /// The access token has expired, or is rejected for another reason.
    #[error("the access token is no longer accepted: {0}")]
    Token(crate::entity::RejectedToken),
    /// The built-in user was deleted or deactivated, or their password was changed.
    #[error("the user was deleted or deactivated, or their password was changed")]
    User,
    /// The session has ended.
    #[error("the session has ended")]
    Session,
}

impl CredentialEnded {
    /// Returns the reason code for problem documents and the audit log.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(reason) => reason.code(),
            Self::User => "password",
            Self::Session => "session_ended",
        }
    }
}

/// Requester for changes that the server itself makes at start-up, such as defaults and configured entities. Client
/// requests never use it.
#[derive(Clone, Copy, Debug)]
pub struct ServerRequest;

#[async_trait]
impl Requester for ServerRequest {
    fn origin(&self) -> Origin<'_> {
        Origin::new(&Actor::System)
    }

    async fn permit(&self, _: &World, _: OffsetDateTime) -> Result<Permit, NotPermitted> {
        Ok(Permit::of_the_server())
    }
}
