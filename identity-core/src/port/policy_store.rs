//! Port of the policy store.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::entity::AuditEvent;
use crate::value::Revision;
use crate::world::Change;

/// Stores the world, and informs replicas about each other's commits.
///
/// Contract:
/// - Revisions are consecutive: the empty store has revision 0, and every commit adds exactly one.
/// - A commit is atomic, even in a crash: rows, change log and audit entries are all stored, or none. Once
///   [`PolicyTransaction::commit`] has returned, only the loss of the disk can undo it.
/// - Commits are serial: between [`PolicyStore::begin`] and the end of its transaction, no other transaction begins.
/// - Dropping a transaction discards it without changes and allows the next one to begin.
/// - [`PolicyStore::load`] and [`PolicyStore::tail`] see whole commits only and do not wait for writers.
/// - Every call ends within a time limit set by the store, even if the database does not respond. The time for which a
///   transaction blocks others is limited as well.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// Loads all data at one revision, which is returned, and passes it to `into`. See [`snapshot`] for small data.
    async fn load<'l>(&self, into: Loading<'l>) -> Result<Revision, StoreError>;

    /// Returns the commits after `known`, in order, or [`Tail::Gone`] if they are no longer available.
    async fn tail(&self, known: Revision) -> Result<Tail, StoreError>;

    /// Checks that the store accepts writes. Fails with the error with which a commit without changes would fail.
    /// Called every few seconds; must be cheap while commits succeed.
    async fn writable(&self) -> Result<(), StoreError>;

    /// Waits for the exclusive right to write, and reads the commits after `known`.
    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError>;

    /// Waits for a commit after this call, even one that is made before the returned future is first polled. Returns at
    /// the latest after the polling interval of the store, and may return without a commit. Only one task calls it.
    /// Never fails; an unreachable store only delays the return.
    async fn changed(&self);
}

/// Exclusive right to write the next revision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PolicyTransaction: Send + Sync {
    /// Commits after the revision that was passed to [`PolicyStore::begin`].
    fn missed(&self) -> &Tail;

    /// Writes all commits or none. There must be at least one, and their revisions must consecutively follow the newest
    /// one.
    ///
    /// After [`StoreError::Unavailable`], the commits may or may not have been written; the change log shows which.
    async fn commit(self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError>;
}

/// Receives the data of a store while it is loaded, so that it is never in memory twice.
pub trait ChangeSink: Send {
    /// Discards what was received. A load begins with this call, and repeats it if it begins again.
    fn restart(&mut self);

    /// Receives a change. The changes, applied in order to an empty world, produce the data. Entities precede
    /// references to them.
    fn add(&mut self, change: Change);
}

impl ChangeSink for Vec<Change> {
    fn restart(&mut self) {
        self.clear();
    }

    fn add(&mut self, change: Change) {
        self.push(change);
    }
}

/// Handle to the [`ChangeSink`] of a load.
pub struct Loading<'l>(&'l mut (dyn ChangeSink + 'l));

impl<'l> Loading<'l> {
    /// Loads into `sink`.
    pub fn into_sink(sink: &'l mut (dyn ChangeSink + 'l)) -> Self {
        Self(sink)
    }

    /// See [`ChangeSink::restart`].
    pub fn restart(&mut self) {
        self.0.restart();
    }

    /// See [`ChangeSink::add`].
    pub fn add(&mut self, change: Change) {
        self.0.add(change);
    }
}

/// Loads all data of a store at one revision into memory.
///
/// # Errors
/// As [`PolicyStore::load`].
pub async fn snapshot(store: &dyn PolicyStore) -> Result<Snapshot, StoreError> {
    let mut changes = Vec::new();
    let revision = store.load(Loading::into_sink(&mut changes)).await?;
    Ok(Snapshot { revision, changes })
}

/// All policy data at one revision, as changes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Revision of the snapshot.
    pub revision: Revision,
    /// Changes that produce the snapshot when applied in order to an empty world. Entities precede references to them.
    pub changes: Vec<Change>,
}

/// Commits that a follower missed.
#[derive(Clone, Debug)]
pub enum Tail {
    /// The missed commits, in order; may be empty.
    Commits(Vec<Logged>),
    /// The change log no longer contains all missed commits. Load a snapshot instead.
    Gone,
}

/// A commit as kept in the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Revision that the commit created.
    pub revision: Revision,
    /// Changes of the commit, in order.
    pub changes: Vec<Change>,
}

/// A commit to write.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Revision that the commit creates.
    pub revision: Revision,
    /// Time of the commit.
    pub at: OffsetDateTime,
    /// Changes of the commit, in order.
    pub changes: Vec<Change>,
    /// Audit entries of the commit. Keys are assigned in this order.
    pub audit: Vec<AuditEvent>,
}

/// Error of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable, overloaded or shutting down. A later retry may succeed.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database is reachable but cannot perform the operation.
    #[error("the store {}", .0.message())]
    Impaired(Impairment, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// Stored data cannot be decoded. A retry does not help.
    #[error("the store contains an unreadable {what}: {detail}")]
    Unreadable {
        /// Table and key of the data.
        what: String,
        /// Description of the problem.
        detail: String,
    },
    /// The schema does not match the version that this server requires.
    #[error("the store's schema is incompatible with this server: {0}")]
    Schema(String),
    /// A precondition failed: the commit does not follow the newest revision, the session was changed concurrently or
    /// is gone, or the id already exists.
    #[error("the store was changed concurrently")]
    Conflict,
}

/// Reason why a reachable database cannot perform an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impairment {
    /// The database accepts no writes: it is a standby, read-only, or denies write privileges.
    ReadOnly,
    /// No storage space is left.
    Full,
    /// Another writer held the write lock for too long.
    Locked,
    /// The file is corrupt or is not a database.
    Malformed,
}

impl Impairment {
    /// Description of the impairment, to be read after "the store".
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::ReadOnly => "accepts no writes: it is a standby or read-only",
            Self::Full => "has no space left",
            Self::Locked => "is locked by another writer",
            Self::Malformed => "is damaged, or is not a database",
        }
    }
}

/// Returns true if there are commits and their revisions consecutively follow `newest`.
#[must_use]
pub fn follow(newest: Revision, commits: &[Commit]) -> bool {
    let mut next = newest;
    !commits.is_empty()
        && commits.iter().all(|commit| {
            next = next.next();
            commit.revision == next
        })
}

impl StoreError {
    /// Copies the error for another caller of the same failed operation. Of the source, only the message is copied.
    #[must_use]
    pub fn repeated(&self) -> Self {
        match self {
            Self::Unavailable(source) => Self::Unavailable(source.to_string().into()),
            Self::Impaired(impairment, source) => Self::Impaired(*impairment, source.to_string().into()),
            Self::Unreadable { what, detail } => Self::Unreadable { what: what.clone(), detail: detail.clone() },
            Self::Schema(text) => Self::Schema(text.clone()),
            Self::Conflict => Self::Conflict,
        }
    }

    /// Creates an error for a row that cannot be decoded. `detail` must not contain secrets.
    #[must_use]
    pub fn unreadable(table: &str, key: impl std::fmt::Display, detail: impl std::fmt::Display) -> Self {
        Self::Unreadable { what: format!("row of table `{table}`, key `{key}`"), detail: detail.to_string() }
    }
}
