//! In-memory fakes of the ports, for tests. They keep state and follow the same contracts as real adapters.

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

/// Locks a mutex even if it is poisoned: a test that panicked while holding the lock reports the panic itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
