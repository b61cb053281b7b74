//! Short-lived cache of verified passwords. With it, HTTP Basic costs one slow hash per cache lifetime instead of one
//! per request (docs/reference/orchestration-cluster.md §5.1).
//!
//! An entry records that a password matches a *stored hash*. Callers look up that hash in the world for each request,
//! so changed passwords and removed users take effect immediately. Entries contain neither password nor hash: they are
//! digests under a random key that never leaves this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::{self, Context, HMAC_SHA256, Key};
use aws_lc_rs::rand::SystemRandom;
use identity_core::port::{Busy, Clock, PasswordHasher, Standing};
use identity_core::value::{PasswordHash, Secret};
use moka::future::Cache;

/// Maximum number of verifications that the cache holds.
const MAX_ENTRIES: u64 = 10_000;

/// Password hasher that caches the successful verifications of another one. Failures are never cached.
pub struct CachedPasswordHasher {
    slow: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
    key: Key,
    /// Monotonic time of each successful verification, by the digest of hash and password.
    verified: Cache<Digest, Duration>,
}

/// HMAC-SHA-256 of a stored hash and a password, used as cache key.
type Digest = [u8; 32];

impl CachedPasswordHasher {
    /// Creates a hasher that caches the successes of `slow` for `lifetime`; zero disables the cache.
    ///
    /// # Errors
    /// Returns an error if the system random number generator fails.
    pub fn new(slow: Arc<dyn PasswordHasher>, clock: Arc<dyn Clock>, lifetime: Duration) -> Result<Self, Unspecified> {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new())?;
        Ok(Self { slow, clock, lifetime, key, verified: Cache::new(MAX_ENTRIES) })
    }

    /// Returns the cache key of a hash and a password (HMAC, RFC 2104). The length prefix separates the two inputs
    /// unambiguously.
    fn digest(&self, password: &Secret, hash: &PasswordHash) -> Option<Digest> {
        let mut context = Context::with_key(&self.key);
        let hash = hash.expose().as_bytes();
        context.update(&u64::try_from(hash.len()).ok()?.to_be_bytes());
        context.update(hash);
        context.update(password.expose().as_bytes());
        let tag: hmac::Tag = context.sign();
        tag.as_ref().try_into().ok()
    }

    async fn is_fresh(&self, digest: &Digest) -> bool {
        let Some(then) = self.verified.get(digest).await else { return false };
        self.clock.monotonic().saturating_sub(then) < self.lifetime
    }
}

#[async_trait]
impl PasswordHasher for CachedPasswordHasher {
    async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
        self.slow.hash(password).await
    }

    async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>> {
        self.slow.hash_all(passwords).await
    }

    fn import(&self, stored: &str) -> Option<PasswordHash> {
        self.slow.import(stored)
    }

    /// Uses the cache, with single flight: concurrent verifications of the same password and hash share one call.
    async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy> {
        let Some(digest) = self.digest(password, hash) else { return Ok(false) };
        if self.is_fresh(&digest).await {
            return Ok(true);
        }
        self.verified.invalidate(&digest).await;
        let slowly = async {
            let verified = self.slow.verify(password, hash, standing).await.map_err(Some)?;
            if verified { Ok(self.clock.monotonic()) } else { Err(None) }
        };
        match self.verified.try_get_with(digest, slowly).await {
            Ok(_) => Ok(true),
            Err(failure) => failure.map_or(Ok(false), Err),
        }
    }

    async fn remembers(&self, password: &Secret, hash: &PasswordHash) -> bool {
        match self.digest(password, hash) {
            Some(digest) => self.is_fresh(&digest).await,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use identity_core::fake::{FixedClock, PlainPasswordHasher};
    use tokio::sync::Semaphore;

    use super::*;

    /// Counts verifications. Each one waits for a permit.
    struct Counting {
        verifications: AtomicUsize,
        released: Semaphore,
    }

    #[async_trait]
    impl PasswordHasher for Counting {
        async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
            PlainPasswordHasher.hash(password).await
        }

        async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>> {
            PlainPasswordHasher.hash_all(passwords).await
        }

        fn import(&self, stored: &str) -> Option<PasswordHash> {
            PlainPasswordHasher.import(stored)
        }

        async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy> {
            self.verifications.fetch_add(1, Ordering::Relaxed);
            self.released.acquire().await.unwrap().forget();
            PlainPasswordHasher.verify(password, hash, standing).await
        }

        async fn remembers(&self, _: &Secret, _: &PasswordHash) -> bool {
            false
        }
    }

    struct Setup {
        slow: Arc<Counting>,
        clock: Arc<FixedClock>,
        cached: CachedPasswordHasher,
    }

    fn setup(released: usize) -> Setup {
        setup_for(released, Duration::from_secs(60))
    }

    fn setup_for(released: usize, lifetime: Duration) -> Setup {
        let slow = Arc::new(Counting { verifications: AtomicUsize::new(0), released: Semaphore::new(released) });
        let clock = Arc::new(FixedClock::new(time::OffsetDateTime::UNIX_EPOCH));
        let cached = CachedPasswordHasher::new(Arc::clone(&slow) as _, Arc::clone(&clock) as _, lifetime).unwrap();
        Setup { slow, clock, cached }
    }

    impl Setup {
        async fn verify(&self, password: &Secret, hash: &PasswordHash) -> bool {
            self.cached.verify(password, hash, Standing::Familiar).await.unwrap()
        }

        fn verifications(&self) -> usize {
            self.slow.verifications.load(Ordering::Relaxed)
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_right_password_is_hashed_once_in_a_lifetime() {
        let setup = setup(9);
        let (password, hash) = (secret("p"), setup.cached.hash(&secret("p")).await.unwrap());
        assert!(!setup.cached.remembers(&password, &hash).await);
        for _ in 0..5 {
            assert!(setup.verify(&password, &hash).await);
            assert!(setup.cached.remembers(&password, &hash).await);
        }
        assert_eq!(setup.verifications(), 1);

        setup.clock.advance(time::Duration::seconds(59));
        assert!(setup.verify(&password, &hash).await);
        assert_eq!(setup.verifications(), 1);
        setup.clock.advance(time::Duration::seconds(1));
        assert!(!setup.cached.remembers(&password, &hash).await);
        assert!(setup.verify(&password, &hash).await);
        assert_eq!(setup.verifications(), 2);
        // Changes of the wall clock have no effect.
        for hours in [-1, 2] {
            setup.clock.set(setup.clock.now() + time::Duration::hours(hours));
            assert!(setup.cached.remembers(&password, &hash).await);
        }
    }

    #[tokio::test]
    async fn a_wrong_password_is_never_remembered() {
        let setup = setup(9);
        let hash = setup.cached.hash(&secret("p")).await.unwrap();
        assert!(setup.verify(&secret("p"), &hash).await);
        for _ in 0..3 {
            assert!(!setup.verify(&secret("q"), &hash).await);
            assert!(!setup.cached.remembers(&secret("q"), &hash).await);
        }
        assert_eq!(setup.verifications(), 4);
    }

    #[tokio::test]
    async fn a_changed_hash_is_another() {
        let setup = setup(9);
        let hash = setup.cached.hash(&secret("p")).await.unwrap();
        assert!(setup.verify(&secret("p"), &hash).await);
        let changed = setup.cached.hash(&secret("q")).await.unwrap();
        assert!(!setup.cached.remembers(&secret("p"), &changed).await);
        assert!(!setup.verify(&secret("p"), &changed).await);
        // The digest covers the boundary between hash and password.
        let digest =
            |password: &str, hash: &str| setup.cached.digest(&secret(password), &PasswordHash::new(hash.into()));
        assert_eq!(digest("bc", "a"), digest("bc", "a"));
        assert_ne!(digest("bc", "a"), digest("c", "ab"));
    }

    #[tokio::test]
    async fn a_burst_is_hashed_once() {
        for (password, right) in [("p", true), ("q", false)] {
            let setup = setup(0);
            let (password, hash) = (secret(password), setup.cached.hash(&secret("p")).await.unwrap());
            let burst = join_all((0..20).map(|_| setup.verify(&password, &hash)));
            let release = async { setup.slow.released.add_permits(1) };
            let (answers, ()) = futures_util::join!(burst, release);
            assert_eq!(answers, [right; 20]);
            assert_eq!(setup.verifications(), 1);
        }
    }

    #[tokio::test]
    async fn without_a_lifetime_nothing_is_remembered() {
        let setup = setup_for(9, Duration::ZERO);
        let hash = setup.cached.hash(&secret("p")).await.unwrap();
        for _ in 0..3 {
            assert!(setup.verify(&secret("p"), &hash).await);
            assert!(!setup.cached.remembers(&secret("p"), &hash).await);
        }
        assert_eq!(setup.verifications(), 3);
    }
}
