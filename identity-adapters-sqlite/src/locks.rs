//! Locks of directory entities, for several processes that share one database file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use identity_core::port::{EntityLock, EntityLocks, LocalLocks, LockKey, StoreError};

/// Retry interval while another process holds a lock.
const RETRY_EVERY: Duration = Duration::from_millis(10);
/// Number of lock files. Two entities that map to the same file wait for each other.
const FILES: usize = 16;

/// [`EntityLocks`] for SQLite: a queue within a process, and advisory locks of the operating system between processes,
/// on files next to the database. The operating system releases the locks of a process that ends.
#[derive(Debug)]
pub struct SqliteEntityLocks {
    local: LocalLocks,
    database: PathBuf,
}

impl SqliteEntityLocks {
    pub(crate) fn new(database: &Path) -> Self {
        Self { local: LocalLocks::default(), database: database.to_owned() }
    }

    fn open(&self, suffix: &str) -> io::Result<File> {
        let mut name = self.database.clone().into_os_string();
        name.push(format!("-lock-{suffix}"));
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        options.create(true).append(true).open(PathBuf::from(name))
    }

    /// Waits until no other process holds the lock of a file, and acquires it. Has no timeout.
    async fn locked(&self, suffix: &str) -> Result<File, StoreError> {
        let file = self.open(suffix).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(RETRY_EVERY).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

fn failed(error: io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

#[async_trait]
impl EntityLocks for SqliteEntityLocks {
    async fn lock(&self, key: &LockKey) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock(key).await?;
        let file = self.locked(&format!("{:02}", key.place(FILES))).await?;
        Ok(EntityLock::new(vec![Box::new(file), Box::new(turn)]))
    }

    async fn lock_directory(&self, longest: Duration) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock_directory(longest).await?;
        let file = self.locked("directory").await?;
        Ok(EntityLock::new(vec![Box::new(file), Box::new(turn)]))
    }

    async fn lock_administrators(&self) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock_administrators().await?;
        let file = self.locked("administrators").await?;
        Ok(EntityLock::new(vec![Box::new(file), Box::new(turn)]))
    }
}
