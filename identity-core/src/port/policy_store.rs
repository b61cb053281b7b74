//! Where the world is kept.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult};
use crate::value::Revision;
use crate::world::Change;

/// Where the world is kept, and how replicas learn of each other's commits.
///
/// Contract:
/// - Revisions are dense: the empty store is at 0 and every commit adds exactly one.
/// - A commit is atomic: rows, change log and audit entries are all there, or none is, also after a crash. Once
///   [`PolicyTransaction::commit`] has returned, nothing short of the loss of the disk undoes it.
/// - Commits are serial: between [`PolicyStore::begin`] and the end of its transaction nobody else's begins.
/// - A transaction that is dropped changes nothing and frees the way for the next.
/// - [`PolicyStore::load`] and [`PolicyStore::tail`] see whole commits only, and wait for no writer.
/// - Every call ends within a bound of the store's own, also when the database does not answer, and so does the hold of a
///   transaction on the others' turn.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// Everything, at one revision.
    async fn load(&self) -> Result<Snapshot, StoreError>;

    /// The commits after `known`, in order; or that they are no longer at hand.
    async fn tail(&self, known: Revision) -> Result<Tail, StoreError>;

    /// Fails as a commit would that changed nothing. Asked every few seconds, so it costs little while commits succeed.
    async fn writable(&self) -> Result<(), StoreError>;

    /// Waits for its turn to write, and reads the commits after `known`.
    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError>;

    /// Returns when somebody may have committed since this was called (not since it was first polled), and at the latest
    /// after the store's polling interval. One follower calls it. Never fails; a store that cannot be reached just takes its
    /// time.
    async fn changed(&self);
}

/// The right to write the next revision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PolicyTransaction: Send + Sync {
    /// The commits after the revision that [`PolicyStore::begin`] was told of.
    fn missed(&self) -> &Tail;

    /// Writes commits at once, all or none: one after the other, the first of which follows the newest revision. There is at
    /// least one.
    ///
    /// [`StoreError::Unavailable`] leaves open whether it was written; the log tells.
    async fn commit(self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError>;
}

/// All policy data at one revision, as the changes that make it out of nothing. Entities come before what refers to them.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The revision.
    pub revision: Revision,
    /// What makes it.
    pub changes: Vec<Change>,
}

/// What a follower missed.
#[derive(Clone, Debug)]
pub enum Tail {
    /// These commits, in order; possibly none.
    Commits(Vec<Logged>),
    /// More than the log still holds: load everything again.
    Gone,
}

/// A commit as the change log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The revision that it made.
    pub revision: Revision,
    /// What it changed, in order.
    pub changes: Vec<Change>,
}

/// The next revision and what it changes.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The revision that it makes.
    pub revision: Revision,
    /// When.
    pub at: OffsetDateTime,
    /// What it changes, in order.
    pub changes: Vec<Change>,
    /// What is said about it in the audit log. Entries get their keys in this order.
    pub audit: Vec<AuditEvent>,
}

/// What a command says about itself, before it is known who asked and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDraft {
    /// What is attempted.
    pub operation: AuditOperation,
    /// On what.
    pub entity: AuditEntity,
    /// The other party.
    pub related: Option<AuditEntity>,
}

impl AuditDraft {
    /// The entry that the draft becomes.
    #[must_use]
    pub fn event(
        self,
        at: OffsetDateTime,
        actor: Actor,
        result: AuditResult,
        request_id: Option<String>,
    ) -> AuditEvent {
        AuditEvent {
            key: 0,
            at,
            actor,
            issuer: None,
            operation: self.operation,
            entity: self.entity,
            related: self.related,
            result,
            reason: None,
            revision: None,
            request_id,
        }
    }
}

/// What a store can fail with.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is overloaded or is shutting down. Trying again later may help.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database is there, and does not do what it was asked to.
    #[error("the store {}", .0.message())]
    Impaired(Impairment, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something stored cannot be read as what it should be. Trying again does not help.
    #[error("the store holds an unreadable {what}: {detail}")]
    Unreadable {
        /// The table and key.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The schema is not the one that this server was built for.
    #[error("the store's schema does not fit this server: {0}")]
    Schema(String),
    /// A commit that does not follow the newest revision, or a session that somebody else changed meanwhile.
    #[error("the store has moved on")]
    Conflict,
}

/// Reason why a database that is there does not do what it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impairment {
    /// It accepts no writes: a standby, switched to read-only, or without the right to write.
    ReadOnly,
    /// No space is left.
    Full,
    /// Another writer did not end in time.
    Locked,
    /// Its file is damaged, or none of a database.
    Malformed,
}

impl Impairment {
    /// What is wrong, to be read after "the store".
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

/// Whether commits follow the newest revision and one another.
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
    /// The same failure, for another of those that it concerns.
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

    /// A row that cannot be read as what it should be. `detail` must not hold what is secret.
    #[must_use]
    pub fn unreadable(table: &str, key: impl std::fmt::Display, detail: impl std::fmt::Display) -> Self {
        Self::Unreadable { what: format!("row of table `{table}`, key `{key}`"), detail: detail.to_string() }
    }
}
