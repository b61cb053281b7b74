//! Ports of installation-wide data: the installation id and token cutoffs.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::Principal;

/// Id of the installation. All replicas on one store form one installation.
///
/// Contract: the first stored id is permanent, for all replicas and across restarts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InstallationStore: Send + Sync {
    /// Returns the id of this installation. Stores and returns `fresh` if there is none yet.
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError>;
}

/// Time before which issued tokens of a principal are no longer trusted for its rights, because rights were revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCutoff {
    /// Principal of the tokens.
    pub principal: Principal,
    /// Tokens issued before this time are not trusted.
    pub not_before: OffsetDateTime,
    /// Time at which all tokens issued before `not_before` have expired, so that the cutoff is no longer needed.
    pub expires_at: OffsetDateTime,
}

/// Token cutoffs, shared by all replicas.
///
/// Contract: every replica loads a stored cutoff until it expires. There is one cutoff per principal. If another is
/// stored, the later value of each of its two times is kept. Times are kept with microsecond precision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenCutoffStore: Send + Sync {
    /// Stores a cutoff.
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError>;

    /// Loads all cutoffs that are not expired at `now`.
    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError>;

    /// Removes all cutoffs that are expired at `now`, and returns their number.
    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
