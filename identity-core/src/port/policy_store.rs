//! Port of the policy store: persistent users, groups, roles, tenants, mapping rules, memberships and authorizations.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::entity::AuditEvent;
use crate::value::Revision;
use crate::world::Change;

/// Stores the world (all policy data) as a sequence of commits, and informs replicas about each other's commits.
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
    /// Reads all data at one revision, passes it to `into` as changes, and returns the revision. See [`snapshot`] to
    /// collect small data in memory.
    async fn load<'l>(&self, into: Loading<'l>) -> Result<Revision, StoreError>;

    /// Returns the commits after revision `known`, or [`Tail::Gone`] if the change log no longer contains all of them.
    async fn tail(&self, known: Revision) -> Result<Tail, StoreError>;

    /// Checks that the store accepts writes. Fails with the same error as a commit without changes would. Called every
    /// few seconds, so it must be cheap while commits succeed.
    async fn writable(&self) -> Result<(), StoreError>;

    /// Waits for the exclusive right to write, and reads the commits after `known` ([`PolicyTransaction::missed`]).
    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError>;

    /// Waits for the next commit. Commits are observed from the call on, even before the returned future is first
    /// polled. Returns at the latest after the polling interval of the store, possibly without a commit. Only one task
    /// calls it. Never fails; an unreachable store only delays the return.
    async fn changed(&self);
}

/// An open transaction: the exclusive right to write the next revisions. Dropping it without a commit changes nothing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PolicyTransaction: Send + Sync {
    /// Returns the commits after the revision that was passed to [`PolicyStore::begin`], which the caller lacks.
    fn missed(&self) -> &Tail;

    /// Writes all commits or none. Requires at least one commit; the first revision must follow the newest stored
    /// revision, and each further one its predecessor. Otherwise fails with [`StoreError::Conflict`].
    ///
    /// After [`StoreError::Unavailable`], the commits may or may not have been written; the change log shows which.
    async fn commit(self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError>;
}

/// Receives the data of a store one change at a time, so that a load never holds all data in memory twice.
pub trait ChangeSink: Send {
    /// Discards all changes received so far. Called at the start of a load, and again if the load is repeated.
    fn restart(&mut self);

    /// Receives the next change. All changes, applied in order to an empty world, produce the stored data. Entities
    /// precede references to them.
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

/// Handle through which a store writes to the caller's [`ChangeSink`] during a load.
pub struct Loading<'l>(&'l mut (dyn ChangeSink + 'l));

impl<'l> Loading<'l> {
    /// Creates a handle that forwards all calls to `sink`.
    pub fn into_sink(sink: &'l mut (dyn ChangeSink + 'l)) -> Self {
        Self(sink)
    }

    /// Discards all changes received so far; see [`ChangeSink::restart`].
    pub fn restart(&mut self) {
        self.0.restart();
    }

    /// Passes the next change to the sink; see [`ChangeSink::add`].
    pub fn add(&mut self, change: Change) {
        self.0.add(change);
    }
}

/// Collects all data of a store at one revision in memory. Suitable for small data.
///
/// # Errors
/// As [`PolicyStore::load`].
pub async fn snapshot(store: &dyn PolicyStore) -> Result<Snapshot, StoreError> {
    let mut changes = Vec::new();
    let revision = store.load(Loading::into_sink(&mut changes)).await?;
    Ok(Snapshot { revision, changes })
}

/// All policy data at one revision. The default is the empty store at revision 0.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Revision at which the data was read.
    pub revision: Revision,
    /// Changes that produce the data when applied to an empty world. Entities precede references to them.
    pub changes: Vec<Change>,
}

/// Commits that were made after a revision that a replica already has.
#[derive(Clone, Debug)]
pub enum Tail {
    /// The commits in the order of their revisions. Empty if the replica is up to date.
    Commits(Vec<Logged>),
    /// The change log does not contain all of the commits. The replica must load all data instead.
    Gone,
}

/// An entry of the change log: one commit, without its time and audit entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Revision that the commit created.
    pub revision: Revision,
    /// Changes of the commit, to be applied in order to the world of the preceding revision.
    pub changes: Vec<Change>,
}

/// A commit to write: changes and their audit entries, which are stored atomically.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Revision that the commit creates: one more than its predecessor.
    pub revision: Revision,
    /// Time of the commit, from the clock of this server.
    pub at: OffsetDateTime,
    /// Changes to apply, in order.
    pub changes: Vec<Change>,
    /// Audit entries about the changes. The store assigns ascending keys in this order.
    pub audit: Vec<AuditEvent>,
}

/// Failure of a store operation. Adapters translate database errors into it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable, overloaded or shutting down. A retry may succeed.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database responds but cannot perform the operation, for example because the disk is full.
    #[error("the store {}", .0.message())]
    Impaired(Impairment, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// Stored data cannot be decoded. Retries fail as well.
    #[error("the store contains an unreadable {what}: {detail}")]
    Unreadable {
        /// Table and key of the data, such as "row of table `roles`, key `admin`".
        what: String,
        /// Reason why the data cannot be decoded.
        detail: String,
    },
    /// The database schema does not have the version that this server requires. Contains an explanation for operators.
    #[error("the store's schema is incompatible with this server: {0}")]
    Schema(String),
    /// A precondition failed: the commit does not follow the newest revision, the session was changed or removed, or
    /// the id already exists.
    #[error("the store was changed concurrently")]
    Conflict,
}

/// Reason why a database that responds cannot perform an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impairment {
    /// The database accepts no writes: it is a standby, is read-only, or denies the write privilege.
    ReadOnly,
    /// The database has no storage space left.
    Full,
    /// Another writer held the write lock longer than this server waits.
    Locked,
    /// The database file is corrupt or is not a database.
    Malformed,
}

impl Impairment {
    /// Predicate for error messages that begin with "the store", such as "has no space left".
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

/// Returns true if there is at least one commit, the first creates the revision after `newest`, and each further one
/// the revision after its predecessor.
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
    /// Copies the error for another caller of the same operation. Of the source error, only the message is copied.
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

    /// Creates an error for a row that cannot be decoded. The message is logged, so `detail` must not contain secrets.
    #[must_use]
    pub fn unreadable(table: &str, key: impl std::fmt::Display, detail: impl std::fmt::Display) -> Self {
        Self::Unreadable { what: format!("row of table `{table}`, key `{key}`"), detail: detail.to_string() }
    }
}
