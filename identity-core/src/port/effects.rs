//! Ports of side effects: clock, id generation, randomness, cryptography and password hashing.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::value::{PasswordHash, Secret};

/// Source of time: the wall clock for timestamps and expiration, and a monotonic clock for durations.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Current time in UTC. It may jump in both directions when an operator or a time service sets the clock.
    fn now(&self) -> OffsetDateTime;

    /// Time since an arbitrary fixed moment, to measure durations. Never decreases; advances while the process is
    /// suspended.
    fn monotonic(&self) -> Duration;
}

/// Generator of unique ids, for example for requests, groups and deletions.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// Returns a new UUID in its text form with hyphens, which no earlier call returned.
    fn fresh(&self) -> String;
}

/// Random numbers and cryptographic primitives. The replicas of an installation share the keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Crypto: Send + Sync {
    /// Returns 256 bits from a cryptographically secure generator. `None` if the system provides no randomness.
    fn random(&self) -> Option<[u8; 32]>;

    /// Returns the SHA-256 digest of `bytes` (FIPS 180-4).
    fn digest(&self, bytes: &[u8]) -> [u8; 32];

    /// Returns the HMAC-SHA256 (RFC 2104) of `bytes` under the key of this installation. `context` separates uses of
    /// the key: the same bytes have different MACs in different contexts.
    fn mac(&self, context: &[u8], bytes: &[u8]) -> [u8; 32];

    /// Encrypts and authenticates `plain` so that only replicas of this installation can decrypt it, in the same
    /// `context`. `None` if the system provides no randomness.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>>;

    /// Decrypts data that [`Crypto::seal`] returned for the same `context`, with the current key or a retained earlier
    /// key. `None` if the data is modified, from another context, or sealed with an unknown key.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Priority of a password verification, which determines its place in the queue of the hasher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// High: the user has signed in from this address before, or the work is already authorized.
    Familiar,
    /// Low: any other attempt, with the client address if known. Waits until no familiar work is queued.
    Stranger(Option<IpAddr>),
}

/// Error for a password verification that is rejected because too many others are queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once; try again later")]
pub struct Busy {
    /// Time to wait before the caller tries again.
    pub retry_after: Duration,
}

/// Password hashing. Expensive by design; implementations run it outside the threads that serve requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with a new random salt, with the priority of [`Standing::Familiar`]. `None` if memory or
    /// randomness is missing, or if the queue is full.
    async fn hash(&self, password: &Secret) -> Option<PasswordHash>;

    /// Hashes several passwords in parallel, each with a new salt, and returns the hashes in the same order. Other
    /// hashing and verification takes precedence. `None` if any password cannot be hashed, or if the queue is full.
    async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>>;

    /// Accepts a password hash from another system. Supports PHC strings of Argon2 (`$argon2id$…`) and bcrypt (`$2a$…`,
    /// `$2b$…`, `$2y$…`, also with the prefix `{bcrypt}`). `None` for other formats, and for hashes that cost too much
    /// to verify.
    fn import(&self, stored: &str) -> Option<PasswordHash>;

    /// Returns true if the password matches the hash. Returns false if `hash` is not a valid hash, at the same cost as
    /// for a wrong password.
    ///
    /// # Errors
    /// If too many attempts with this standing are queued. The password is then not verified.
    async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy>;

    /// Returns true if a recent successful verification of this password is cached, so that repeating it is cheap.
    async fn remembers(&self, password: &Secret, hash: &PasswordHash) -> bool;
}
