//! Benchmark of the management API in the profile `keycloak`, compared with direct requests to the Admin API of the
//! same Keycloak. Measures pages and searches with 10,000 users and 2,000 groups, and the resolution of a token's
//! holdings, which is also compared with a request that is served from memory.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark reports by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};

use identity_bench::driver::Driver;
use identity_bench::measure::{Bench, asked_for};
use identity_server::config::Sources;
use identity_testkit::{Api, KEYCLOAK_ADMIN, Keycloak, Realm};
use serde_json::{Value, json};

const USERS: usize = 10_000;
const GROUPS: usize = 2_000;
/// Number of users per import request: Keycloak slows down with larger imports.
const BATCH: usize = 50;
/// Number of groups created concurrently; groups cannot be imported.
const AT_ONCE: usize = 8;
const REALM: &str = "bench";
const SECRET: &str = "bench-s3cret";
/// Client for the requests to both APIs.
const ADMIN: &str = "administrator";
/// Client for the tokens of users.
const LOGIN: &str = "login";
const AUDIENCE: &str = "camunda-identity-resource-server";

/// Pairs of equivalent requests: name, path in the management API, path in the Admin API, number of results.
const QUESTIONS: [(&str, &str, &str, usize); 4] = [
    (
        "users, a page of 50",
        "/api/users?page=100&resultSize=50",
        "/users?first=5000&max=50&briefRepresentation=true",
        50,
    ),
    (
        "groups, a page of 50",
        "/api/groups?page=20&resultSize=50",
        "/groups?first=1000&max=50&briefRepresentation=true&populateHierarchy=false",
        50,
    ),
    (
        "users, a search that finds 100",
        "/api/users?search=user012&page=0&resultSize=1000",
        "/users?search=*user012*&first=0&max=1000&briefRepresentation=true",
        100,
    ),
    (
        "users, a search that finds one",
        "/api/users?search=user01234&page=0&resultSize=50",
        "/users?search=*user01234*&first=0&max=50&briefRepresentation=true",
        1,
    ),
];

/// Starts the complete server on a thread that ends with this process; the server creates the realm.
fn identity(keycloak: &Keycloak, directory: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    drop(listener);
    let mut environment: BTreeMap<String, String> = [
        ("IDENTITY_PROFILE", "keycloak"),
        ("IDENTITY_SERVER_ADDRESS", "127.0.0.1"),
        ("IDENTITY_SERVER_PORT", &address.port().to_string()),
        ("IDENTITY_SERVER_MANAGEMENT_PORT", "0"),
        ("IDENTITY_SERVER_WORKERS", "1"),
        ("IDENTITY_STORE_SQLITE_DATA_DIR", directory),
        ("KEYCLOAK_URL", keycloak.base()),
        ("KEYCLOAK_REALM", REALM),
        ("KEYCLOAK_SETUP_USER", KEYCLOAK_ADMIN.0),
        ("KEYCLOAK_SETUP_PASSWORD", KEYCLOAK_ADMIN.1),
        ("KEYCLOAK_CLIENTS_0_ID", ADMIN),
        ("KEYCLOAK_CLIENTS_0_SECRET", SECRET),
        ("KEYCLOAK_CLIENTS_0_TYPE", "M2M"),
        ("KEYCLOAK_USERS_0_USERNAME", "demo"),
        ("KEYCLOAK_USERS_0_PASSWORD", SECRET),
        ("KEYCLOAK_USERS_0_ROLES_0", "ManagementIdentity"),
        ("KEYCLOAK_USERS_0_EMAIL", "demo@example.org"),
        ("KEYCLOAK_USERS_0_FIRST_NAME", "Demo"),
        ("KEYCLOAK_USERS_0_LAST_NAME", "User"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (place, definition) in ["read", "read:users", "write"].into_iter().enumerate() {
        let permission = format!("KEYCLOAK_CLIENTS_0_PERMISSIONS_{place}");
        environment.insert(format!("{permission}_RESOURCE_SERVER_ID"), AUDIENCE.to_owned());
        environment.insert(format!("{permission}_DEFINITION"), definition.to_owned());
    }
    let loaded = Sources { environment, ..Sources::default() }.load().expect("a configuration");
    std::thread::spawn(move || identity_server::run::serve(loaded.config).expect("it runs"));
    address
}

/// Extends the lifetime of tokens to the whole benchmark and fills the realm.
async fn fill(realm: &Realm<'_>) {
    for name in ["master", REALM] {
        let lasting = json!({"accessTokenLifespan": 7200});
        _ = realm.admin().await.put(&format!("/{name}"), &lasting).await.expect_status(204);
    }
    let user = |n| {
        json!({
            "username": format!("user{n:05}"), "enabled": true, "email": format!("user{n:05}@example.org"),
            "firstName": format!("First {n}"), "lastName": format!("Last {n}"),
        })
    };
    let api = realm.api().await;
    let users: Vec<Value> = (0..USERS).map(user).collect();
    for some in users.chunks(BATCH) {
        let body = json!({"ifResourceExists": "FAIL", "users": some});
        _ = api.post("/partialImport", &body).await.expect_status(200);
    }
    for first in (0..GROUPS).step_by(AT_ONCE) {
        let mut making = tokio::task::JoinSet::new();
        for n in first..first + AT_ONCE {
            let api = api.clone();
            making.spawn(async move { api.post("/groups", &json!({"name": format!("group{n:04}")})).await });
        }
        for made in making.join_all().await {
            _ = made.expect_status(201);
        }
    }
    let clients = api.get(&format!("/clients?clientId={ADMIN}")).await.expect_status(200).json();
    let account = realm.service_account(clients[0]["id"].as_str().expect("the server made it")).await;
    realm.grant(&account, "realm-management", &["view-users", "query-users", "query-groups"]).await;
    let scopes = json!({"defaultClientScopes": ["camunda-identity", "basic", "profile", "email", "roles"]});
    realm.client(LOGIN, SECRET, &[], scopes).await;
}

/// Adds the user to ten groups, each with a tenant, and creates ten authorizations for the user.
async fn give(ours: &Api, realm: &Realm<'_>) {
    let find = async |path: &str| {
        let found = ours.get(path).await.expect_status(200).json();
        let ids = found.as_array().into_iter().flatten().filter_map(|one| one["id"].as_str().map(str::to_owned));
        ids.collect::<Vec<_>>()
    };
    let demo = find("/api/users?search=demo").await.remove(0);
    let groups = find("/api/groups?search=group000").await;
    let keycloaks = realm.api().await;
    for (n, group) in groups.iter().enumerate() {
        _ = keycloaks.put(&format!("/users/{demo}/groups/{group}"), &json!({})).await.expect_status(204);
        let tenant = format!("tenant{n}");
        _ = ours.post("/api/tenants", &json!({"tenantId": tenant, "name": tenant})).await.expect_status(201);
        let members = json!({"groupIds": [group]});
        _ = ours.post(&format!("/api/tenants/{tenant}/groups"), &members).await.expect_status(204);
        let granted = json!({
            "entityId": demo, "entityType": "USER", "resourceKey": format!("process-{n}"),
            "resourceType": "process-definition", "permissions": ["READ"],
        });
        _ = ours.put("/api/authorizations", &granted).await.expect_status(204);
    }
}

/// The IDs of the elements of a list.
fn keys(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect()
}

async fn prepare(keycloak: &Keycloak, directory: &str) -> (SocketAddr, String, String) {
    let address = identity(keycloak, directory);
    let ours = Api::new(format!("http://{address}"));
    // Succeeds once the realm exists.
    _ = ours.get("/api/openapi.json").await.expect_status(200);
    let realm = keycloak.existing(REALM);
    fill(&realm).await;
    let admin = realm.client_token(ADMIN, SECRET).await;
    let (ours, theirs) = (ours.bearer(&admin), Api::new(keycloak.base()).bearer(&admin));
    for (name, our_path, their_path, count) in QUESTIONS {
        let mine = ours.get(our_path).await.expect_status(200).json();
        let bare = theirs.get(&format!("/admin/realms/{REALM}{their_path}")).await.expect_status(200).json();
        assert_eq!((keys(&mine), keys(&mine).len()), (keys(&bare), count), "{name}: both give the same answer");
    }
    give(&ours, &realm).await;
    let user = realm.user_token((LOGIN, SECRET), ("demo", SECRET)).await;
    (address, format!("Bearer {admin}"), format!("Bearer {user}"))
}

fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let Some(keycloak) = runtime.block_on(Keycloak::start()) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let (ours, admin, user) = runtime.block_on(prepare(&keycloak, &directory.path().display().to_string()));
    let theirs: SocketAddr = keycloak.authority().parse().expect("an address");

    let mut bench = Bench::new("With Keycloak, over HTTP");
    for (name, our_path, their_path, _) in QUESTIONS {
        let bare = format!("{name}: the bare call");
        let mut asked = Driver::get(ours, our_path, &admin, 1);
        bench.case(name, move || asked.round());
        let mut asked = Driver::get(theirs, &format!("/admin/realms/{REALM}{their_path}"), &admin, 1);
        bench.case(&*bare, move || asked.round());
        bench.compare(name, bare, None);
    }
    const BARE: &str = "32 × who the caller is";
    let mut asked = Driver::get(ours, "/api/me", &user, 32);
    bench.case(BARE, move || asked.round());
    for kind in ["tenants", "authorizations"] {
        let name = format!("32 × {kind} of a token");
        let mut asked = Driver::get(ours, &format!("/api/{kind}/for-token"), &user, 32);
        bench.case(&*name, move || asked.round());
        bench.compare(name, BARE, None);
    }
    bench.report();
}

fn main() {
    if !asked_for() {
        return;
    }
    // Without Keycloak, the message about the skipped benchmark contains the thread name.
    let bench = std::thread::Builder::new().name("the benchmark `keycloak`".to_owned()).spawn(measure);
    bench.expect("a thread").join().expect("it ends well");
}
