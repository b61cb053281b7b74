//! The program `identity-server`.

use std::process::ExitCode;

fn main() -> ExitCode {
    identity_server::cli::main()
}
