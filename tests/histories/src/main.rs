//! Runs a history for a given time and checks it.

#![expect(clippy::print_stdout, reason = "a command reports on its standard output")]
#![expect(clippy::expect_used, reason = "a test reports by panicking")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use identity_histories::checker::check;
use identity_histories::cluster::Cluster;
use identity_histories::faults::FaultKind;
use identity_histories::report::Report;
use identity_histories::run::{Extent, run};

/// Run clients against several replicas, inject faults, and check every answer.
///
/// Prints statistics. Exits with status 1 if a guarantee in `docs/operations.md` is violated.
#[derive(Parser)]
struct Arguments {
    /// Duration of fault injection, in minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Seed for the faults and the operations of the clients.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kinds of faults, separated by commas; all if omitted.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<FaultKind>,
    /// Store of the replicas.
    #[arg(long, value_enum, default_value_t = StoreKind::Postgres)]
    store: StoreKind,
    /// Output file for the history (JSON Lines).
    #[arg(long, default_value = "target/history.jsonl")]
    history: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum StoreKind {
    Postgres,
    Sqlite,
}

#[tokio::main(worker_threads = 4)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    build_the_server();
    let cluster = match arguments.store {
        StoreKind::Postgres => Cluster::on_postgres().await,
        StoreKind::Sqlite => Cluster::on_sqlite().await,
    };
    let Some(cluster) = cluster else { return ExitCode::FAILURE };
    let kinds = if arguments.faults.is_empty() { FaultKind::value_variants().to_vec() } else { arguments.faults };
    println!("seed {}, {} minutes, {kinds:?}", arguments.seed, arguments.minutes);
    let time = Duration::from_secs_f64(arguments.minutes * 60.0);
    let history = run(cluster, arguments.seed, &kinds, Extent::For(time)).await;
    let violations = check(&history);
    history.write(&arguments.history).expect("a writable file");
    print!("{}", Report::of(&history, &violations));
    println!("history in {}", arguments.history.display());
    for violation in violations.iter().take(20) {
        println!("{}", violation.explained(&history));
    }
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Builds the server with the same profile, in the directory of this program.
fn build_the_server() {
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "identity-server", "--bin", "identity-server"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    assert!(command.status().is_ok_and(|status| status.success()), "identity-server does not build");
}
