//! Brief histories with each kind of fault.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "tests report by panicking, and print their figures")]

use clap::ValueEnum as _;
use identity_histories::checker::check;
use identity_histories::cluster::Cluster;
use identity_histories::faults::FaultKind;
use identity_histories::report::Report;
use identity_histories::run::{Extent, run};
use tokio::sync::Mutex;

const SEED: u64 = 20_261_129;
/// Serializes the tests: concurrent clusters would compete for the machine.
static TURN: Mutex<()> = Mutex::const_new(());

async fn holds(cluster: Cluster) {
    println!("seed {SEED}");
    let history = run(cluster, SEED, FaultKind::value_variants(), Extent::EachOnce).await;
    let violations = check(&history);
    println!("{}", Report::of(&history, &violations));
    if !violations.is_empty() {
        let file = std::env::temp_dir().join(format!("history-{}.jsonl", std::process::id()));
        history.write(&file).expect("a writable file");
        let explained: Vec<_> = violations.iter().take(10).map(|violation| violation.explained(&history)).collect();
        assert!(violations.is_empty(), "{}\nhistory in {}", explained.join("\n"), file.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_on_postgres_keep_every_promise_under_faults() {
    let _turn = TURN.lock().await;
    let Some(cluster) = Cluster::on_postgres().await else { return };
    holds(cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_sqlite_file_keep_every_promise_under_faults() {
    let _turn = TURN.lock().await;
    let Some(cluster) = Cluster::on_sqlite().await else { return };
    holds(cluster).await;
}
