//! Verified tokens, kept until they expire or their key goes.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use identity_core::port::{TokenError, VerifiedToken};
use moka::sync::Cache;
use time::OffsetDateTime;

use crate::checks::Lifetime;
use crate::issuer::Issuer;
use crate::jwk::Key;
use crate::user_info::Term;

/// A longer token takes more than one of the places in the cache, which bounds the memory that it takes.
const BYTES_PER_PLACE: usize = 16 * 1024;

/// A token's digest: the cache holds no token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; SHA256_OUTPUT_LEN]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.iter_mut().zip(digest(&SHA256, token.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// What a token is known by that may be for another API. No token is known by it to [`Fingerprint::of`]: a token has no
    /// line break.
    pub(crate) fn for_resolution(token: &str) -> Self {
        Self::of(&format!("resolution\n{token}"))
    }
}

/// What was found out about a token whose signature, kind, audience and times are good.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) outcome: Result<Arc<VerifiedToken>, TokenError>,
    pub(crate) lifetime: Lifetime,
    pub(crate) key: Arc<Key>,
    pub(crate) issuer: Arc<Issuer>,
    /// How long the token is.
    pub(crate) bytes: usize,
    /// How long that counts, when it rests on UserInfo; as long as the token otherwise.
    pub(crate) term: Option<Term>,
}

/// A bounded number of verified tokens. A refused one is in it only when UserInfo was asked about it, so that showing it
/// again does not ask again at once.
#[derive(Clone)]
pub(crate) struct VerifiedTokens(Option<Cache<Fingerprint, Verified>>);

impl VerifiedTokens {
    pub(crate) fn new(max_entries: u64) -> Self {
        let weigh = |_: &Fingerprint, verified: &Verified| {
            u32::try_from(verified.bytes / BYTES_PER_PLACE).unwrap_or(u32::MAX).saturating_add(1)
        };
        Self((max_entries > 0).then(|| Cache::builder().max_capacity(max_entries).weigher(weigh).build()))
    }

    /// What is known of a token, if that still holds: the same times are checked as at first, and the key must still be one
    /// of its issuer's.
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
