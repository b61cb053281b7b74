//! Port of token verification: from a raw token to its principal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

#[cfg(doc)]
use super::Freshness;
use super::{Evidence, Inspection};
use crate::entity::{RejectedToken, VerifiedToken};

/// Verifies access tokens.
///
/// Contract: a token is accepted only if its signature, issuer, audience, type and lifetime are valid. No part of a
/// rejected token is stored or logged. An unavailable provider is [`TokenError::Unavailable`], never
/// [`TokenError::Rejected`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Verifies a token in compact serialization (RFC 7515 §7.1), without the prefix `Bearer`.
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError>;

    /// Like [`verify`](TokenVerifier::verify), for requests that change data: entitlements of the principal are read
    /// from the directory now ([`Freshness::Current`]).
    async fn verify_now(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify(token).await
    }

    /// Like [`verify`](TokenVerifier::verify), for requests about the bearer of the token itself: audiences in `apis`
    /// are accepted as well. Issuer, signature, type and lifetime are checked as usual. A token accepted here must not
    /// authorize any other request.
    async fn verify_for_resolution(&self, token: &str, apis: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError>;

    /// Inspects a token or claims, check by check. A token that [`verify`](TokenVerifier::verify) rejects fails at
    /// least one check.
    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection;
}

/// APIs of this installation, identified by the audiences of their tokens.
#[derive(Clone)]
pub struct KnownApis(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl KnownApis {
    /// Creates the set of audiences for which `is_known` returns true.
    pub fn new(is_known: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_known))
    }

    /// Returns true if the audience belongs to an API of this installation.
    #[must_use]
    pub fn has(&self, audience: &str) -> bool {
        (self.0)(audience)
    }
}

impl fmt::Debug for KnownApis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownApis")
    }
}

/// Error of token verification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is rejected: HTTP status 401.
    #[error("the token was rejected: {0}")]
    Rejected(RejectedToken),
    /// The token may be valid, but data required from its issuer is unavailable: HTTP status 503.
    #[error("the token's issuer is unavailable")]
    Unavailable {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
}
