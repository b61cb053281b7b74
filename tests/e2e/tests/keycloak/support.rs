//! Server with its own realm, for the tests of this crate.

use std::time::Duration;

use identity_testkit::{Api, KEYCLOAK_ADMIN, Keycloak, Launch, Realm, Reply, Server};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tokio::time::{Instant, sleep};

/// ID and secret of the machine client with every permission.
pub const MACHINE: (&str, &str) = ("machine", "machine-s3cret");
/// Username and password of the first administrator.
pub const DEMO: (&str, &str) = ("demo", "demo-s3cret");
/// ID and secret of the client at which tests use the password grant.
pub const LOGIN: (&str, &str) = ("login", "login-s3cret");
/// Audience of the server's own API.
pub const AUDIENCE: &str = "camunda-identity-resource-server";
/// Client scope that marks Identity's clients.
pub const SCOPE: &str = "camunda-identity";

/// Server and the realm that it manages.
pub struct Platform {
    pub realm: Realm<'static>,
    pub launch: Launch,
    pub server: Server,
}

impl Platform {
    /// Starts a server that creates its realm.
    pub async fn start() -> Option<Self> {
        let keycloak = Keycloak::shared().await?;
        let realm = keycloak.existing(keycloak.fresh_name());
        let launch = creating(keycloak.base(), &realm.name);
        let server = launch.start().await;
        let platform = Self { realm, launch, server };
        platform.login_client().await;
        Some(platform)
    }

    pub async fn login_client(&self) {
        let scopes = json!({"defaultClientScopes": [SCOPE, "basic", "profile", "email", "roles"]});
        self.realm.client(LOGIN.0, LOGIN.1, &[], scopes).await;
    }

    /// Returns an API client with the machine's token, which has every permission.
    pub async fn admin(&self) -> Api {
        self.server.http().bearer(self.realm.client_token(MACHINE.0, MACHINE.1).await)
    }

    /// Returns an API client with a user's token.
    pub async fn user(&self, username: &str, password: &str) -> Api {
        self.server.http().bearer(self.realm.user_token(LOGIN, (username, password)).await)
    }
}

/// Launch configuration bound to loopback.
fn launch() -> Launch {
    Launch::new(&["serve"]).env("IDENTITY_SERVER_ADDRESS", "127.0.0.1")
}

/// Launch configuration with the environment variables of the replaced service that create a realm.
pub fn creating(base: &str, realm: &str) -> Launch {
    let permissions = [("read", 0), ("write", 1), ("read:users", 2), ("read:secrets", 3)];
    let mut launch = launch()
        .env("SPRING_PROFILES_ACTIVE", "keycloak")
        .env("KEYCLOAK_URL", base)
        .env("KEYCLOAK_REALM", realm)
        .env("KEYCLOAK_SETUP_USER", KEYCLOAK_ADMIN.0)
        .env("KEYCLOAK_SETUP_PASSWORD", KEYCLOAK_ADMIN.1)
        .env("KEYCLOAK_INIT_OPTIMIZE_SECRET", "optimize-s3cret")
        .env("KEYCLOAK_INIT_OPTIMIZE_ROOT_URL", "https://optimize.example")
        .env("KEYCLOAK_INIT_WEBMODELER_ROOT_URL", "https://modeler.example")
        .env("KEYCLOAK_CLIENTS_0_NAME", "A machine")
        .env("KEYCLOAK_CLIENTS_0_ID", MACHINE.0)
        .env("KEYCLOAK_CLIENTS_0_SECRET", MACHINE.1)
        .env("KEYCLOAK_CLIENTS_0_TYPE", "M2M")
        .env("KEYCLOAK_GROUPS_0_NAME", "Vertrieb / Süd")
        .env("KEYCLOAK_USERS_0_USERNAME", DEMO.0)
        .env("KEYCLOAK_USERS_0_PASSWORD", DEMO.1)
        .env("KEYCLOAK_USERS_0_EMAIL", "demo@example.org")
        .env("KEYCLOAK_USERS_0_FIRST_NAME", "Demo")
        .env("KEYCLOAK_USERS_0_LAST_NAME", "User")
        .env("KEYCLOAK_USERS_0_ROLES_0", "ManagementIdentity")
        .env("KEYCLOAK_USERS_0_ROLES_1", "Web Modeler")
        .env("KEYCLOAK_USERS_0_GROUPS_0", "Vertrieb / Süd");
    for (definition, place) in permissions {
        launch = launch
            .env(&format!("KEYCLOAK_CLIENTS_0_PERMISSIONS_{place}_RESOURCE_SERVER_ID"), AUDIENCE)
            .env(&format!("KEYCLOAK_CLIENTS_0_PERMISSIONS_{place}_DEFINITION"), definition);
    }
    launch
}

/// Creates a least-privilege client in an existing realm and returns the launch configuration for it.
pub async fn existing(realm: &Realm<'_>, roles: &[&str]) -> Launch {
    let client = realm.client("identity", "own-s3cret", &[], json!({})).await;
    realm.grant(&realm.service_account(&client).await, "realm-management", roles).await;
    launch()
        .env("IDENTITY_PROFILE", "keycloak")
        .env("KEYCLOAK_URL", realm.base())
        .env("KEYCLOAK_REALM", &realm.name)
        .env("IDENTITY_CLIENT_ID", "identity")
        .env("IDENTITY_CLIENT_SECRET", "own-s3cret")
        .env("KEYCLOAK_CLIENTS_0_ID", MACHINE.0)
        .env("KEYCLOAK_CLIENTS_0_SECRET", MACHINE.1)
        .env("KEYCLOAK_CLIENTS_0_TYPE", "m2m")
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_RESOURCE_SERVER_ID", AUDIENCE)
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_DEFINITION", "read")
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_1_RESOURCE_SERVER_ID", AUDIENCE)
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_1_DEFINITION", "write")
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_2_RESOURCE_SERVER_ID", AUDIENCE)
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_2_DEFINITION", "read:secrets")
}

/// Asserts status 201 and returns the created entity.
pub fn created(reply: Reply) -> Value {
    reply.expect_status(201).json()
}

/// Returns the texts at a key of the list's elements.
pub fn texts(list: &Value, key: &str) -> Vec<String> {
    let elements = list.as_array().map_or(&[][..], Vec::as_slice);
    elements.iter().filter_map(|element| element[key].as_str().map(str::to_owned)).collect()
}

/// Polls until the condition holds, for at most one minute.
pub async fn eventually(what: &str, ask: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !ask().await {
        assert!(start.elapsed() < Duration::from_secs(60), "not in a minute: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Returns request ID and result of the audit records of requests, oldest first.
pub async fn audit(launch: &Launch) -> Vec<(String, String)> {
    let file = launch.directory().join(".identity/identity.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file).read_only(true)).await;
    let pool = pool.unwrap_or_else(|error| panic!("{error}"));
    let query = "SELECT request_id, result FROM audit_log WHERE request_id IS NOT NULL ORDER BY audit_key";
    let records = sqlx::query_as(query).fetch_all(&pool).await;
    records.unwrap_or_else(|error| panic!("{error}"))
}
