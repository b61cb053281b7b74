//! What an installation remembers about itself and about the tokens of its directory.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::Principal;

/// The identity of an installation: all replicas on one store are one installation.
///
/// Contract: the first id that is kept stays, for all replicas and after restarts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InstallationStore: Send + Sync {
    /// The id of this installation: the one that is kept, or `fresh`, which is kept from then on.
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError>;
}

/// The moment before which tokens of a principal say nothing about its rights: they were taken away since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCutoff {
    /// The subject of the tokens.
    pub principal: Principal,
    /// Tokens that were issued before are not believed.
    pub not_before: OffsetDateTime,
    /// When no such token is valid any more.
    pub expires_at: OffsetDateTime,
}

/// The cutoffs of tokens, for all replicas.
///
/// Contract: a cutoff that was put is loaded by every replica until it expires. There is one per principal; the later moments
/// win. Times are kept to the microsecond.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenCutoffStore: Send + Sync {
    /// Keeps a cutoff.
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError>;

    /// All that have not expired at `now`.
    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError>;

    /// Removes those that have expired at `now`; returns their number.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
