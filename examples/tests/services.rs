//! Runs the example services against a certified OpenID provider and a store that this process changes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use identity::document::Prune;
use identity::engine::ServerRequest;
use identity::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind};
use identity::prelude::*;
use identity_testkit::{Api, OidcProvider, Reply};
use serde_json::json;

const AUDIENCE: &str = "orders";
const LIMIT: Duration = Duration::from_secs(30);

struct Service(Child, Api);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Service {
    fn start(program: &str, issuer: &str, store: &Path) -> Self {
        let mut command = Command::new(program);
        command.args([issuer, AUDIENCE]).arg(store).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self(child, Api::new(format!("http://{}", address.trim())))
    }
}

async fn provider() -> Option<OidcProvider> {
    OidcProvider::start(json!({
        "clients": [
            {"client_id": "svc", "client_secret": "s3cret"},
            {"client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:1/callback"]},
        ],
        "users": {"ann": {"preferred_username": "ann"}},
    }))
    .await
}

/// Grants `ann` the permission to read the process definition `7`, as another process on the same store.
async fn grant(store: &Path) {
    let stores = SqliteStores::open(store).await.unwrap();
    let identity = Identity::on(stores.policy, stores.audit).start().await.unwrap();
    let document = r#"{"authorizations": [{"owner-type": "USER", "owner-id": "ann", "resource-type": "PROCESS_DEFINITION",
        "resource-id": "7", "permissions": ["READ_PROCESS_DEFINITION"]}]}"#;
    let document = PolicyDocument::from_json(document).unwrap();
    let entity = AuditEntity { kind: EntityKind::Authorization, key: "example".to_owned() };
    let attempt = AuditDraft::new(AuditOperation::Create, entity);
    identity
        .engine()
        .execute(&ServerRequest, attempt, |world| Ok(document.commands(world, Prune::Nothing, &BTreeMap::new())))
        .await
        .unwrap();
}

fn challenge(reply: &Reply) -> &str {
    reply.header("www-authenticate").unwrap_or_default()
}

async fn guards_its_handler(program: &str) {
    let Some(provider) = provider().await else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("identity.db");
    let service = Service::start(program, provider.issuer(), &store);
    let ann = service.1.bearer(provider.user_token("ann", "web", AUDIENCE).await);

    let anonymous = service.1.get("/orders/7").await;
    assert_eq!((anonymous.status, challenge(&anonymous).contains("Bearer")), (401, true));
    assert!(!challenge(&anonymous).contains("error="), "{}", challenge(&anonymous));
    let foreign = service.1.bearer(provider.user_token("ann", "web", "another-api").await).get("/orders/7").await;
    assert_eq!((foreign.status, challenge(&foreign).contains(r#"error="invalid_token""#)), (401, true));
    assert_eq!(foreign.json()["reason"], "token_audience");
    let denied = ann.get("/orders/7").await;
    assert_eq!((denied.status, challenge(&denied).contains(r#"error="insufficient_scope""#)), (403, true));

    grant(&store).await;
    let began = Instant::now();
    let mut granted = ann.get("/orders/7").await;
    while granted.status == 403 && began.elapsed() < LIMIT {
        tokio::time::sleep(Duration::from_millis(50)).await;
        granted = ann.get("/orders/7").await;
    }
    assert_eq!((granted.status, granted.text.as_str()), (200, "order 7"), "the service follows the store");
    assert_eq!(ann.get("/orders/8").await.status, 403);
}

#[tokio::test]
async fn axum_guards_its_handler() {
    guards_its_handler(env!("CARGO_BIN_EXE_axum-service")).await;
}

#[tokio::test]
async fn actix_guards_its_handler() {
    guards_its_handler(env!("CARGO_BIN_EXE_actix-service")).await;
}

#[tokio::test]
async fn mounted_apis_are_complete() {
    let Some(provider) = provider().await else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("identity.db");
    let service = Service::start(env!("CARGO_BIN_EXE_mounted"), provider.issuer(), &store);
    let ann = service.1.bearer(provider.user_token("ann", "web", AUDIENCE).await);

    assert_eq!(service.1.get("/hello").await.text, "hello");
    grant(&store).await;
    let reply = ann.get("/identity/api/authorizations/for-token").await.expect_status(200);
    for header in ["x-request-id", "x-identity-revision", "content-security-policy", "x-content-type-options"] {
        assert!(reply.header(header).is_some(), "{header}");
    }
    let refused = service.1.get("/identity/api/tenants").await.expect_status(401);
    assert_eq!(refused.json()["instance"], "/identity/api/tenants");
    assert_eq!(ann.get("/identity/api/groups").await.expect_status(404).json()["reason"], "no_such_path");
}

#[tokio::test]
async fn a_service_gets_its_token() {
    let Some(provider) = provider().await else { return };
    let arguments = [provider.issuer(), "svc", "s3cret", "urn:audience:orders"];
    let run = Command::new(env!("CARGO_BIN_EXE_service-token")).args(arguments).output().unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && output.starts_with("expires "), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn a_document_decides() {
    let run = Command::new(env!("CARGO_BIN_EXE_decide")).output().unwrap();
    assert!(String::from_utf8_lossy(&run.stdout).starts_with("true: Allow"), "{run:?}");
}

#[test]
fn deciding_takes_ten_lines() {
    let source = include_str!("../src/bin/decide.rs");
    let code = source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("//"));
    assert!(code.count() <= 10);
}

/// Compares each block of code in the guide with the examples.
#[test]
fn the_guide_shows_code_of_the_examples() {
    let sources = [
        include_str!("../src/bin/decide.rs"),
        include_str!("../src/bin/axum-service.rs"),
        include_str!("../src/bin/actix-service.rs"),
        include_str!("../src/bin/mounted.rs"),
        include_str!("../src/bin/service-token.rs"),
        include_str!("mocked_ports.rs"),
    ];
    let guide = include_str!("../../docs/embedding.md");
    let blocks: Vec<&str> = guide.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 9);
    for block in blocks {
        assert!(sources.iter().any(|source| source.contains(block)), "not in an example:\n{block}");
    }
}
