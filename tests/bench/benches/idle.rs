//! Resident memory of the complete server when it is idle. Requires Linux and `identity-server` of the same build in the
//! same directory.

#![expect(clippy::print_stdout, reason = "a benchmark reports by printing")]

use std::time::Duration;

use identity_bench::measure::asked_for;
use identity_bench::report::record;
use identity_testkit::Launch;

#[tokio::main]
async fn main() {
    if !asked_for() {
        return;
    }
    println!("\n### Idle\n\n| workers | resident |\n|---|---|");
    for (workers, measure) in [
        ("1", "resident when idle, 1 worker"),
        ("2", "resident when idle, 2 workers"),
        ("16", "resident when idle, 16 workers"),
    ] {
        let launch = Launch::new(&["serve"])
            .env("IDENTITY_PROFILE", "builtin")
            .env("IDENTITY_SERVER_ADDRESS", "127.0.0.1")
            .env("IDENTITY_SERVER_WORKERS", workers);
        let server = launch.start().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let resident = server.resident_bytes() as f64 / 1024.0 / 1024.0;
        println!("| {workers} | {resident:.1} MB |");
        record(measure, resident, "after 2 s");
    }
}
