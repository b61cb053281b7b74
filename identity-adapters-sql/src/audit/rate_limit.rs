//! Rate limit for writes to the audit log, which compete with policy changes for the database.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity_core::entity::AuditEvent;
use identity_core::port::StoreError;
use tokio::time::{Instant, sleep_until, timeout};

/// Timeout for writing the entries of one transaction, including the wait for the write lock.
const APPEND_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a group of denials, as a multiple of the time that writing the group took. Applies while there are other
/// writers.
const PAUSES: u32 = 15;
/// Maximum length of the pause after a group of denials.
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// Rate limit for audit entries of denials. They are written in groups, one transaction per group. While there are
/// other writers, a pause of 15 times the write time, at most 500 ms, follows each group. A change therefore waits for
/// at most one group.
#[derive(Debug, Default)]
pub struct AuditPace(Mutex<Option<Last>>);

#[derive(Clone, Copy, Debug)]
struct Last {
    /// Earliest time at which the next group may be written if there are other writers.
    until: Instant,
    /// Number of transactions that had been requested when the group began.
    transactions: u64,
}

impl AuditPace {
    fn last(&self) -> MutexGuard<'_, Option<Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the next group of denials may be written. Returns immediately if an entry is not a denial, or if no
    /// other transaction was requested since the last group. `transactions` is the number of transactions requested so
    /// far, including those of the audit log.
    pub async fn wait(&self, events: &[AuditEvent], transactions: u64) {
        let last = *self.last();
        let has_others = |last: &Last| last.transactions + 1 < transactions;
        if let Some(last) = last.filter(has_others)
            && events.iter().all(AuditEvent::is_denial)
        {
            sleep_until(last.until).await;
        }
    }

    /// Records that a group of denials was written in the time `held`. `transactions` is the number of transactions
    /// that were requested before the group. Ignored if an entry is not a denial.
    pub fn note(&self, events: &[AuditEvent], transactions: u64, held: Duration) {
        if !events.iter().all(AuditEvent::is_denial) {
            return;
        }
        let until = Instant::now() + (held * PAUSES).min(MAX_PAUSE);
        *self.last() = Some(Last { until, transactions });
    }
}

/// Runs `append` with a timeout of 5 s. On timeout, its transaction is rolled back.
///
/// # Errors
/// If `append` fails or times out.
pub async fn append_in_time<T>(append: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(APPEND_TIMEOUT, append).await.unwrap_or_else(|_| {
        let message = format!("audit entries were not written within {APPEND_TIMEOUT:?}");
        Err(StoreError::Unavailable(Box::new(io::Error::new(io::ErrorKind::TimedOut, message))))
    })
}

#[cfg(test)]
mod tests {
    use identity_core::entity::{Actor, AuditEntity, AuditOperation, AuditResult, EntityKind, FieldChanges};
    use time::OffsetDateTime;

    use super::*;

    const HELD: Duration = Duration::from_millis(4);

    fn event(result: AuditResult) -> AuditEvent {
        AuditEvent {
            key: 0,
            at: OffsetDateTime::UNIX_EPOCH,
            actor: Actor::System,
            issuer: None,
            operation: AuditOperation::Create,
            entity: AuditEntity { kind: EntityKind::Group, key: String::new() },
            related: None,
            result,
            reason: None,
            revision: None,
            request_id: None,
            changes: FieldChanges::default(),
        }
    }

    async fn waits(pace: &AuditPace, result: AuditResult, transactions: u64) -> bool {
        let begun = Instant::now();
        pace.wait(&[event(result)], transactions).await;
        begun.elapsed() > HELD * PAUSES / 2
    }

    #[tokio::test]
    async fn the_next_denials_leave_time_to_others_if_there_are_any() {
        use AuditResult::{Denied, Fail};
        let pace = AuditPace::default();
        assert!(!waits(&pace, Denied, 8).await, "the first");
        pace.note(&[event(Denied)], 8, HELD);
        assert!(!waits(&pace, Denied, 9).await, "no other asked since");
        assert!(!waits(&pace, Fail, 10).await, "the outcome of a permitted attempt");
        assert!(waits(&pace, Denied, 10).await);
        assert!(!waits(&pace, Denied, 10).await, "the time is over");
    }
}
