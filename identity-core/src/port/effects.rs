//! Time, randomness, ciphers and deliberate slowness, injected.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::value::{PasswordHash, Secret};

/// The time of day.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> OffsetDateTime;
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

    /// Encrypts what only the replicas of this installation shall read, and only in the same context. `None` when the machine
    /// has no randomness.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>>;

    /// What was sealed in this context, with the current key or an earlier one that is still known. `None` for anything else.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Passwords to hashes. Expensive on purpose; implementations keep the work off the threads that serve requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A new hash of `password`, with a salt of its own. `None` when the machine cannot make one (no memory, no
    /// randomness).
    async fn hash(&self, password: &Secret) -> Option<PasswordHash>;

    /// Whether `password` is the one that `hash` was made of. A text that is not a hash is nobody's password; to find that
    /// out takes as much work as a wrong password does.
    async fn verify(&self, password: &Secret, hash: &PasswordHash) -> bool;

    /// Whether this was verified a moment ago, and so costs nothing now. Never true for a wrong password.
    async fn remembers(&self, password: &Secret, hash: &PasswordHash) -> bool;
}
