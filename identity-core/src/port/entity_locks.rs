//! Port of entity locks, which serialize the changes of an entity that is stored outside the policy store.

use std::any::Any;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_lock::Mutex;
use async_trait::async_trait;

use super::StoreError;
use crate::entity::EntityKind;

/// Exclusive locks across all replicas, one per directory entity.
///
/// A directory such as Keycloak replaces whole representations and has no preconditions. A read-modify-write cycle
/// without a lock loses updates: a rename that began earlier re-enables a user who was disabled in the meantime.
///
/// Contract:
/// - [`EntityLocks::lock`] returns once no other replica and no other task holds a lock with the same key. Different
///   keys may share a lock, so a holder must not acquire a second one.
/// - Dropping the [`EntityLock`] releases it. So does the end of the process, or of its connection to the store.
/// - Callers supply their own timeout: dropping the future ends the wait. A store may time out by itself with
///   [`StoreError::Unavailable`], but not before ten seconds.
/// - A lock is held for seconds. A store may revoke it after [`LOCK_HELD_MAX`].
/// - [`EntityLocks::lock_directory`] acquires a separate lock that no entity shares; its holder may also lock entities.
///   A store may revoke it after `longest`, and not before.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EntityLocks: Send + Sync {
    /// Waits for the lock of an entity.
    async fn lock(&self, key: &LockKey) -> Result<EntityLock, StoreError>;

    /// Waits for the directory-wide lock, for work that takes at most `longest`.
    async fn lock_directory(&self, longest: Duration) -> Result<EntityLock, StoreError>;
}

/// Maximum time for which a lock may be held. Holders must finish earlier.
pub const LOCK_HELD_MAX: Duration = Duration::from_secs(60);

/// Key of a lock: the kind and key of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockKey(String);

impl LockKey {
    /// Returns the lock key of an entity.
    #[must_use]
    pub fn of(kind: EntityKind, key: &str) -> Self {
        Self(format!("{}/{key}", kind.as_str()))
    }

    /// The key as text, unique across kinds.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Maps the key to an index below `count`. Equal keys map to the same index in all processes that run the same
    /// build.
    #[must_use]
    pub fn place(&self, count: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let hash = hasher.finish() % u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        usize::try_from(hash).unwrap_or(0)
    }
}

/// A held lock. Dropping it releases the lock.
#[must_use = "dropping the lock releases it"]
pub struct EntityLock {
    _held: Vec<Box<dyn Any + Send + Sync>>,
}

impl EntityLock {
    /// Creates a lock from the values that hold it. When the lock is released, they are dropped in order.
    pub fn new(held: Vec<Box<dyn Any + Send + Sync>>) -> Self {
        Self { _held: held }
    }
}

impl fmt::Debug for EntityLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntityLock")
    }
}

/// Locks within one process, shared by clones. Adapters acquire a local lock before the lock in the store, so that only
/// one task of the process per key waits for the store.
#[derive(Clone, Debug)]
pub struct LocalLocks {
    entities: Arc<[Arc<Mutex<()>>]>,
    directory: Arc<Mutex<()>>,
}

impl LocalLocks {
    /// Number of locks, and so the maximum number of entities that can be changed concurrently.
    const PLACES: usize = 64;
}

impl Default for LocalLocks {
    fn default() -> Self {
        Self { entities: (0..Self::PLACES).map(|_| Arc::default()).collect(), directory: Arc::default() }
    }
}

#[async_trait]
impl EntityLocks for LocalLocks {
    async fn lock(&self, key: &LockKey) -> Result<EntityLock, StoreError> {
        let place = self.entities.get(key.place(self.entities.len())).map(Arc::clone).unwrap_or_default();
        Ok(EntityLock::new(vec![Box::new(place.lock_arc().await)]))
    }

    async fn lock_directory(&self, _longest: Duration) -> Result<EntityLock, StoreError> {
        Ok(EntityLock::new(vec![Box::new(self.directory.lock_arc().await)]))
    }
}
