//! The published clients of the Orchestration Cluster API, unchanged, against this server.

use std::path::Path;
use std::process::Command;

use identity_testkit::skip;

use crate::support::Local;

#[tokio::test]
async fn the_javascript_client_works_and_its_schemas_hold() {
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/javascript"));
    if !home.join("node_modules/@camunda8").exists() {
        return skip("the client is not installed: run `npm ci` in tests/clients/javascript");
    }
    let local = Local::shared().await;
    let mut node = Command::new("node");
    node.arg("client.mjs").current_dir(home).env("IDENTITY_URL", local.anonymous().base());
    let ended = tokio::task::spawn_blocking(move || node.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.ends_with("done\n"), "{said}{}", String::from_utf8_lossy(&ended.stderr));
}
