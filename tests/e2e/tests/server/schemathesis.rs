//! API fuzzing with schemathesis: it generates requests from the OpenAPI document and validates each response against
//! it.

use std::path::Path;
use std::process::Command;

use identity_testkit::skip;
use serde_json::json;

use crate::support::{Local, Store, created};

#[tokio::test]
async fn whatever_fits_the_openapi_document_is_answered_as_it_says_and_whatever_does_not_is_refused() {
    let Some(tool) = std::env::var_os("SCHEMATHESIS") else {
        return skip("SCHEMATHESIS does not name the program of that name: `tests/run` installs it");
    };
    let local = Local::start(Store::sqlite()).await;
    // User that the tool may change, see its configuration.
    created(local.admin().post("/v2/users", &json!({"username": "somebody", "password": "secret"})).await);
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemathesis"));
    let mut tool = Command::new(tool);
    tool.arg("--config-file").arg(home.join("schemathesis.toml")).args(["run", "--no-color", "--auth", "demo:demo"]);
    tool.arg(format!("{}/api/openapi.json", local.anonymous().base())).current_dir(local.launch.directory());
    let ended = tokio::task::spawn_blocking(move || tool.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    // The server is still running and did not panic.
    let _ = local.admin().get("/v2/authentication/me").await.expect_status(200);
    assert!(!local.server.output().contains("panicked"), "{}", local.server.output());
}
