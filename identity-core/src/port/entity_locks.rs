//! Port of entity locks, which serialize changes of entities that a directory stores outside the policy store.

use std::any::Any;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_lock::Mutex;
use async_trait::async_trait;

use super::StoreError;
use crate::entity::EntityKind;

/// Exclusive locks on directory entities, shared by all replicas.
///
/// A directory such as Keycloak replaces whole representations and has no preconditions. Without a lock,
/// read-modify-write cycles lose updates: a concurrent rename re-enables a user who was just disabled.
///
/// Contract:
/// - [`EntityLocks::lock`] returns once no other task of any replica holds a lock with the same key. Different keys may
///   share a lock, so a task must not acquire a second lock while it holds one.
/// - Dropping the [`EntityLock`] releases it. The end of the process or of its connection to the store releases it as
///   well.
/// - Callers supply their own timeout: dropping the future ends the wait. A store may time out by itself with
///   [`StoreError::Unavailable`], but not before ten seconds.
/// - A lock is held for seconds. A store may revoke it after [`LOCK_HELD_MAX`].
/// - [`EntityLocks::lock_directory`] acquires a separate lock, which no entity shares. Its holder may also lock
///   entities. A store may revoke it after `longest`, and not before.
/// - [`EntityLocks::lock_administrators`] acquires one more separate lock. A task may acquire it while it holds any of
///   the others, but must not acquire another lock while it holds this one.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EntityLocks: Send + Sync {
    /// Waits until the lock of an entity is free, and acquires it.
    async fn lock(&self, key: &LockKey) -> Result<EntityLock, StoreError>;

    /// Waits until the lock of the whole directory is free, and acquires it for work that takes at most `longest`.
    async fn lock_directory(&self, longest: Duration) -> Result<EntityLock, StoreError>;

    /// Waits until the lock of changes that can remove an administrator is free, and acquires it.
    async fn lock_administrators(&self) -> Result<EntityLock, StoreError>;
}

/// Time after which a store may revoke the lock of an entity. Holders must release it earlier.
pub const LOCK_HELD_MAX: Duration = Duration::from_secs(60);

/// Name of a lock: the kind and key of an entity, such as `GROUP/sales`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockKey(String);

impl LockKey {
    /// Returns the name of the lock of this entity.
    #[must_use]
    pub fn of(kind: EntityKind, key: &str) -> Self {
        Self(format!("{}/{key}", kind.as_str()))
    }

    /// The name as text. Entities of different kinds have different names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes the name to an index below `count`, for a fixed set of locks. Equal in all processes of the same build.
    #[must_use]
    pub fn place(&self, count: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let hash = hasher.finish() % u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        usize::try_from(hash).unwrap_or(0)
    }
}

/// A held lock. It is released when this value is dropped.
#[must_use = "dropping the lock releases it"]
pub struct EntityLock {
    _held: Vec<Box<dyn Any + Send + Sync>>,
}

impl EntityLock {
    /// Creates a lock from guards, such as a database connection and a mutex guard. Release drops them in this order.
    pub fn new(held: Vec<Box<dyn Any + Send + Sync>>) -> Self {
        Self { _held: held }
    }
}

impl fmt::Debug for EntityLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntityLock")
    }
}

/// Locks within one process; clones share them. Adapters acquire a local lock before the lock in the store, so that
/// only one task of the process per key waits for the store.
#[derive(Clone, Debug)]
pub struct LocalLocks {
    entities: Arc<[Arc<Mutex<()>>]>,
    directory: Arc<Mutex<()>>,
    administrators: Arc<Mutex<()>>,
}

impl LocalLocks {
    /// Number of locks: at most this many entities can be changed concurrently.
    const PLACES: usize = 64;
}

impl Default for LocalLocks {
    fn default() -> Self {
        let entities = (0..Self::PLACES).map(|_| Arc::default()).collect();
        Self { entities, directory: Arc::default(), administrators: Arc::default() }
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

    async fn lock_administrators(&self) -> Result<EntityLock, StoreError> {
        Ok(EntityLock::new(vec![Box::new(self.administrators.lock_arc().await)]))
    }
}
