//! The published clients of the Orchestration Cluster API, unchanged, against this server.

use std::path::Path;
use std::process::Command;

use identity_testkit::{skip, skip_without};

use crate::support::Local;

/// Runs a client program, which prints `done` on success.
async fn runs(mut program: Command) {
    let local = Local::shared().await;
    program
        .env("CAMUNDA_REST_ADDRESS", local.anonymous().base())
        .env("CAMUNDA_AUTH_STRATEGY", "BASIC")
        .env("CAMUNDA_BASIC_AUTH_USERNAME", "demo")
        .env("CAMUNDA_BASIC_AUTH_PASSWORD", "demo")
        .env("CAMUNDA_SDK_LOG_LEVEL", "silent");
    let ended = tokio::task::spawn_blocking(move || program.output()).await.expect("it runs").expect("it starts");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.ends_with("done\n"), "{said}{}", String::from_utf8_lossy(&ended.stderr));
}

/// Runs a program with the JavaScript client.
async fn javascript(file: &str) {
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/javascript"));
    if !home.join("node_modules/@camunda8").exists() {
        return skip("the client is not installed: run `npm ci` in tests/clients/javascript");
    }
    let mut program = Command::new("node");
    program.arg(file).current_dir(home);
    runs(program).await;
}

#[tokio::test]
async fn the_javascript_client_works_and_its_schemas_hold() {
    javascript("client.mjs").await;
}

#[tokio::test]
async fn the_document_describes_answers_as_the_public_one_does() {
    javascript("document.mjs").await;
}

#[tokio::test]
async fn the_rust_client_works_and_its_types_hold() {
    let Some(program) = std::env::var_os("RUST_CLIENT") else {
        return skip("RUST_CLIENT does not name the program made of tests/clients/rust: `tests/run` builds it");
    };
    runs(Command::new(program)).await;
}

#[tokio::test]
async fn the_python_client_works_and_its_types_hold() {
    let Some(python) = std::env::var_os("PYTHON_CLIENT") else {
        return skip("PYTHON_CLIENT does not name a Python with the client: `tests/run` installs it");
    };
    let mut program = Command::new(python);
    program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/python/client.py"));
    runs(program).await;
}

#[tokio::test]
async fn the_java_clients_work_and_their_types_hold() {
    for version in ["8.8.0", "8.9.0"] {
        let home = format!("{}/../clients/java-cluster/target/{version}", env!("CARGO_MANIFEST_DIR"));
        if !Path::new(&home).join("dependency").exists() {
            return skip_without(
                "JAVA_CLIENT",
                "the client is not built: run `mvn package` in tests/clients/java-cluster",
            );
        }
        let mut program = Command::new("java");
        program.args(["-cp", "classes:dependency/*", "client.Main", &format!("java-{version}")]).current_dir(home);
        runs(program).await;
    }
}
