//! Cache of verified tokens. An entry lasts until the token expires or the issuer retires its key.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use identity_core::entity::VerifiedToken;
use identity_core::port::TokenError;
use moka::sync::Cache;
use time::{Duration, OffsetDateTime};

use crate::checks::Lifetime;
use crate::issuer::Issuer;
use crate::jwk::Key;

/// Token size in bytes per unit of cache capacity. Longer tokens count several times, which bounds the memory of the
/// cache.
const BYTES_PER_PLACE: usize = 16 * 1024;

/// SHA-256 digest of a token, used as cache key. The cache stores digests, never tokens.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; SHA256_OUTPUT_LEN]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        Self::of_parts(["", token])
    }

    /// Returns the cache key of a token that was verified to resolve its bearer's permissions, where audiences of other
    /// APIs are accepted as well. It never equals a [`Fingerprint::of`] of a token, because a token has no line break.
    pub(crate) fn for_resolution(token: &str) -> Self {
        Self::of_parts(["resolution\n", token])
    }

    fn of_parts(parts: [&str; 2]) -> Self {
        let mut digest = Context::new(&SHA256);
        parts.iter().for_each(|part| digest.update(part.as_bytes()));
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

/// Validity of a UserInfo response. If the clock is set back, the validity still does not exceed `length`.
#[derive(Clone, Copy)]
pub(crate) struct Term {
    pub(crate) since: OffsetDateTime,
    pub(crate) length: Duration,
}

impl Term {
    pub(crate) fn holds(&self, now: OffsetDateTime) -> bool {
        (now - self.since).abs() < self.length
    }
}

/// Cached verification result of a token with a valid signature, type, audience and lifetime.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) outcome: Result<Arc<VerifiedToken>, TokenError>,
    pub(crate) lifetime: Lifetime,
    pub(crate) key: Arc<Key>,
    pub(crate) issuer: Arc<Issuer>,
    /// Length in bytes of the token's header and payload segments.
    pub(crate) bytes: usize,
    /// Validity of a result that depends on UserInfo. Without it, the result is valid as long as the token.
    pub(crate) term: Option<Term>,
    /// Whether `aud` contains one of the issuer's audiences, and not only the audience of another API.
    pub(crate) is_for_issuers_audience: bool,
}

/// Bounded cache of verified tokens. A rejection is stored only after a UserInfo request, so that repeated use of the
/// token does not repeat the request at once.
#[derive(Clone)]
pub(crate) struct VerifiedTokens(Option<Cache<Fingerprint, Verified>>);

impl VerifiedTokens {
    pub(crate) fn new(max_entries: u64) -> Self {
        let weigh = |_: &Fingerprint, verified: &Verified| {
            u32::try_from(verified.bytes / BYTES_PER_PLACE).unwrap_or(u32::MAX).saturating_add(1)
        };
        Self((max_entries > 0).then(|| Cache::builder().max_capacity(max_entries).weigher(weigh).build()))
    }

    /// Returns the cached result if it is still valid: the token's lifetime is checked again, and the issuer must still
    /// publish the key. Removes an invalid entry.
    pub(crate) fn get(&self, fingerprint: &Fingerprint, now: OffsetDateTime) -> Option<Verified> {
        let cache = self.0.as_ref()?;
        let known = cache.get(fingerprint)?;
        let is_stale = known.term.is_some_and(|term| !term.holds(now));
        if is_stale || known.key.is_retired() || known.lifetime.check(now, known.issuer.clock_skew).is_err() {
            cache.invalidate(fingerprint);
            return None;
        }
        Some(known)
    }

    pub(crate) fn insert(&self, fingerprint: Fingerprint, verified: Verified) {
        if let Some(cache) = self.0.as_ref().filter(|_| verified.outcome.is_ok() || verified.term.is_some()) {
            cache.insert(fingerprint, verified);
        }
    }
}
