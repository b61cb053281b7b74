//! Initialization of the directory at start-up, and its background tasks.

use std::sync::Arc;
use std::time::Duration;

use identity_core::engine::Engine;
use identity_core::service::{Cutoffs, Deletions, Orphans};
use identity_core::value::Secret;
use tracing::{error, info, warn};

use super::operations::{ServerOperations, Stage};
use crate::profile::{Directory, DirectoryNotReady};

/// Interval at which interrupted deletions are looked for and resumed.
const SETTLE_EVERY: Duration = Duration::from_secs(10);
/// Refresh interval of token cutoffs. It is the longest time for which a replica accepts a token that another replica
/// cut off.
const CUTOFFS_EVERY: Duration = Duration::from_secs(2);
/// Number of refreshes between two removals of expired cutoffs (300 × 2 s = 10 min).
const CUTOFF_SWEEP: u32 = 300;

/// Initializes the directory, retrying with exponential backoff (500 ms to 15 s) until it succeeds. Returns id and
/// secret of this server's own client, if it has one.
pub(super) async fn initialised(
    directory: &dyn Directory,
    engine: &Engine,
    operations: &ServerOperations,
) -> Option<(String, Secret)> {
    let mut pause = Duration::from_millis(500);
    loop {
        let initialised = directory.initialise(engine).await;
        let own = match initialised {
            Ok(()) => directory.own_client().await,
            Err(not_yet) => Err(not_yet),
        };
        let DirectoryNotReady(reason) = match own {
            Ok(own) => return own,
            Err(not_yet) => not_yet,
        };
        warn!(reason, retry_in = ?pause, "directory.not_ready");
        operations.enter(Stage::WaitingForDirectory(format!("{reason}; retrying")));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(15));
    }
}

/// Refreshes the token cutoffs of all replicas every 2 s, and removes expired ones every 10 min. Never returns.
pub(super) async fn follow_cutoffs(cutoffs: Arc<Cutoffs>) {
    for round in 1_u32.. {
        tokio::time::sleep(CUTOFFS_EVERY).await;
        if let Err(error) = cutoffs.refresh().await {
            warn!(error = &error as &dyn std::error::Error, "cutoffs.load.failed");
        }
        if round.is_multiple_of(CUTOFF_SWEEP)
            && let Err(error) = cutoffs.sweep().await
        {
            warn!(error = &error as &dyn std::error::Error, "cutoffs.sweep.failed");
        }
    }
}

/// Reconciles interrupted deletions every 10 s: those whose server stopped, or whose directory did not respond.
pub(super) async fn settle_deletions(deletions: Arc<Deletions>) {
    loop {
        match deletions.open().await {
            Ok(open) => {
                #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
                metrics::gauge!("identity_deletions_open").set(open.len() as f64);
                for deletion in open.iter().filter(|deletion| deletions.is_due(deletion)) {
                    let (party, request_id) = (deletion.of.party(), deletion.request_id.as_deref());
                    match deletions.settle(deletion).await {
                        Ok(Some(settled)) => {
                            let outcome = settled.as_str();
                            metrics::counter!("identity_deletions_reconciled_total", "outcome" => outcome).increment(1);
                            info!(what = party.kind(), outcome, request_id, "deletion.reconciled");
                        }
                        Ok(None) => {}
                        Err(error) => {
                            let error = &error as &dyn std::error::Error;
                            warn!(what = party.kind(), error, request_id, "deletion.reconcile.failed");
                        }
                    }
                }
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "deletion.search.failed"),
        }
        tokio::time::sleep(SETTLE_EVERY).await;
    }
}

/// Searches periodically for local data of users, groups and applications that no longer exist in the directory. Logs
/// each orphan, and removes its data if `remove` is set.
pub(super) async fn look_for_orphans(orphans: Orphans, interval: Duration, remove: bool) {
    loop {
        match orphans.find().await {
            Ok(gone) => {
                #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
                metrics::gauge!("identity_orphans").set(gone.len() as f64);
                for party in gone {
                    warn!(%party, remove, "orphan.found");
                    if remove && let Err(error) = orphans.remove(&party).await {
                        error!(%party, error = &error as &dyn std::error::Error, "orphan.remove.failed");
                    }
                }
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "orphan.search.failed"),
        }
        tokio::time::sleep(interval).await;
    }
}
