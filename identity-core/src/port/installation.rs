//! Ports of data that exists once per installation: its id, and the token cutoffs of principals.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::Principal;

/// Stores the id of the installation, which consists of all replicas on one database.
///
/// Contract: the first stored id is permanent, for all replicas and across restarts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InstallationStore: Send + Sync {
    /// Returns the id of this installation. If none is stored yet, stores `fresh` and returns it.
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError>;
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
