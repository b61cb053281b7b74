//! Ports of data that exists once per installation: its id, the policy documents that were applied to it, and the token
//! cutoffs of principals.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::Principal;
use crate::value::{DocumentName, Revision};

/// The last policy document that was applied under a name. It tells what a later document of that name may remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedDocument {
    /// Name that the operator chose.
    pub name: DocumentName,
    /// Revision from which readers see the policies of the document.
    pub revision: Revision,
    /// Time of the application.
    pub at: OffsetDateTime,
    /// Origin, such as a commit and its author. `None` if it was not given.
    pub source: Option<String>,
    /// The document as JSON. Contains no secrets.
    pub document: String,
}

/// Stores the id of the installation, which consists of all replicas on one database, and the documents applied to it.
///
/// Contract: the first stored id is permanent, for all replicas and across restarts. There is one document per name: it
/// replaces the stored one unless that one has a later revision. Times are kept with microsecond precision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InstallationStore: Send + Sync {
    /// Returns the id of this installation. If none is stored yet, stores `fresh` and returns it.
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError>;

    /// Stores an applied document.
    async fn put_document(&self, document: &AppliedDocument) -> Result<(), StoreError>;

    /// Removes an applied document. Does nothing if there is none of this name.
    async fn remove_document(&self, name: &DocumentName) -> Result<(), StoreError>;

    /// Returns all applied documents, by name.
    async fn documents(&self) -> Result<Vec<AppliedDocument>, StoreError>;
}

/// Invalidates the older tokens of a principal whose rights were reduced: rights in tokens issued before `not_before`
/// are no longer trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCutoff {
    /// User or client to which the tokens were issued.
    pub principal: Principal,
    /// Tokens issued (`iat`) before this time are not trusted.
    pub not_before: OffsetDateTime,
    /// Time by which all tokens issued before `not_before` have expired, so that the cutoff can be removed.
    pub expires_at: OffsetDateTime,
}

/// Stores token cutoffs, shared by all replicas.
///
/// Contract: every replica loads a stored cutoff until it expires. There is one cutoff per principal. If a second one
/// is stored, the later value of each of its two times is kept. Times are kept with microsecond precision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenCutoffStore: Send + Sync {
    /// Stores a cutoff, merged with the stored cutoff of the same principal.
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError>;

    /// Returns the cutoffs that are not expired at `now`, at most one per principal.
    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError>;

    /// Removes the cutoffs that are expired at `now` and returns their number.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
