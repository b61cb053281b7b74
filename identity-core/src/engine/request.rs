//! Requesters of changes: the engine decides whether they are permitted, in the world that the change is applied to.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::Refusal;
use crate::decide::{Denied, Permit};
use crate::entity::Actor;
use crate::port::StoreError;
use crate::world::World;

/// Source of a change. A change carries its requester and its question, never a finished [`Permit`]: what was decided before
/// the change is applied may no longer hold.
#[async_trait]
pub trait Requester: Send + Sync {
    /// Actor for the audit log.
    fn actor(&self) -> &Actor;

    /// Issuer that authenticated the actor, for the audit log.
    fn issuer(&self) -> Option<Arc<str>> {
        None
    }

    /// Id of the request, for the audit log.
    fn request_id(&self) -> Option<&str>;

    /// Decides whether the change is permitted in `world`, at `now`. The engine calls this under the revision lock: it must
    /// end within a bound of its own.
    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted>;
}

/// Reason why a change is not permitted.
#[derive(Debug, thiserror::Error)]
pub enum NotPermitted {
    /// The requester lacks the right.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The credential of the requester is no longer valid.
    #[error(transparent)]
    Credential(#[from] CredentialEnded),
    /// The change is not open to any requester now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What the right depends on cannot be read now.
    #[error("the rights of the caller cannot be checked now; try again later")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reason why a credential that was valid at the beginning of a request is not valid any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialEnded {
    /// The access token has expired, or is rejected for another reason by now.
    #[error("the access token is no longer accepted: {0}")]
    Token(crate::port::RejectedToken),
    /// The built-in user was deleted, or their password was changed.
    #[error("the user was deleted, or their password was changed")]
    User,
    /// The session has ended.
    #[error("the session has ended")]
    Session,
}

impl CredentialEnded {
    /// Reason code for problem documents and the audit log.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(reason) => reason.code(),
            Self::User => "password",
            Self::Session => "session_ended",
        }
    }
}

/// The server itself: its defaults and its configuration at start-up. No request reaches this.
#[derive(Clone, Copy, Debug)]
pub struct ServerRequest;

#[async_trait]
impl Requester for ServerRequest {
    fn actor(&self) -> &Actor {
        &Actor::System
    }

    fn request_id(&self) -> Option<&str> {
        None
    }

    async fn permit(&self, _: &World, _: OffsetDateTime) -> Result<Permit, NotPermitted> {
        Ok(Permit::of_the_server())
    }
}
