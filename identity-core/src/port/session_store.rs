//! Port of the session store: browser sessions and sign-in history, shared by all replicas.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::{LastSignIn, Principal, Session, SessionIdHash, WhichSessions};
use crate::search::{Page, PageRequest};

/// Filter and page of a session list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionQuery {
    /// Only sessions of this principal. `None` lists the sessions of all principals.
    pub of: Option<Principal>,
    /// Only sessions of principals whose id contains this text, ignoring the case of ASCII letters. `None` for all.
    pub search: Option<String>,
    /// Offset and maximum number of sessions.
    pub page: PageRequest,
}

/// Digest of a username and the client address from which the user signed in. Neither is stored in plain text.
pub type FamiliarPair = [u8; 32];

/// Stores browser sessions, single-use keys and familiar sign-in addresses, shared by all replicas.
///
/// Contract: every replica reads the writes of every other replica. Expired sessions are never returned, even before
/// [`SessionStore::sweep`] removes them. Times are kept with microsecond precision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores a new session. Fails with [`StoreError::Conflict`] if the id already exists.
    async fn insert(&self, session: &Session) -> Result<(), StoreError>;

    /// Returns the session with this id. `None` if there is none or it is expired at `now`.
    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError>;

    /// Replaces the session with this id and increments its version (optimistic concurrency). Fails with
    /// [`StoreError::Conflict`] if the stored version is not `session.version`, or if the session does not exist.
    async fn update(&self, session: &Session) -> Result<(), StoreError>;

    /// Replaces the id of a session atomically and keeps its data. Fails with [`StoreError::Conflict`] if no session
    /// has the id `old`, or another one has the id `new`.
    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError>;

    /// Deletes the selected sessions and returns them. Of several concurrent callers, only one receives a session.
    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError>;

    /// Lists the sessions that are not expired at `now`, most recent sign-in first.
    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError>;

    /// Marks a key as used at least until `until`, to detect replays. Returns true for the first caller across all
    /// replicas, and false for all others.
    async fn use_once(&self, key: [u8; 32], until: OffsetDateTime) -> Result<bool, StoreError>;

    /// Records that a user signed in from an address; the pair counts as familiar until `until`. If a later time is
    /// already stored, that time is kept.
    async fn note_familiar(&self, pair: &FamiliarPair, until: OffsetDateTime) -> Result<(), StoreError>;

    /// Lists at most `limit` pairs that are familiar at `now`, with their expiration times, latest first.
    async fn familiar(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<(FamiliarPair, OffsetDateTime)>, StoreError>;

    /// Stores the last sign-in of each principal. It replaces an earlier one of the same principal, and leaves a later
    /// one. All or none are stored.
    async fn note_sign_ins(&self, sign_ins: &[LastSignIn]) -> Result<(), StoreError>;

    /// Returns the last sign-in of a principal. `None` if none is stored or it is expired at `now`.
    async fn last_sign_in(&self, principal: &Principal, now: OffsetDateTime) -> Result<Option<LastSignIn>, StoreError>;

    /// Removes the sessions, used keys, familiar pairs and last sign-ins that are expired at `now`. Returns the number
    /// of removed sessions only.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
