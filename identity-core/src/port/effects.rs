//! Time, randomness, ciphers and deliberate slowness, injected.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::value::{PasswordHash, Secret};

/// Time.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The time of day, in UTC. An operator may set it, forwards and back.
    fn now(&self) -> OffsetDateTime;

    /// Time since some moment in the past. It never goes back, and goes on while the process is suspended. Waits, ages and rates
    /// are measured with it.
    fn monotonic(&self) -> Duration;
}

/// Fresh identifiers.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// A text that nobody has seen before: a UUID.
    fn fresh(&self) -> String;
}

/// Randomness and ciphers.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Crypto: Send + Sync {
    /// 256 bits that nobody can guess. `None` when the machine has no randomness.
    fn random(&self) -> Option<[u8; 32]>;

    /// SHA-256 (FIPS 180-4).
    fn digest(&self, bytes: &[u8]) -> [u8; 32];

    /// HMAC-SHA256 (RFC 2104) with a key that only the replicas of this installation have.
    fn mac(&self, context: &[u8], bytes: &[u8]) -> [u8; 32];

    /// Encrypts what only the replicas of this installation shall read, and only in the same context. `None` when the machine
    /// has no randomness.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>>;

    /// What was sealed in this context, with the current key or an earlier one that is still known. `None` for anything else.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Whose password is verified: it decides what waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A user at an address where that user has signed in before, or work that was permitted.
    Familiar,
    /// Any other attempt, from this address. Strangers wait for familiar work, in a bounded queue.
    Stranger(Option<IpAddr>),
}

/// Too many attempts wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once; try again later")]
pub struct Busy {
    /// When to try again.
    pub retry_after: Duration,
}

/// Passwords to hashes. Expensive on purpose; implementations keep the work off the threads that serve requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A new hash of `password`, with a salt of its own: permitted work, which does not wait for strangers. `None` when the machine cannot make one (no memory, no
    /// randomness).
    async fn hash(&self, password: &Secret) -> Option<PasswordHash>;

    /// Whether `password` is the one that `hash` was made of. A text that is not a hash is nobody's password; to find that
    /// out takes as much work as a wrong password does.
    ///
    /// # Errors
    /// When the attempt is a stranger's and too many of them wait already; then nothing was verified.
    async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy>;

    /// Whether this was verified a moment ago, and so costs nothing now. Never true for a wrong password.
    async fn remembers(&self, password: &Secret, hash: &PasswordHash) -> bool;
}
