//! Common fixtures: a store, a server on it, and an issuer that signs arbitrary tokens.

pub mod forge;
pub mod store;

use std::sync::{Arc, Weak};
use std::time::Duration;

use identity_testkit::{Api, Launch, Reply, Server};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

pub use forge::Forge;
pub use store::Store;

/// Audience of the access tokens.
pub const AUDIENCE: &str = "identity-api";
/// Subject of the initial claim of [`Site`], and thus its administrator.
pub const ROOT: &str = "root";

/// Runs each case once per store; the store is in the name of the test. Without PostgreSQL, its tests are skipped.
macro_rules! on_each_store {
    ($($case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$case($crate::support::Store::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(store) = $crate::support::Store::postgres().await {
                    super::$case(store).await;
                }
            }
        }
    )+ };
}

/// Server in the profile `oidc`, and the issuer that it trusts.
pub struct Site {
    pub forge: Forge,
    pub launch: Launch,
    pub server: Server,
    pub store: Store,
}

impl Site {
    /// Starts a server whose administrator is [`ROOT`].
    pub async fn start(store: Store) -> Self {
        let forge = Forge::start("").await;
        let launch = oidc(&store, forge.issuer(), ROOT);
        let server = launch.start().await;
        Self { forge, launch, server, store }
    }

    pub fn anonymous(&self) -> Api {
        self.server.http().clone()
    }

    /// Returns an API client with a token of the user.
    pub fn user(&self, name: &str) -> Api {
        self.anonymous().bearer(self.forge.token(&json!({"sub": name})))
    }

    pub fn admin(&self) -> Api {
        self.user(ROOT)
    }

    /// Assigns roles to a user by a new mapping rule.
    pub async fn give(&self, user: &str, roles: &[&str]) {
        let rule = rule(&format!("{user} is {roles:?}"), ("sub", user), "ROLE", roles);
        created(self.admin().post("/api/mapping-rules", &rule).await);
    }

    /// Returns the audit log, oldest record first.
    pub async fn audit(&self) -> Vec<store::AuditRecord> {
        self.store.audit(&self.launch).await
    }
}

/// Server in the profile `builtin`, whose administrator is `demo`.
pub struct Local {
    pub launch: Launch,
    pub server: Server,
    pub store: Store,
}

/// Server that concurrent tests share. It ends with the last of them.
static SHARED: Mutex<Weak<Local>> = Mutex::const_new(Weak::new());

impl Local {
    pub async fn start(store: Store) -> Self {
        let launch = store.launch(&["dev"]);
        Self { server: launch.start().await, launch, store }
    }

    /// Returns the shared server, for tests that use unique IDs.
    pub async fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let local = Arc::new(Self::start(Store::sqlite()).await);
        *shared = Arc::downgrade(&local);
        local
    }

    pub fn anonymous(&self) -> Api {
        self.server.http().clone()
    }

    pub fn admin(&self) -> Api {
        self.anonymous().basic("demo", "demo")
    }

    /// Creates a user whose only permission is to read itself.
    pub async fn user(&self, name: &str) -> Api {
        created(self.admin().post("/v2/users", &json!({"username": name, "password": "secret"})).await);
        self.anonymous().basic(name, "secret")
    }

    /// Grants a user permissions on resources of a type. Returns the authorization's key.
    pub async fn allow(&self, user: &str, kind: &str, id: &str, permissions: &[&str]) -> String {
        let body = json!({"ownerType": "USER", "ownerId": user, "resourceType": kind, "resourceId": id,
            "permissionTypes": permissions});
        let made = created(self.admin().post("/v2/authorizations", &body).await);
        made["authorizationKey"].as_str().expect("a key").to_owned()
    }

    /// Returns the audit log, oldest record first.
    pub async fn audit(&self) -> Vec<store::AuditRecord> {
        self.store.audit(&self.launch).await
    }
}

/// Returns the launch configuration of a server that trusts one issuer and is its client `identity`. The username is
/// the claim `sub`, the client ID is the claim `client`, and groups are stored groups.
pub fn oidc(store: &Store, issuer: &str, administrator: &str) -> Launch {
    let provider = |key: &str| format!("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_{key}");
    store
        .launch(&["serve"])
        .env("IDENTITY_PROFILE", "oidc")
        .env(&provider("ISSUER"), issuer)
        .env(&provider("AUDIENCES_0"), AUDIENCE)
        .env(&provider("CLIENT_ID_CLAIM"), "client")
        .env(&provider("CLIENT_ID"), "identity")
        .env(&provider("CLIENT_SECRET"), "s3cret")
        .env("IDENTITY_SERVER_PUBLIC_URL", "http://127.0.0.1:1")
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_NAME", "sub")
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_VALUE", administrator)
}

/// Returns a mapping rule of a type (`ROLE`, `TENANT`, `GROUP`) with the operator `EQUALS`.
pub fn rule(name: &str, (claim, value): (&str, &str), kind: &str, targets: &[&str]) -> Value {
    let field = match kind {
        "ROLE" => "appliedRoleNames",
        "TENANT" => "appliedTenantIds",
        _ => "appliedGroupIds",
    };
    json!({"name": name, "claimName": claim, "claimValue": value, "operator": "EQUALS", "type": kind, field: targets})
}

/// Asserts status 201 and returns the created entity.
#[track_caller]
pub fn created(reply: Reply) -> Value {
    reply.expect_status(201).json()
}

/// Asserts status 204 without a body.
#[track_caller]
pub fn done(reply: Reply) {
    let reply = reply.expect_status(204);
    assert_eq!(reply.text, "", "{} has a body", reply.url);
}

#[track_caller]
pub fn shows(reply: Reply, expected: &Value) {
    assert_eq!(reply.expect_status(200).json(), *expected);
}

/// Asserts a complete list and its total.
#[track_caller]
pub fn lists(reply: Reply, expected: &Value) {
    let total = expected.as_array().expect("a list").len().to_string();
    let reply = reply.expect_status(200);
    assert_eq!(reply.header("x-total-count"), Some(&*total), "{}", reply.url);
    assert_eq!(reply.json(), *expected);
}

/// Asserts a problem document (RFC 9457) with this status and reason. Returns it.
#[track_caller]
pub fn refused(reply: &Reply, status: u16, reason: &str) -> Value {
    let said = (reply.status, reply.header("content-type"));
    assert_eq!(said, (status, Some("application/problem+json")), "{} said {}", reply.url, reply.text);
    let problem = reply.json();
    assert_eq!(problem["reason"], reason, "{}: {problem}", reply.url);
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["type"], "about:blank", "{problem}");
    for text in ["title", "detail"] {
        assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "no {text}: {problem}");
    }
    assert!(problem["instance"].as_str().is_some_and(|path| path.starts_with('/')), "{problem}");
    problem
}

/// Returns a field of the list's items.
pub fn column(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    items.iter().map(|item| item[field].as_str().unwrap_or_else(|| panic!("no {field}: {item}")).to_owned()).collect()
}

/// Polls until `ask` succeeds, for at most one minute.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(last) => assert!(start.elapsed() < Duration::from_secs(60), "{what} did not happen; last: {last}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}
