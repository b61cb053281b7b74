//! One change per entity at a time, for entities that live outside the store.

use std::any::Any;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_lock::Mutex;
use async_trait::async_trait;

use super::StoreError;
use crate::entity::EntityKind;

/// Exclusive locks over all replicas, one per entity of a directory.
///
/// A directory such as Keycloak replaces whole representations and has no preconditions. A read-modify-write without a lock
/// loses updates: a rename that began earlier re-enables a user who was disabled meanwhile.
///
/// Contract:
/// - [`EntityLocks::lock`] returns when no other replica and no other task holds a lock of the same key. Different keys may
///   share a lock, so a holder takes no second one.
/// - Dropping the [`EntityLock`] releases it. So does the end of its process, and of its connection to the store.
/// - Callers bring their own timeout: dropping the future gives up the place in the queue. A store may give up by itself with
///   [`StoreError::Unavailable`], after ten seconds at the earliest.
/// - A lock is held for seconds. A store may take it away after [`LOCK_HELD_MAX`].
/// - [`EntityLocks::lock_directory`] is one more lock, which no entity shares: its holder locks entities as well. A store may
///   take it away after `longest`, and not before.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EntityLocks: Send + Sync {
    /// Waits for the lock of an entity.
    async fn lock(&self, key: &LockKey) -> Result<EntityLock, StoreError>;

    /// Waits for the lock of the directory as a whole, for work that takes at most `longest`.
    async fn lock_directory(&self, longest: Duration) -> Result<EntityLock, StoreError>;
}

/// How long a lock is held at most. A holder ends its work earlier.
pub const LOCK_HELD_MAX: Duration = Duration::from_secs(60);

/// The name of a lock: the kind and the key of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockKey(String);

impl LockKey {
    /// The lock of an entity.
    #[must_use]
    pub fn of(kind: EntityKind, key: &str) -> Self {
        Self(format!("{}/{key}", kind.as_str()))
    }

    /// The name, unique over kinds.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of `count` places, the same for equal keys within a process and between processes of one build.
    #[must_use]
    pub fn place(&self, count: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let hash = hasher.finish() % u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        usize::try_from(hash).unwrap_or(0)
    }
}

/// A held lock; dropping it releases the lock.
#[must_use = "dropping the lock releases it"]
pub struct EntityLock {
    _held: Vec<Box<dyn Any + Send + Sync>>,
}

impl EntityLock {
    /// A lock that lasts as long as `held`. Parts are released in their order.
    pub fn new(held: Vec<Box<dyn Any + Send + Sync>>) -> Self {
        Self { _held: held }
    }
}

impl fmt::Debug for EntityLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntityLock")
    }
}

/// Locks within one process. Clones share them. Adapters queue here first, so that one task per key waits for the store.
#[derive(Clone, Debug)]
pub struct LocalLocks {
    entities: Arc<[Arc<Mutex<()>>]>,
    directory: Arc<Mutex<()>>,
}

impl LocalLocks {
    /// How many entities can be changed at the same time.
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
