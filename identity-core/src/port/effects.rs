//! Ports of side effects: time, randomness, cryptography and password hashing.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::value::{PasswordHash, Secret};

/// Wall clock and monotonic clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Current time in UTC. An operator may set the clock forwards or back.
    fn now(&self) -> OffsetDateTime;

    /// Time since an arbitrary moment in the past. Never goes back, and advances while the process is suspended. Use it
    /// to measure waits, ages and rates.
    fn monotonic(&self) -> Duration;
}

/// Generator of unique identifiers.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// Returns a new UUID.
    fn fresh(&self) -> String;
}

/// Randomness and cryptographic primitives.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Crypto: Send + Sync {
    /// Returns 256 unpredictable bits. `None` if the system provides no randomness.
    fn random(&self) -> Option<[u8; 32]>;

    /// SHA-256 (FIPS 180-4).
    fn digest(&self, bytes: &[u8]) -> [u8; 32];

    /// HMAC-SHA256 (RFC 2104) with a key known only to the replicas of this installation.
    fn mac(&self, context: &[u8], bytes: &[u8]) -> [u8; 32];

    /// Encrypts data for the replicas of this installation. Decryption requires the same `context`. `None` if the
    /// system provides no randomness.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>>;

    /// Decrypts data that was sealed in the same `context`, with the current key or a known earlier key. `None` for any
    /// other data.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Priority class of a password verification, which determines its position in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A user at an address from which that user signed in before, or work that was already authorized.
    Familiar,
    /// Any other attempt, with the client address if it is known. Such attempts wait until no familiar work is queued,
    /// in a bounded queue.
    Stranger(Option<IpAddr>),
}

/// Error for an attempt that is rejected because too many attempts are waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once; try again later")]
pub struct Busy {
    /// Time to wait before a retry.
    pub retry_after: Duration,
}

/// Password hashing. Expensive by design; implementations run it outside the threads that serve requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with a fresh salt, with the priority of [`Standing::Familiar`]. `None` if hashing is not
    /// possible: out of memory, no randomness, or a full queue.
    async fn hash(&self, password: &Secret) -> Option<PasswordHash>;

    /// Hashes several passwords in parallel and returns the hashes in the same order. Yields to other hashing and
    /// verification. `None` if one of them cannot be hashed, or if the queue is full.
    async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>>;

    /// Imports a hash from another system, if passwords can be verified against it at bounded cost. Accepts PHC strings
    /// of Argon2 (`$argon2id$…`) and bcrypt (`$2a$…`, `$2b$…`, `$2y$…`, also after `{bcrypt}`).
    fn import(&self, stored: &str) -> Option<PasswordHash>;

    /// Verifies a password against a hash. Returns false if `hash` is not a valid hash, at the same cost as for a wrong
    /// password.
    ///
    /// # Errors
    /// If too many attempts with this standing are waiting. The password is then not verified.
    async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy>;

    /// Returns true if the password was recently verified against the hash, so that verifying it again is cheap. Never
    /// true for a wrong password.
    async fn remembers(&self, password: &Secret, hash: &PasswordHash) -> bool;
}
