use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::lock;
use crate::port::{Busy, Clock, Crypto, Ids, PasswordHasher, Standing};
use crate::value::{PasswordHash, Secret};

/// [`Clock`] that stands still, except when [`FixedClock::set`] or [`FixedClock::advance`] is called.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<OffsetDateTime>,
    monotonic: Mutex<std::time::Duration>,
}

impl FixedClock {
    /// Creates a clock whose wall time is `now` and whose monotonic time is zero.
    #[must_use]
    pub fn new(now: OffsetDateTime) -> Self {
        Self { now: Mutex::new(now), monotonic: Mutex::default() }
    }

    /// Sets the wall time, as an operator would. The monotonic time does not change.
    pub fn set(&self, now: OffsetDateTime) {
        *lock(&self.now) = now;
    }

    /// Advances the wall time and the monotonic time. A negative `by` sets only the wall time back.
    pub fn advance(&self, by: Duration) {
        *lock(&self.now) += by;
        *lock(&self.monotonic) += std::time::Duration::try_from(by).unwrap_or_default();
    }
}

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        *lock(&self.now)
    }

    fn monotonic(&self) -> std::time::Duration {
        *lock(&self.monotonic)
    }
}

/// [`Ids`] that count from 1 in UUID form: `00000000-0000-4000-8000-000000000001`, `…2` and so on.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl Ids for SequentialIds {
    fn fresh(&self) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{number:012x}")
    }
}

/// [`Crypto`] with predictable values and without any security. For tests only.
#[derive(Debug, Default)]
pub struct PlainCrypto(AtomicU64);

impl Crypto for PlainCrypto {
    fn random(&self) -> Option<[u8; 32]> {
        Some(self.digest(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()))
    }

    /// Concatenates four 64-bit FNV-1a hashes with different seeds. Fast, but not collision-resistant.
    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let hash = |seed: u64| {
            let start = 0xcbf2_9ce4_8422_2325 ^ seed;
            bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
        };
        let mut digest = [0; 32];
        digest.chunks_mut(8).zip(1..).for_each(|(part, seed)| part.copy_from_slice(&hash(seed).to_be_bytes()));
        digest
    }

    fn mac(&self, context: &[u8], bytes: &[u8]) -> [u8; 32] {
        self.digest(&[context, b"\0", bytes].concat())
    }

    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        Some([&context.len().to_be_bytes(), context, plain].concat())
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let empty = self.seal(context, &[])?;
        sealed.strip_prefix(empty.as_slice()).map(<[u8]>::to_vec)
    }
}

/// [`PasswordHasher`] that stores passwords in plain text (`$plain$…`). Fast and insecure, for tests only.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainPasswordHasher;

fn plain(password: &Secret) -> PasswordHash {
    PasswordHash::new(format!("$plain${}", password.expose()))
}

#[async_trait]
impl PasswordHasher for PlainPasswordHasher {
    async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
        Some(plain(password))
    }

    async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>> {
        Some(passwords.iter().map(plain).collect())
    }

    fn import(&self, stored: &str) -> Option<PasswordHash> {
        stored.starts_with("$plain$").then(|| PasswordHash::new(stored.to_owned()))
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash, _: Standing) -> Result<bool, Busy> {
        Ok(*hash == plain(password))
    }

    async fn remembers(&self, _: &Secret, _: &PasswordHash) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_when_told() {
        let clock = FixedClock::new(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::HOUR);
        assert_eq!(clock.now(), OffsetDateTime::UNIX_EPOCH + Duration::HOUR);
        clock.set(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), OffsetDateTime::UNIX_EPOCH);
    }

    #[test]
    fn ids_are_fresh() {
        let ids = SequentialIds::default();
        assert_ne!(ids.fresh(), ids.fresh());
    }
}
