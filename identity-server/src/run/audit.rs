//! Background upkeep of the audit log: records counts and enforces retention.

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_core::engine::Engine;
use identity_core::port::AuditLog;
use tracing::warn;

use crate::config::Audit;

/// Interval for recording the counts of repeated refusals and of lost entries.
const RECORD_EVERY: Duration = Duration::from_secs(5);
/// Pause between two pruning runs of the audit log.
const PRUNE_EVERY: Duration = Duration::from_mins(1);
/// Maximum number of entries removed per transaction. Writers wait for the transaction, so it is short.
const BATCH: u32 = 250;
/// Maximum number of transactions per pruning run.
const BATCHES: usize = 800;
/// Minimum pause after each transaction. The pause also lasts at least [`PAUSES`] times as long as the transaction, so
/// that other writers get access to the store.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSES: u32 = 9;

/// Records counts and prunes old entries until the server stops.
pub(super) async fn keep(engine: Arc<Engine>, log: Arc<dyn AuditLog>, retention: Audit) {
    tokio::join!(record(&engine), remove_old(&engine, log.as_ref(), retention));
}

async fn record(engine: &Engine) {
    loop {
        engine.record_counts(false).await;
        metrics::counter!("identity_audit_refusals_counted_total").absolute(engine.counted_refusals());
        metrics::counter!("identity_audit_entries_lost_total").absolute(engine.lost_audit_entries());
        tokio::time::sleep(RECORD_EVERY).await;
    }
}

async fn remove_old(engine: &Engine, log: &dyn AuditLog, retention: Audit) {
    loop {
        prune(engine, log, retention).await;
        tokio::time::sleep(PRUNE_EVERY).await;
    }
}

async fn prune(engine: &Engine, log: &dyn AuditLog, retention: Audit) {
    let before = engine.clock().now() - retention.max_age;
    for _ in 0..BATCHES {
        let begun = Instant::now();
        match log.prune(before, retention.max_entries, BATCH).await {
            Ok(0) => break,
            Ok(removed) => metrics::counter!("identity_audit_entries_removed_total").increment(removed),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "audit.prune.failed");
                return;
            }
        }
        tokio::time::sleep(PAUSE.max(begun.elapsed() * PAUSES)).await;
    }
    match log.size().await {
        #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
        Ok(size) => metrics::gauge!("identity_audit_entries").set(size as f64),
        Err(error) => warn!(error = &error as &dyn std::error::Error, "audit.size.failed"),
    }
}
