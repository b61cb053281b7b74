//! Stateful in-memory fakes of the ports.

mod audit_log;
mod deletion_journal;
mod directory;
mod effects;
mod installation;
mod policy_store;
mod rows;
mod session_store;

pub use audit_log::MemoryAuditLog;
pub use deletion_journal::MemoryDeletionJournal;
pub use directory::MemoryDirectory;
pub use effects::{FixedClock, PlainCrypto, PlainPasswordHasher, SequentialIds};
pub use installation::MemoryInstallation;
pub use policy_store::MemoryPolicyStore;
pub use rows::Rows;
pub use session_store::MemorySessionStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A test that panicked with the lock held says so itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
