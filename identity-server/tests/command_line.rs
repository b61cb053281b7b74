//! Tests of the command line: output and exit codes.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::process::{Command, Output};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_identity-server"));
    command.env_clear().args(arguments).envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn reports_a_valid_configuration() {
    let output = run(&["check-config"], &[("IDENTITY_PROFILE", "builtin")]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "the configuration is valid\n");
}

#[test]
fn a_wrong_configuration_ends_with_2_and_all_that_is_wrong() {
    let output = run(&["serve"], &[("IDENTITY_PROFILE", "oidc"), ("IDENTITY_SERVER_PORT", "x")]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for key in ["server.port", "authentication.providers"] {
        assert!(said.contains(key), "{said}");
    }
}

#[test]
fn an_unknown_command_is_refused() {
    assert_eq!(run(&["fly"], &[]).status.code(), Some(2));
}
