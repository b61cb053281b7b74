//! A configuration file of the replaced service, as its chart renders it, creates the described realm.

use identity_testkit::{KEYCLOAK_ADMIN, Keycloak, Launch};
use serde_json::Value;

use crate::support::*;

fn file(base: &str, realm: &str) -> String {
    format!(
        "identity:
  url: http://localhost:8084
  authProvider:
    issuer-url: {base}/realms/{realm}
    backend-url: {base}/realms/{realm}
  component-presets:
    topology-eu:
      applications:
        - name: Orchestration EU
          id: ${{EU_ID:${{OLD_EU_ID:orchestration-eu}}}}
          type: confidential
          secret: ${{EU_SECRET}}
          root-url: http://localhost:8080
          redirect-uris: [/sso-callback]
          permissions: [{{audience: eu-api, definition: 'write:*'}}]
      apis:
        - name: EU API
          audience: eu-api
          permissions: [{{definition: 'read:*', description: Read}}, {{definition: 'write:*'}}]
      roles:
        - name: EU Operators
          description: Everything at the EU
          permissions: [{{audience: eu-api, definition: 'write:*'}}]
    unused:
      applications: [{{name: Unused, id: unused, type: m2m}}]
keycloak:
  url: {base}
  realm: {realm}
  setup:
    user: ${{KEYCLOAK_ADMIN_USER:nobody}}
    password: ${{KEYCLOAK_ADMIN_PASSWORD}}
  init:
    topology-eu: {{}}
  clients:
  users:
    - username: demo
      password: ${{FIRST_PASSWORD:demo}}
      firstName: Demo
      lastName: User
      email: demo@example.org
      roles: [ManagementIdentity, EU Operators]
  environment:
    clients:
      - name: Identity
        id: own-identity
        type: CONFIDENTIAL
        secret: ${{CAMUNDA_IDENTITY_CLIENT_SECRET:${{NOT_SET}}}}
        root-url: http://localhost:8084
        redirect-uris: [/auth/login-callback]
server: {{port: 8084, servlet: {{session.timeout: 1m}}}}
spring: {{profiles: {{active: keycloak}}}}
camunda: {{identity: {{audience: {AUDIENCE}}}}}
"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_realm_of_a_rendered_file_is_made() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = |command: &[&str]| {
        let launch = Launch::new(&[command, &["--config", "application.yaml"]].concat())
            .env("EU_SECRET", "eu-s3cret")
            .env("CAMUNDA_IDENTITY_CLIENT_SECRET", "own-s3cret")
            .env("KEYCLOAK_ADMIN_USER", KEYCLOAK_ADMIN.0)
            .env("KEYCLOAK_ADMIN_PASSWORD", KEYCLOAK_ADMIN.1);
        let written = std::fs::write(launch.directory().join("application.yaml"), file(keycloak.base(), &realm.name));
        assert!(written.is_ok());
        launch
    };
    let server = launch(&["serve"]).start().await;
    assert!(!server.output().contains("keycloak.entity.failed"), "{}", server.output());

    let api = realm.api().await;
    let client = async |id: &str| api.get(&format!("/clients?clientId={id}")).await.expect_status(200).json();
    let secret = async |id: &str| {
        let found = client(id).await;
        let path = format!("/clients/{}/client-secret", found[0]["id"].as_str().unwrap_or_default());
        api.get(&path).await.expect_status(200).json()["value"].clone()
    };
    assert_eq!(secret("orchestration-eu").await, "eu-s3cret");
    assert_eq!(secret("own-identity").await, "own-s3cret");
    assert_eq!(client("orchestration-eu").await[0]["redirectUris"][0], "/sso-callback");
    assert_eq!(client("unused").await, Value::Array(Vec::new()));
    let server_id = client("eu-api").await[0]["id"].as_str().unwrap_or_default().to_owned();
    let permissions = api.get(&format!("/clients/{server_id}/roles")).await.expect_status(200).json();
    assert!(texts(&permissions, "name").contains(&"write:*".to_owned()), "{permissions}");
    let composites = api.get("/roles/EU%20Operators/composites").await.expect_status(200).json();
    assert_eq!(texts(&composites, "name"), ["write:*"]);
    let demo = api.get("/users?username=demo&exact=true").await.expect_status(200).json();
    assert_eq!((&demo[0]["firstName"], &demo[0]["lastName"]), (&"Demo".into(), &"User".into()));
    let roles = format!("/users/{}/role-mappings/realm", demo[0]["id"].as_str().unwrap_or_default());
    let roles = texts(&api.get(&roles).await.expect_status(200).json(), "name");
    assert!(roles.contains(&"EU Operators".to_owned()), "{roles:?}");

    // Existing entities need no change, and `check-config --connect` reports that.
    let looked = launch(&["check-config", "--connect"]).run().await;
    assert_eq!(looked.status.code(), Some(0), "{looked:#?}");
    assert!(looked.stdout.contains("`keycloak`: can be used; 0 changes are pending"), "{looked:#?}");
}
