//! Runs a cluster and records its history.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::bounds::RECOVERY;
use crate::cluster::Cluster;
use crate::faults::{Fault, FaultKind};
use crate::history::{Clock, History, Injected, Moment};
use crate::plan::{Plan, Severity, Step};
use crate::survey;
use crate::workload::Workload;

/// Time without faults, before the first fault and after each recovery.
const CALM: Duration = Duration::from_millis(500);

/// Extent of the fault injection.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// Each kind of fault once, briefly.
    EachOnce,
    /// Faults for the given duration.
    For(Duration),
}

/// Injects and ends faults in a cluster under load, and finally crashes the whole cluster. Ignores the `kinds` that the
/// cluster does not support.
pub async fn run(cluster: Cluster, seed: u64, kinds: &[FaultKind], extent: Extent) -> History {
    let cluster = Arc::new(cluster);
    let clock = Clock::start();
    let base = survey::revision(&cluster.replicas[0].endpoint().api).await;
    let workload = Workload::start(&cluster, clock, seed);
    sleep(CALM).await;
    let kinds: Vec<FaultKind> = kinds.iter().copied().filter(|kind| kind.fits(&cluster)).collect();
    let faults = inject(&cluster, clock, seed, &kinds, extent).await;
    let operations = workload.end().await;
    cluster.crash().await;
    let mut finals = Vec::new();
    for (number, replica) in cluster.replicas.iter().enumerate() {
        finals.push(survey::state(&replica.endpoint().api, number).await);
    }
    let log = survey::log(&cluster.replicas[0].endpoint().api, base).await;
    History { base, operations, log, faults, finals }
}

async fn inject(cluster: &Cluster, clock: Clock, seed: u64, kinds: &[FaultKind], extent: Extent) -> Vec<Injected> {
    let (severity, steps, time) = match extent {
        Extent::EachOnce => (Severity::Brief, kinds.len(), Duration::MAX),
        Extent::For(time) => (Severity::Thorough, usize::MAX, time),
    };
    let begun = Instant::now();
    let mut injected = Vec::new();
    for step in Plan::of(seed, kinds, cluster.replicas.len(), severity).take(steps) {
        if begun.elapsed() >= time {
            break;
        }
        injected.extend(one_step(cluster, clock, step).await);
        sleep(CALM).await;
    }
    injected
}

async fn one_step(cluster: &Cluster, clock: Clock, mut step: Step) -> Vec<Injected> {
    let start = clock.now();
    for fault in &step.faults {
        fault.inject(cluster).await;
    }
    sleep(step.lasts).await;
    let healed = clock.now();
    step.faults.sort_by_key(order_of_healing);
    for fault in &step.faults {
        fault.heal(cluster).await;
    }
    let recovered = recovered(cluster, clock, healed).await;
    step.faults.into_iter().map(|fault| Injected { fault, start, healed, recovered }).collect()
}

/// Order of recovery: databases start before replicas.
fn order_of_healing(fault: &Fault) -> u8 {
    match fault.kind {
        FaultKind::PostgresKill => 0,
        FaultKind::Kill => 2,
        _ => 1,
    }
}

/// Time at which every replica is ready and has accepted a write; `None` if this takes longer than [`RECOVERY`].
async fn recovered(cluster: &Cluster, clock: Clock, healed: Moment) -> Option<Moment> {
    for replica in &cluster.replicas {
        while !(replica.has_accepted_since(healed) && replica.is_ready().await) {
            if clock.now().since(healed) > RECOVERY {
                return None;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
    Some(clock.now())
}
