//! Where browser sessions are kept.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::{Principal, Session, SessionIdHash};

/// Where browser sessions are kept, for all replicas.
///
/// Contract: what one replica wrote, every replica reads. An expired session is never found or listed, whether or not it
/// was swept. Times are kept to the microsecond.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps a new session. [`StoreError::Conflict`] when there is one with that id.
    async fn insert(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of this id, unless it has expired at `now`.
    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError>;

    /// Replaces the session of this id if its version is still `session.version`, and counts the version up by one.
    /// [`StoreError::Conflict`] when it is not, or when the session is gone.
    async fn update(&self, session: &Session) -> Result<(), StoreError>;

    /// Gives the session a new id and forgets the old one, in one step. [`StoreError::Conflict`] when it is gone.
    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError>;

    /// Ends one session. Ending one that is gone is no error.
    async fn delete(&self, id: SessionIdHash) -> Result<(), StoreError>;

    /// The sessions of a principal that have not expired at `now`, newest first.
    async fn list(&self, principal: &Principal, now: OffsetDateTime) -> Result<Vec<Session>, StoreError>;

    /// Ends all sessions of a principal; says how many.
    async fn delete_of(&self, principal: &Principal) -> Result<u64, StoreError>;

    /// Ends the sessions that a provider knows by this `sid`; says how many.
    async fn delete_by_provider_session(&self, issuer: &str, provider_session: &str) -> Result<u64, StoreError>;

    /// Removes what has expired at `now`; says how many.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
