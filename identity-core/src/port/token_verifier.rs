//! Port of token verification: validates a bearer token and resolves its principal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

#[cfg(doc)]
use super::Freshness;
use super::{Evidence, Inspection};
use crate::entity::{RejectedToken, VerifiedToken};

/// Verifies the access tokens of incoming requests.
///
/// Contract: a token is accepted only if its signature, issuer, audience, type and lifetime are valid. No part of a
/// rejected token is stored or logged. An unavailable provider is [`TokenError::Unavailable`], never
/// [`TokenError::Rejected`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Verifies an access token in compact serialization (RFC 7515 §7.1), given without the prefix `Bearer`.
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError>;

    /// Like [`verify`](TokenVerifier::verify), for requests that change data: entitlements are read from the directory
    /// instead of a cache ([`Freshness::Current`]). The default implementation calls `verify`.
    async fn verify_now(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify(token).await
    }

    /// Like [`verify`](TokenVerifier::verify), but also accepts tokens issued for the audiences in `apis`. An API sends
    /// such a token to learn about its bearer. All other checks are the same. A token accepted here must not authorize
    /// any other request.
    async fn verify_for_resolution(&self, token: &str, apis: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError>;

    /// Reports the result of each check of a token or of claims. A token that [`verify`](TokenVerifier::verify) rejects
    /// fails at least one check.
    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection;
}

/// Predicate over token audiences: true for the audience of each API of this installation.
#[derive(Clone)]
pub struct KnownApis(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl KnownApis {
    /// Creates the predicate from a function that returns true for the audience of a known API.
    pub fn new(is_known: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_known))
    }

    /// Returns true if an API of this installation has this audience.
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

/// Failure to verify a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is invalid for the given reason. Reported as HTTP status 401.
    #[error("the token was rejected: {0}")]
    Rejected(RejectedToken),
    /// The token may be valid, but data from its issuer, such as the signing keys, is unavailable. Reported as HTTP
    /// status 503.
    #[error("the token's issuer is unavailable")]
    Unavailable {
        /// Time to wait before the client repeats the request.
        retry_after: Duration,
    },
}
