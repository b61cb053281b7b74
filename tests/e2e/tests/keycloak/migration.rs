//! Published migration job in its mode `KEYCLOAK`, from a realm to a server of the profile `oidc` that trusts the same
//! realm.

use std::collections::BTreeSet;

use identity_e2e::migration::{Job, Outcome, normalized};
use identity_testkit::{Api, Launch, Realm, Server};
use serde_json::{Value, json};

use crate::support::*;

/// Number of groups and users, more than one page.
const MANY: usize = 57;
/// Client of the job, with read permission only.
const MIGRATOR: &str = "migrator";

async fn items(api: &Api, path: &str) -> Value {
    let page = api.post(path, &json!({"page": {"limit": 1000}})).await.expect_status(200).json();
    page["items"].clone()
}

async fn ids(api: &Api, path: &str, key: &str) -> BTreeSet<String> {
    texts(&items(api, path).await, key).into_iter().collect()
}

/// Starts a cluster that identifies the realm's users by email address and has [`DEMO`] as its administrator.
async fn cluster(realm: &Realm<'_>) -> (Server, Api) {
    let provider = |key: &str| format!("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_{key}");
    let launch = Launch::new(&["serve"])
        .env("IDENTITY_SERVER_ADDRESS", "127.0.0.1")
        .env("IDENTITY_PROFILE", "oidc")
        .env("IDENTITY_SERVER_PUBLIC_URL", "http://127.0.0.1:1")
        .env(&provider("ISSUER"), realm.issuer())
        .env(&provider("AUDIENCES_0"), AUDIENCE)
        .env(&provider("USERNAME_CLAIM"), "email")
        .env(&provider("CLIENT_ID_CLAIM"), "client_id")
        .env(&provider("GROUPS_CLAIM"), "groups")
        .env(&provider("CLIENT_ID"), LOGIN.0)
        .env(&provider("CLIENT_SECRET"), LOGIN.1)
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_NAME", "email")
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_VALUE", "demo@example.org");
    let server = launch.start().await;
    let admin = server.http().bearer(realm.user_token(LOGIN, DEMO).await);
    (server, admin)
}

/// Creates a machine client with one permission on this service's API and returns its access token.
async fn migrator(platform: &Platform, admin: &Api) -> String {
    let made =
        created(admin.post("/api/clients", &json!({"name": "Migration", "clientId": MIGRATOR, "type": "m2m"})).await);
    let path = format!("/api/clients/{}", made["id"].as_str().unwrap_or_default());
    let read = json!({"definition": "read", "resourceServerAudience": AUDIENCE});
    _ = admin.post(&format!("{path}/permissions"), &read).await.expect_status(204);
    let secret = admin.get(&format!("{path}/secret")).await.expect_status(200).json();
    let secret = secret["secret"].as_str().unwrap_or_default();
    platform.realm.client_token(MIGRATOR, secret).await
}

/// Imports many groups and users, and adds a mapper that puts groups into tokens.
async fn import(platform: &Platform) {
    let realm = platform.realm.api().await;
    let groups: Vec<Value> = (0..MANY).map(|n| json!({"name": format!("Team {n:02}")})).collect();
    let users: Vec<Value> = (0..MANY)
        .map(|n| {
            json!({"username": format!("user{n:02}"), "email": format!("User{n:02}@Example.org"), "enabled": true,
                "emailVerified": true, "firstName": "U", "lastName": "N", "groups": [format!("/Team {n:02}")],
                "credentials": [{"type": "password", "value": "correct horse"}]})
        })
        .chain([json!({"username": "without-address", "enabled": true})])
        .collect();
    for group in groups {
        _ = realm.post("/groups", &group).await.expect_status(201);
    }
    let body = json!({"ifResourceExists": "FAIL", "users": users});
    _ = realm.post("/partialImport", &body).await.expect_status(200);
    let clients = realm.get(&format!("/clients?clientId={}", LOGIN.0)).await.expect_status(200).json();
    let mapper = json!({"name": "groups", "protocol": "openid-connect",
        "protocolMapper": "oidc-group-membership-mapper",
        "config": {"claim.name": "groups", "full.path": "false", "access.token.claim": "true"}});
    let path = format!("/clients/{}/protocol-mappers/models", clients[0]["id"].as_str().unwrap_or_default());
    _ = realm.post(&path, &mapper).await.expect_status(201);
}

async fn id_of(admin: &Api, kind: &str, name: &str) -> String {
    let found = admin.get(&format!("/api/{kind}?search={name}")).await.expect_status(200).json();
    found[0]["id"].as_str().unwrap_or_default().to_owned()
}

/// Creates the entities of a typical installation: roles, an application, tenant members and authorizations.
async fn fill(admin: &Api) {
    let permission = |audience: &str, of: &str| json!({"resourceServerAudience": audience, "definition": of});
    for (name, audience, definitions) in [
        ("operate-api", "operate-api", ["read:*", "write:*"]),
        ("tasklist-api", "tasklist-api", ["read:*", "write:*"]),
        ("zeebe-api", "zeebe-api", ["write:*", "read:*"]),
    ] {
        let permissions = definitions.map(|definition| json!({"definition": definition}));
        let body = json!({"name": name, "audience": audience, "permissions": permissions});
        let status = admin.post("/api/resource-servers", &body).await.status;
        assert!([201, 409].contains(&status), "{name}: {status}");
    }
    for (name, description, permissions) in [
        ("Fach Süd", "Fachbereich", vec![permission("operate-api", "read:*"), permission("tasklist-api", "write:*")]),
        ("operator", "", vec![permission("operate-api", "write:*"), permission("operate-api", "read:*")]),
        ("nothing", "", vec![]),
    ] {
        let body = json!({"name": name, "description": description, "permissions": permissions});
        created(admin.post("/api/roles", &body).await);
    }
    let worker =
        created(admin.post("/api/clients", &json!({"name": "Worker", "clientId": "worker", "type": "m2m"})).await);
    let path = format!("/api/clients/{}/permissions", worker["id"].as_str().unwrap_or_default());
    _ = admin.post(&path, &permission("zeebe-api", "write:*")).await.expect_status(204);

    let user = id_of(admin, "users", "user01").await;
    for role in ["Fach Süd", "operator", "ManagementIdentity"] {
        let body = json!({"roleName": role});
        _ = admin.post(&format!("/api/users/{user}/roles"), &body).await.expect_status(204);
    }
    let team = id_of(admin, "groups", "Team%2001").await;
    for (tenant, name) in [("acme", "Acme"), ("Globex-2", "Globex & Sons")] {
        created(admin.post("/api/tenants", &json!({"tenantId": tenant, "name": name})).await);
    }
    for (path, body) in [
        ("acme/users", json!({"userIds": [user]})),
        ("acme/groups", json!({"groupIds": [team]})),
        ("Globex-2/applications", json!({"applicationIds": ["worker"]})),
        ("%3Cdefault%3E/groups", json!({"groupIds": [team]})),
    ] {
        _ = admin.post(&format!("/api/tenants/{path}"), &body).await.expect_status(204);
    }
    for (id, kind, resource, key, permissions) in [
        (&user, "USER", "process-definition", "order", vec!["READ", "START_PROCESS_INSTANCE"]),
        (&team, "GROUP", "process-definition", "*", vec!["READ", "DELETE"]),
        (&team, "GROUP", "decision-definition", "risk", vec!["READ", "DELETE"]),
    ] {
        let body = json!({"entityId": id, "entityType": kind, "resourceKey": key, "resourceType": resource,
            "permissions": permissions});
        let status = admin.put("/api/authorizations", &body).await.status;
        assert!(status < 300, "{body}: {status}");
    }
}

/// Returns the resources and permissions of an owner in a short text form.
async fn grants(api: &Api, kind: &str, owner: &str) -> BTreeSet<String> {
    let filter = json!({"filter": {"ownerType": kind, "ownerId": owner}, "page": {"limit": 100}});
    let found = api.post("/v2/authorizations/search", &filter).await.expect_status(200).json();
    let items = found["items"].as_array().cloned().unwrap_or_default();
    let short = |one: &Value| {
        let mut permissions: Vec<_> =
            one["permissionTypes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        permissions.sort_unstable();
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("resourceType"), text("resourceId"), permissions.join(" "))
    };
    items.iter().map(short).collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_a_realm_moves_once() {
    let Some(platform) = Platform::start().await else { return };
    import(&platform).await;
    let admin = platform.admin().await;
    fill(&admin).await;
    let source = platform.server.http().bearer(migrator(&platform, &admin).await);
    assert_eq!(source.post("/api/groups", &json!({"name": "x"})).await.status, 403);
    let (server, target) = cluster(&platform.realm).await;
    let roles_before = ids(&target, "/v2/roles/search", "roleId").await;

    let job = Job { source: source.clone(), target: target.clone() };
    let first = job.keycloak().await.unwrap_or_else(|stop| panic!("{stop}"));
    assert!(first.skipped.is_empty() && first.pages == 3 * 3, "{first:?}");
    let second = job.keycloak().await.unwrap_or_else(|stop| panic!("{stop}"));
    let existed = first.created + first.existed;
    assert_eq!(second, Outcome { created: 0, existed, pages: first.pages, ..Outcome::default() });

    let roles = texts(&source.get("/api/roles").await.json(), "name");
    let expected: BTreeSet<String> = roles.iter().map(|name| normalized(name)).chain(roles_before).collect();
    assert_eq!(ids(&target, "/v2/roles/search", "roleId").await, expected);
    for role in &roles {
        let users = ids(&target, &format!("/v2/roles/{}/users/search", normalized(role)), "username").await;
        let holders = source.get("/api/users").await.expect_status(200).json();
        let mut expected = BTreeSet::new();
        for (id, address) in texts(&holders, "id").iter().zip(texts(&holders, "email")) {
            if address == "user01@example.org" || address == "demo@example.org" {
                let held = texts(&source.get(&format!("/api/users/{id}/roles")).await.json(), "name");
                expected.extend(held.contains(role).then_some(address));
            }
        }
        assert_eq!(users, expected, "{role}");
    }

    let tenants = ids(&target, "/v2/tenants/search", "tenantId").await;
    assert_eq!(tenants, set(["<default>", "acme", "globex-2"]));
    for (path, key, members) in [
        ("acme/users", "username", set(["user01"])),
        ("acme/groups", "groupId", set(["team_01"])),
        ("acme/clients", "clientId", set([])),
        ("globex-2/clients", "clientId", set(["worker"])),
        ("%3Cdefault%3E/groups", "groupId", set(["team_01"])),
    ] {
        assert_eq!(ids(&target, &format!("/v2/tenants/{path}/search"), key).await, members, "{path}");
    }

    assert_eq!(
        grants(&target, "USER", "user01@example.org").await,
        set(["PROCESS_DEFINITION order CREATE_PROCESS_INSTANCE READ_PROCESS_DEFINITION READ_PROCESS_INSTANCE"])
    );
    assert_eq!(
        grants(&target, "GROUP", "team_01").await,
        set([
            "PROCESS_DEFINITION * READ_PROCESS_DEFINITION READ_PROCESS_INSTANCE UPDATE_PROCESS_INSTANCE",
            "DECISION_DEFINITION risk DELETE_DECISION_INSTANCE READ_DECISION_DEFINITION READ_DECISION_INSTANCE",
        ])
    );
    assert_eq!(
        grants(&target, "CLIENT", "worker").await,
        set([
            "MESSAGE * CREATE",
            "SYSTEM * READ UPDATE",
            "RESOURCE * CREATE DELETE_DRD DELETE_FORM DELETE_PROCESS DELETE_RESOURCE",
            "PROCESS_DEFINITION * CREATE_PROCESS_INSTANCE DELETE_PROCESS_INSTANCE UPDATE_PROCESS_INSTANCE UPDATE_USER_TASK",
            "DECISION_DEFINITION * CREATE_DECISION_INSTANCE DELETE_DECISION_INSTANCE",
        ])
    );
    assert_eq!(grants(&target, "ROLE", "fach_s_d").await.len(), 8);

    // The token of the migrated user has the previous roles.
    let token = platform.realm.user_token(LOGIN, ("user01", "correct horse")).await;
    let me = server.http().bearer(token).get("/v2/authentication/me").await.expect_status(200).json();
    assert_eq!(me["username"], "user01@example.org");
    let held: BTreeSet<String> =
        me["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    assert_eq!(held, set(["fach_s_d", "managementidentity", "operator"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_off_is_skipped() {
    let Some(platform) = Platform::start().await else { return };
    let token = migrator(&platform, &platform.admin().await).await;
    let (_server, target) = cluster(&platform.realm).await;
    let Platform { server, launch, .. } = platform;
    _ = server.terminate().await;
    let launch =
        launch.env("IDENTITY_FEATURES_TENANTS", "false").env("IDENTITY_FEATURES_RESOURCE_AUTHORIZATIONS", "false");
    let server = launch.start().await;
    let job = Job { source: server.http().bearer(token), target };
    let outcome = job.keycloak().await.unwrap_or_else(|stop| panic!("{stop}"));
    // With the feature disabled, authorization lists are empty.
    assert_eq!(outcome.skipped, set(["/api/tenants"]));
    assert!(outcome.created > 0, "{outcome:?}");
}
