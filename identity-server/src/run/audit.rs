//! Keeps the audit log within its bounds while the server serves.

use std::sync::Arc;
use std::time::Duration;

use identity_core::engine::Engine;
use identity_core::port::AuditLog;
use tracing::warn;

use crate::config::Audit;

/// How often counts of repeated refusals are recorded.
const RECORD_EVERY: Duration = Duration::from_secs(5);
/// How many of those intervals pass between two looks for old entries.
const PRUNE_EVERY: u32 = 12;
/// Entries that are removed in one transaction.
const BATCH: u32 = 1000;
/// Transactions in one look, with a pause after each: other writers come first.
const BATCHES: usize = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// Records counts and removes old entries, for as long as the server runs.
pub(super) async fn keep(engine: Arc<Engine>, log: Arc<dyn AuditLog>, retention: Audit) {
    let mut rounds = 0_u32;
    loop {
        engine.record_repeats(false).await;
        metrics::counter!("identity_audit_refusals_counted_total").absolute(engine.counted_refusals());
        if rounds.is_multiple_of(PRUNE_EVERY) {
            prune(&engine, log.as_ref(), retention).await;
        }
        rounds = rounds.wrapping_add(1);
        tokio::time::sleep(RECORD_EVERY).await;
    }
}

async fn prune(engine: &Engine, log: &dyn AuditLog, retention: Audit) {
    let before = engine.clock().now() - retention.max_age;
    for _ in 0..BATCHES {
        match log.prune(before, retention.max_entries, BATCH).await {
            Ok(0) => break,
            Ok(removed) => metrics::counter!("identity_audit_entries_removed_total").increment(removed),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "audit.prune.failed");
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    match log.size().await {
        #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
        Ok(size) => metrics::gauge!("identity_audit_entries").set(size as f64),
        Err(error) => warn!(error = &error as &dyn std::error::Error, "audit.size.failed"),
    }
}
