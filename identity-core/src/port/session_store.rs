//! Where browser sessions are kept.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::{Principal, Session, SessionIdHash, WhichSessions};
use crate::search::{Page, PageRequest};

/// Which sessions to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionQuery {
    /// Whose; everybody's when not given.
    pub of: Option<Principal>,
    /// Which part of the list.
    pub page: PageRequest,
}

/// A digest of a username and an address: the store holds neither.
pub type FamiliarPair = [u8; 32];

/// Where browser sessions are kept, and at which addresses users have signed in, for all replicas.
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

    /// Ends sessions and says which; none when there are none. Of two who end the same one, one is told.
    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError>;

    /// The sessions that have not expired at `now`, newest first: a principal's, or everybody's.
    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError>;

    /// Whether nobody has used this key before, on any replica. It is remembered until `until`, at least.
    async fn use_once(&self, key: [u8; 32], until: OffsetDateTime) -> Result<bool, StoreError>;

    /// Keeps that a user is familiar at an address until `until`, or until when it was kept before, if that is later.
    async fn note_familiar(&self, pair: &FamiliarPair, until: OffsetDateTime) -> Result<(), StoreError>;

    /// The pairs that are familiar at `now`, and until when: the latest `limit` of them, latest first.
    async fn familiar(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<(FamiliarPair, OffsetDateTime)>, StoreError>;

    /// Removes what has expired at `now`: sessions, used keys and familiar pairs. Returns the number of sessions.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
