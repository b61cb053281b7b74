//! What most cases need: a store, a server on it, an issuer whose tokens say whatever a case wants.

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

/// What tokens must be for.
pub const AUDIENCE: &str = "identity-api";
/// Whom the initial claim of [`Site`] makes an administrator.
pub const ROOT: &str = "root";

/// Each case once on each store; the store is in the test's name. Without PostgreSQL its tests are skipped.
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

/// A server in the profile `oidc`, and the issuer that it trusts.
pub struct Site {
    pub forge: Forge,
    pub launch: Launch,
    pub server: Server,
    pub store: Store,
}

impl Site {
    /// A server whose administrator is [`ROOT`].
    pub async fn start(store: Store) -> Self {
        let forge = Forge::start("").await;
        let launch = oidc(&store, forge.issuer(), ROOT);
        let server = launch.start().await;
        Self { forge, launch, server, store }
    }

    pub fn anonymous(&self) -> Api {
        self.server.http().clone()
    }

    /// The API, asked by a user.
    pub fn user(&self, name: &str) -> Api {
        self.anonymous().bearer(self.forge.token(&json!({"sub": name})))
    }

    pub fn admin(&self) -> Api {
        self.user(ROOT)
    }

    /// Gives a user roles, by a rule of its own.
    pub async fn give(&self, user: &str, roles: &[&str]) {
        let rule = rule(&format!("{user} is {roles:?}"), ("sub", user), "ROLE", roles);
        created(self.admin().post("/api/mapping-rules", &rule).await);
    }

    /// What the audit log holds, oldest first.
    pub async fn audit(&self) -> Vec<store::AuditRecord> {
        self.store.audit(&self.launch).await
    }
}

/// A server in the profile `builtin`, whose administrator is `demo`.
pub struct Local {
    pub launch: Launch,
    pub server: Server,
    pub store: Store,
}

/// One server for all tests that run at the same time; it ends with the last of them.
static SHARED: Mutex<Weak<Local>> = Mutex::const_new(Weak::new());

impl Local {
    pub async fn start(store: Store) -> Self {
        let launch = store.launch(&["dev"]);
        Self { server: launch.start().await, launch, store }
    }

    /// A server that others use too: for tests that keep to ids of their own.
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

    /// Creates a user, who may see themselves and no more.
    pub async fn user(&self, name: &str) -> Api {
        created(self.admin().post("/v2/users", &json!({"username": name, "password": "secret"})).await);
        self.anonymous().basic(name, "secret")
    }

    /// Lets a user do something with resources of a type; answers the authorization's key.
    pub async fn allow(&self, user: &str, kind: &str, id: &str, permissions: &[&str]) -> String {
        let body = json!({"ownerType": "USER", "ownerId": user, "resourceType": kind, "resourceId": id,
            "permissionTypes": permissions});
        let made = created(self.admin().post("/v2/authorizations", &body).await);
        made["authorizationKey"].as_str().expect("a key").to_owned()
    }

    /// What the audit log holds, oldest first.
    pub async fn audit(&self) -> Vec<store::AuditRecord> {
        self.store.audit(&self.launch).await
    }
}

/// How to start a server that trusts one issuer and is its client `identity`, with `sub` as the user, `client` as the client
/// and `groups` as stored.
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

/// The body of a mapping rule of a type (`ROLE`, `TENANT`, `GROUP`) that compares with `EQUALS`.
pub fn rule(name: &str, (claim, value): (&str, &str), kind: &str, targets: &[&str]) -> Value {
    let field = match kind {
        "ROLE" => "appliedRoleNames",
        "TENANT" => "appliedTenantIds",
        _ => "appliedGroupIds",
    };
    json!({"name": name, "claimName": claim, "claimValue": value, "operator": "EQUALS", "type": kind, field: targets})
}

/// What was created.
#[track_caller]
pub fn created(reply: Reply) -> Value {
    reply.expect_status(201).json()
}

/// A change without an answer of its own.
#[track_caller]
pub fn done(reply: Reply) {
    let reply = reply.expect_status(204);
    assert_eq!(reply.text, "", "{} has a body", reply.url);
}

#[track_caller]
pub fn shows(reply: Reply, expected: &Value) {
    assert_eq!(reply.expect_status(200).json(), *expected);
}

/// A list that holds all there is.
#[track_caller]
pub fn lists(reply: Reply, expected: &Value) {
    let total = expected.as_array().expect("a list").len().to_string();
    let reply = reply.expect_status(200);
    assert_eq!(reply.header("x-total-count"), Some(&*total), "{}", reply.url);
    assert_eq!(reply.json(), *expected);
}

/// A refusal: a problem document (RFC 9457) that says the same as the status line, and why.
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

/// The names of a list's items.
pub fn column(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    items.iter().map(|item| item[field].as_str().unwrap_or_else(|| panic!("no {field}: {item}")).to_owned()).collect()
}

/// Asks again until the answer is `wanted`, for as long as any step may take.
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
