//! Files of the replaced services as they are, on a running server, and `check-config --connect`.

use identity_testkit::{Exited, Launch, RefusingPostgres};
use serde_json::json;

use crate::support::{AUDIENCE, Forge, ROOT, Store, rule, shows};

on_each_store!(roles_and_audiences_of_components_take_effect, the_database_and_the_providers_are_asked_and_not_changed);

/// A deployment's file beside a provider: its presets say what its applications' APIs are called, and what its roles may do there.
fn file(issuer: &str) -> String {
    format!(
        "identity:
  url: http://localhost:8084
  authProvider:
    type: ${{PROVIDER_KIND:GENERIC}}
    issuer-url: {issuer}
  initial-claim-name: sub
  initial-claim-value: {ROOT}
  componentPresets:
    identity:
      apis:
        - name: Identity
          audience: own-name-of-identity
          permissions: [{{definition: read}}, {{definition: write}}]
      roles:
        - name: Auditors
          description: May look
          permissions: [{{audience: own-name-of-identity, definition: read}}]
    reports:
      apis:
        - name: Reports
          audience: ${{REPORTS_AUDIENCE:reports-api}}
          permissions: [{{definition: 'read:*'}}, {{definition: 'write:*'}}]
      roles:
        - name: Reporters
          permissions: [{{audience: '${{REPORTS_AUDIENCE:reports-api}}', definition: 'read:*'}}]
spring: {{profiles: {{active: oidc}}}}
camunda: {{identity: {{audience: '{AUDIENCE}'}}}}
"
    )
}

async fn roles_and_audiences_of_components_take_effect(store: Store) {
    let forge = Forge::start("").await;
    let launch = store.launch(&["serve", "--config", "application.yaml"]);
    std::fs::write(launch.directory().join("application.yaml"), file(forge.issuer())).expect("a file");
    for _ in 0..2 {
        let server = launch.start().await;
        let user = |name: &str| server.http().bearer(forge.token(&json!({"sub": name})));
        let admin = user(ROOT);
        for (name, roles) in [("rita", "Reporters"), ("otto", "Auditors")] {
            let _there_since_the_first_start =
                admin.post("/api/mapping-rules", &rule(name, ("sub", name), "ROLE", &[roles])).await;
        }
        shows(user("rita").get("/api/me/permissions?audience=reports-api").await, &json!(["read:*"]));
        shows(user("rita").get("/api/me/permissions").await, &json!([]));
        // What is permitted under this server's own name there is permitted here.
        shows(user("otto").get("/api/me/permissions").await, &json!(["read"]));
        assert_eq!(user("otto").get("/api/roles").await.status, 200);
        assert_eq!(user("rita").get("/api/roles").await.status, 403);
        let _ended = server.terminate().await;
    }
}

fn said(exited: &Exited, code: i32, texts: &[&str]) {
    assert_eq!(exited.status.code(), Some(code), "{exited:#?}");
    for text in texts {
        assert!(exited.stdout.contains(text) || exited.stderr.contains(text), "`{text}` is not said: {exited:#?}");
    }
}

async fn the_database_and_the_providers_are_asked_and_not_changed(store: Store) {
    let forge = Forge::start("").await;
    let check = store.launch(&["check-config", "--connect", "--config", "application.yaml"]);
    std::fs::write(check.directory().join("application.yaml"), file(forge.issuer())).expect("a file");
    let first = check.run().await;
    said(&first, 0, &["`store.", "`authentication.providers.default`: can be used", "the configuration is good"]);
    let second = check.run().await;
    assert_eq!(first.stdout, second.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_used_is_named() {
    let database = RefusingPostgres::start().await;
    let check = Launch::new(&["check-config", "--connect"])
        .env("IDENTITY_PROFILE", "oidc")
        .env("IDENTITY_STORE_POSTGRES_URL", format!("postgres://ann:s3cret@127.0.0.1:{}/d", database.port()))
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISSUER", "http://127.0.0.1:1/realms/a")
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_AUDIENCES", AUDIENCE);
    let exited = check.run().await;
    said(&exited, 1, &["`store.postgres`: ", "password authentication failed", "`authentication.providers.main`: "]);
    assert!(!exited.stdout.contains("the configuration is good") && !exited.stderr.contains("s3cret"), "{exited:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_finds_what_check_config_finds() {
    let launch = |command: &str| {
        Launch::new(&[command])
            .env("IDENTITY_PROFILE", "oidc")
            .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISSUER", "https://idp.example")
            .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_AUDIENCES", AUDIENCE)
            .env("IDENTITY_AUTHENTICATION_CA_FILE", "/nowhere/ca.pem")
    };
    let checked = launch("check-config").run().await;
    let started = launch("serve").begin().listening().await.err().expect("it does not start");
    for exited in [&checked, &started] {
        said(
            exited,
            2,
            &["IDENTITY_AUTHENTICATION_CA_FILE: `authentication.ca-file` names a file that cannot be read"],
        );
    }
    let problems = |exited: &Exited| exited.stderr.lines().filter(|line| line.starts_with("  - ")).count();
    assert_eq!(problems(&checked), problems(&started));
}
