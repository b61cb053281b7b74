//! Unmodified configuration files of the replaced services on a running server, and `check-config --connect`.

use identity_testkit::{Browser, Exited, Launch, OidcProvider, Proxy, RefusingPostgres};
use reqwest::Url;
use serde_json::json;

use crate::sign_in::{asks, at};
use crate::support::{AUDIENCE, Forge, ROOT, Store, rule, shows};

on_each_store!(roles_and_audiences_of_components_take_effect, the_database_and_the_providers_are_asked_and_not_changed);

/// Configuration file of a deployment with an identity provider. Its presets define the audiences of the applications'
/// APIs and the permissions of its roles on them.
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
        // Permissions under this server's own name in the file take effect here.
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
    said(&first, 0, &["`store.", "`authentication.providers.default`: can be used", "the configuration is valid"]);
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
    assert!(!exited.stdout.contains("the configuration is valid") && !exited.stderr.contains("s3cret"), "{exited:#?}");
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

/// Configuration file that the chart of release 8.7 renders with an identity provider, and its environment variables.
/// The client secret comes from the applications' SDK settings, and the session key is derived from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_with_the_client_of_the_sdk() {
    let Some(store) = Store::postgres().await else { return };
    let door = Proxy::to_come().await;
    let public = format!("http://{}", door.address());
    let config = json!({
        "audience": AUDIENCE,
        "clients": [{
            "client_id": "identity", "client_secret": "s3cret",
            "redirect_uris": [format!("{public}/auth/login-callback")],
        }],
        "users": {"root": {"name": "Root"}},
    });
    let Some(provider) = OidcProvider::start(config).await else { return };
    let database = Url::parse(store.url()).expect("a URL");
    let text = format!(
        "identity:
  url: {public}
  client-id: identity
  authProvider: {{type: GENERIC, issuer-url: '{issuer}', backend-url: '{issuer}'}}
server: {{port: 8080}}
spring:
  profiles: {{active: oidc}}
  datasource: {{url: 'jdbc:postgresql://{host}:{port}{path}', username: '{user}'}}
camunda:
  identity: {{audience: '{AUDIENCE}', client-id: identity, baseUrl: 'http://identity:80', issuer: '{issuer}'}}
",
        issuer = provider.issuer(),
        host = database.host_str().expect("a host"),
        port = database.port().unwrap_or(5432),
        path = database.path(),
        user = database.username(),
    );
    let launch = Launch::new(&["serve", "--config", "application.yaml"])
        .env("IDENTITY_SERVER_ADDRESS", "127.0.0.1")
        .env("IDENTITY_INITIAL_CLAIM_NAME", "sub")
        .env("IDENTITY_INITIAL_CLAIM_VALUE", "root")
        .env("CAMUNDA_IDENTITY_CLIENT_SECRET", "s3cret")
        .env("IDENTITY_DATABASE_PASSWORD", database.password().filter(|text| !text.is_empty()).unwrap_or("unused"));
    std::fs::write(launch.directory().join("application.yaml"), text).expect("a file");
    let server = launch.start().await;
    door.lead_to(server.http().base().trim_start_matches("http://"));
    let mut browser = Browser::default();
    let begin = browser.get(at(server.http(), "/auth/login")).await.expect_status(303);
    let back = provider.sign_in(&mut browser, begin.location().expect("a location"), "root").await;
    let _signed_in = browser.get(back).await.expect_status(303);
    shows(asks(&mut browser, server.http(), "/api/me").await, &json!({"name": "Root"}));
    shows(asks(&mut browser, server.http(), "/api/me/permissions").await, &json!(["read", "read:users", "write"]));
}
