//! Prints the report of `tests/bench/run`, and writes the chart to the file that is its argument. The exit code is
//! non-zero if a result misses its gate.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool of the benchmarks")]

use std::process::ExitCode;

use identity_bench::report::Report;

fn main() -> ExitCode {
    let report = Report::read();
    if let Some(file) = std::env::args().nth(1) {
        std::fs::write(file, report.chart()).unwrap();
    }
    let (table, passed) = report.table();
    print!("{table}");
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
