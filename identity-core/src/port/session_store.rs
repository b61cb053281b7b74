//! Port of the session store.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::{Principal, Session, SessionIdHash, WhichSessions};
use crate::search::{Page, PageRequest};

/// Selects the sessions to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionQuery {
    /// Principal whose sessions to list. `None` for all principals.
    pub of: Option<Principal>,
    /// Requested page.
    pub page: PageRequest,
}

/// Digest of a username and an address. The store holds neither in plain text.
pub type FamiliarPair = [u8; 32];

/// Stores browser sessions and the addresses from which users signed in before. Shared by all replicas.
///
/// Contract: every replica reads the writes of every other replica. Expired sessions are never returned, whether or not
/// they were swept. Times are kept with microsecond precision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores a new session. [`StoreError::Conflict`] if the id already exists.
    async fn insert(&self, session: &Session) -> Result<(), StoreError>;

    /// Returns the session with this id, unless it is expired at `now`.
    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError>;

    /// Replaces the session with this id and increments its version. [`StoreError::Conflict`] if the stored version is
    /// not `session.version`, or if the session does not exist.
    async fn update(&self, session: &Session) -> Result<(), StoreError>;

    /// Replaces the id of a session, atomically. [`StoreError::Conflict`] if the session does not exist.
    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError>;

    /// Deletes sessions and returns them. If several callers delete the same session, only one receives it.
    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError>;

    /// Lists the sessions that are not expired at `now`, newest first.
    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError>;

    /// Marks a key as used, at least until `until`. Returns true if the key was not marked before by any replica.
    async fn use_once(&self, key: [u8; 32], until: OffsetDateTime) -> Result<bool, StoreError>;

    /// Records that a user signed in from an address, which counts as familiar for this user until `until`. A later
    /// time that is already stored is kept.
    async fn note_familiar(&self, pair: &FamiliarPair, until: OffsetDateTime) -> Result<(), StoreError>;

    /// Lists the pairs that are familiar at `now` with their expiration times: at most `limit`, latest expiration
    /// first.
    async fn familiar(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<(FamiliarPair, OffsetDateTime)>, StoreError>;

    /// Removes sessions, used keys and familiar pairs that are expired at `now`. Returns the number of removed
    /// sessions.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
