//! Verified tokens, kept until they expire or their key goes.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use identity_core::port::VerifiedToken;
use moka::sync::Cache;
use time::OffsetDateTime;

use crate::checks::Lifetime;
use crate::issuer::Issuer;
use crate::jwk::Key;

/// A token's digest: the cache holds no token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Option<Self> {
        digest(&SHA256, token.as_bytes()).as_ref().try_into().ok().map(Self)
    }
}

/// What was found out about a token.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) token: Arc<VerifiedToken>,
    pub(crate) lifetime: Lifetime,
    pub(crate) key: Arc<Key>,
    pub(crate) issuer: Arc<Issuer>,
}

/// A bounded number of verified tokens. Refused ones are never in it.
pub(crate) struct VerifiedTokens(Option<Cache<Fingerprint, Verified>>);

impl VerifiedTokens {
    pub(crate) fn new(max_entries: u64) -> Self {
        Self((max_entries > 0).then(|| Cache::new(max_entries)))
    }

    /// What is known of a token, if that still holds: the same times are checked as at first, and the key must still be one
    /// of its issuer's.
    pub(crate) fn get(&self, fingerprint: &Fingerprint, now: OffsetDateTime) -> Option<Verified> {
        let cache = self.0.as_ref()?;
        let known = cache.get(fingerprint)?;
        if known.key.is_retired() || known.lifetime.check(now, known.issuer.clock_skew).is_err() {
            cache.invalidate(fingerprint);
            return None;
        }
        Some(known)
    }

    pub(crate) fn insert(&self, fingerprint: Fingerprint, verified: Verified) {
        if let Some(cache) = &self.0 {
            cache.insert(fingerprint, verified);
        }
    }
}
