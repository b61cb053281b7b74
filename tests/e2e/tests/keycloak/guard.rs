//! Entities that administer the realm cannot be changed through this server on any path, and their secrets cannot be
//! read.

use identity_testkit::{Api, Keycloak, Realm, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

/// Server with a least-privilege client, and a client for its API that has every permission.
struct Guarded {
    realm: Realm<'static>,
    api: Api,
    _server: Server,
}

impl Guarded {
    async fn start() -> Option<Self> {
        let realm = Keycloak::shared().await?.realm().await;
        let launch = existing(&realm, &["manage-clients", "manage-realm", "manage-users"]).await;
        let server = launch.start().await;
        let api = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
        Some(Self { realm, api, _server: server })
    }

    /// Returns a client for the realm's Admin API.
    async fn keycloak(&self) -> Api {
        self.realm.api().await
    }

    /// Returns the internal ID of a client.
    async fn client(&self, client_id: &str) -> String {
        let found =
            self.keycloak().await.get(&format!("/clients?clientId={client_id}")).await.expect_status(200).json();
        text(&found[0], "id")
    }

    /// Creates an Identity realm role that contains a role of `realm-management`.
    async fn powerful_role(&self, name: &str) {
        let body = json!({"name": name, "attributes": {"camunda_role": ["true"]}, "composite": true,
            "composites": {"client": {"realm-management": ["manage-users"]}}});
        _ = self.keycloak().await.post("/roles", &body).await.expect_status(201);
    }

    /// Assigns a realm role to a user or a group.
    async fn give(&self, holder: &str, role: &str) {
        let role = self.keycloak().await.get(&format!("/roles/{role}")).await.expect_status(200).json();
        _ = self
            .keycloak()
            .await
            .post(&format!("{holder}/role-mappings/realm"), &json!([role]))
            .await
            .expect_status(204);
    }

    /// Asserts that a request on a protected entity is rejected with `protected`.
    async fn refused(&self, method: Method, path: &str, body: &Value) {
        let reply = self.api.send(self.api.request(method.clone(), path).json(body)).await;
        assert_eq!((reply.status, &reply.json()["reason"]), (403, &json!("protected")), "{method} {path} {reply:?}");
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_client_and_clients_that_administer_the_realm_are_neither_changed_nor_shown() {
    let Some(guarded) = Guarded::start().await else { return };
    let scopes = json!({"defaultClientScopes": [SCOPE], "name": "Robot"});
    let robot = guarded.realm.client("robot", "robot-s3cret", &[], scopes.clone()).await;
    guarded.realm.grant(&guarded.realm.service_account(&robot).await, "realm-management", &["manage-users"]).await;
    let composite = guarded.realm.client("composite", "composite-s3cret", &[], scopes.clone()).await;
    guarded.powerful_role("Powerful").await;
    let account = guarded.realm.service_account(&composite).await;
    guarded.give(&format!("/users/{account}"), "Powerful").await;
    let broker = guarded.client("broker").await;
    let scope = guarded.keycloak().await.get("/client-scopes").await.json();
    let scope = scope.as_array().and_then(|all| all.iter().find(|one| one["name"] == SCOPE)).map(|one| text(one, "id"));
    let handed_over = format!("/clients/{broker}/default-client-scopes/{}", scope.unwrap_or_default());
    _ = guarded.keycloak().await.put(&handed_over, &json!({})).await.expect_status(204);

    let permission = json!({"definition": "read", "resourceServerAudience": AUDIENCE});
    for key in [guarded.client("identity").await, robot, composite, broker] {
        let at = |below: &str| format!("/api/clients/{key}{below}");
        let before = guarded.keycloak().await.get(&format!("/clients/{key}")).await.json();
        guarded.refused(Method::GET, &at("/secret"), &Value::Null).await;
        guarded.refused(Method::POST, &at("/secret"), &json!({})).await;
        let change = json!({"name": "Mine", "redirectUris": ["https://evil.example/"]});
        guarded.refused(Method::PUT, &at(""), &change).await;
        if before["serviceAccountsEnabled"] == true {
            guarded.refused(Method::POST, &at("/permissions"), &permission).await;
        }
        guarded.refused(Method::DELETE, &at(""), &Value::Null).await;
        assert_eq!(guarded.keycloak().await.get(&format!("/clients/{key}")).await.json(), before);
    }
    let own =
        json!({"name": "Own", "clientId": "identity", "type": "CONFIDENTIAL", "secret": "another-s3cret-of-length"});
    guarded.refused(Method::POST, "/api/clients", &own).await;

    // Access tokens of a client with full scope carry all roles of the users who sign in at it.
    let full = guarded.realm.client("full", "full-s3cret", &["https://full.example/"], scopes).await;
    let elsewhere = json!({"name": "Full", "redirectUris": ["https://evil.example/"]});
    guarded.refused(Method::PUT, &format!("/api/clients/{full}"), &elsewhere).await;
    let renamed = json!({"name": "Renamed", "redirectUris": ["https://full.example/"]});
    _ = guarded.api.put(&format!("/api/clients/{full}"), &renamed).await.expect_status(204);
    _ = guarded.api.get(&format!("/api/clients/{full}/secret")).await.expect_status(200);
    let denied = guarded.api.get("/api/audit-log?result=FAIL&entityType=CLIENT").await.expect_status(200).json();
    assert!(texts(&denied, "reason").iter().any(|reason| reason == "protected"), "{denied:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_who_administer_the_realm_in_any_way_and_service_accounts_are_not_changed() {
    let Some(guarded) = Guarded::start().await else { return };
    guarded.powerful_role("Powerful").await;
    let created_group = async |path: &str, name: &str| guarded.realm.create(path, &json!({"name": name})).await;
    let group = created_group("/groups", "Administrators").await;
    guarded.give(&format!("/groups/{group}"), "Powerful").await;
    let below = created_group(&format!("/groups/{group}/children"), "Below").await;
    let plain = created_group("/groups", "Plain").await;
    let mut protected = Vec::new();
    for name in ["direct", "composite", "by-group", "by-group-above"] {
        protected.push(guarded.realm.user(name, "pw").await);
    }
    guarded.realm.grant(&protected[0], "realm-management", &["view-users"]).await;
    guarded.give(&format!("/users/{}", protected[1]), "Powerful").await;
    for (user, group) in [(&protected[2], &group), (&protected[3], &below)] {
        _ = guarded.keycloak().await.put(&format!("/users/{user}/groups/{group}"), &json!({})).await.expect_status(204);
    }
    // A service account is not a user. A user with a similar name is.
    let machine = guarded.realm.service_account(&guarded.client(MACHINE.0).await).await;
    _ = guarded.api.get(&format!("/api/users/{machine}")).await.expect_status(404);
    let ids = format!("/api/users?userIds={machine}");
    _ = guarded.api.get(&ids).await.expect_status(404);
    _ = guarded.keycloak().await.put(&format!("/users/{machine}/groups/{plain}"), &json!({})).await.expect_status(204);
    let members = format!("/api/groups/{plain}/users");
    assert_eq!(guarded.api.get(&members).await.expect_status(200).json(), json!([]));
    let lookalike = guarded.realm.user("service-account-ann", "pw").await;
    assert_eq!(guarded.api.get(&format!("/api/users/{lookalike}")).await.expect_status(200).json()["id"], lookalike);
    let change = json!({"enabled": false});
    _ = guarded.api.put(&format!("/api/users/{lookalike}"), &change).await.expect_status(204);
    _ = guarded.api.put(&format!("/api/users/{machine}"), &change).await.expect_status(404);
    let role = json!({"roleName": "ManagementIdentity"});
    guarded.refused(Method::POST, &format!("/api/users/{machine}/roles"), &role).await;
    guarded.refused(Method::POST, &members, &json!({"userId": machine})).await;
    guarded.refused(Method::DELETE, &format!("{members}/{machine}"), &Value::Null).await;

    for user in &protected {
        let at = |below: &str| format!("/api/users/{user}{below}");
        let before = guarded.keycloak().await.get(&format!("/users/{user}")).await.json();
        for change in [json!({"email": "evil@example.org"}), json!({"enabled": false}), json!({"lastName": "X"})] {
            guarded.refused(Method::PUT, &at(""), &change).await;
        }
        guarded.refused(Method::POST, &at("/roles"), &json!({"roleName": "ManagementIdentity"})).await;
        guarded.refused(Method::DELETE, &at("/roles/Powerful"), &Value::Null).await;
        guarded.refused(Method::POST, &members, &json!({"userId": user})).await;
        guarded.refused(Method::DELETE, &format!("{members}/{user}"), &Value::Null).await;
        assert_eq!(guarded.keycloak().await.get(&format!("/users/{user}")).await.json(), before);
    }
    // Ordinary administration still works.
    let ann = guarded.realm.user("ordinary", "pw").await;
    _ = guarded.api.put(&format!("/api/users/{ann}"), &json!({"lastName": "Lee"})).await.expect_status(204);
    _ = guarded.api.post(&members, &json!({"userId": ann})).await.expect_status(204);
    let role = json!({"roleName": "ManagementIdentity"});
    _ = guarded.api.post(&format!("/api/users/{ann}/roles"), &role).await.expect_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_and_roles_that_administer_the_realm_are_neither_changed_nor_given() {
    let Some(guarded) = Guarded::start().await else { return };
    guarded.powerful_role("Powerful").await;
    let body = json!({"name": "Outer", "attributes": {"camunda_role": ["true"]}, "composite": true,
        "composites": {"realm": ["Powerful"]}});
    _ = guarded.keycloak().await.post("/roles", &body).await.expect_status(201);
    let ann = guarded.realm.user("ann", "pw").await;
    let powerful = guarded.realm.create("/groups", &json!({"name": "Administrators"})).await;
    guarded.give(&format!("/groups/{powerful}"), "Powerful").await;
    let inner = guarded.realm.create(&format!("/groups/{powerful}/children"), &json!({"name": "Inner"})).await;
    let above = guarded.realm.create("/groups", &json!({"name": "Above"})).await;
    let below = guarded.realm.create(&format!("/groups/{above}/children"), &json!({"name": "Below"})).await;
    guarded.give(&format!("/groups/{below}"), "Powerful").await;
    let plain = guarded.realm.create("/groups", &json!({"name": "Plain"})).await;

    for group in [&powerful, &below, &inner] {
        guarded.refused(Method::POST, &format!("/api/groups/{group}/users"), &json!({"userId": ann})).await;
        guarded.refused(Method::PUT, &format!("/api/groups/{group}"), &json!({"name": "Mine"})).await;
        let role = json!({"roleName": "ManagementIdentity"});
        guarded.refused(Method::POST, &format!("/api/groups/{group}/roles"), &role).await;
        guarded.refused(Method::DELETE, &format!("/api/groups/{group}"), &Value::Null).await;
    }
    guarded.refused(Method::DELETE, &format!("/api/groups/{above}"), &Value::Null).await;
    for role in ["Powerful", "Outer"] {
        let body = json!({"roleName": role});
        guarded.refused(Method::POST, &format!("/api/users/{ann}/roles"), &body).await;
        guarded.refused(Method::POST, &format!("/api/groups/{plain}/roles"), &body).await;
        guarded.refused(Method::PUT, &format!("/api/roles/{role}"), &json!({"description": "Harmless"})).await;
        let permission = json!({"definition": "read", "resourceServerAudience": AUDIENCE});
        guarded.refused(Method::POST, &format!("/api/roles/{role}/permissions"), &permission).await;
        guarded.refused(Method::DELETE, &format!("/api/roles/{role}"), &Value::Null).await;
    }

    // A permission that contains such a role is not assigned either.
    let api = created(guarded.api.post("/api/resource-servers", &json!({"name": "A", "audience": "a-api"})).await);
    let roles = format!("/clients/{}/roles", text(&api, "id"));
    let body =
        json!({"name": "grow", "composite": true, "composites": {"client": {"realm-management": ["realm-admin"]}}});
    _ = guarded.keycloak().await.post(&roles, &body).await.expect_status(201);
    let grow = guarded.keycloak().await.get(&format!("{roles}/grow")).await.expect_status(200).json();
    let management = guarded.client("realm-management").await;
    let admin = guarded.keycloak().await.get(&format!("/clients/{management}/roles/realm-admin")).await.json();
    let composites = format!("/roles-by-id/{}/composites", text(&grow, "id"));
    _ = guarded.keycloak().await.post(&composites, &json!([admin])).await.expect_status(204);
    let grow = json!({"definition": "grow", "resourceServerAudience": "a-api"});
    let machine = guarded.client(MACHINE.0).await;
    guarded.refused(Method::POST, &format!("/api/clients/{machine}/permissions"), &grow).await;
    guarded.refused(Method::POST, "/api/roles/ManagementIdentity/permissions", &grow).await;
    guarded.refused(Method::POST, "/api/roles", &json!({"name": "Grower", "permissions": [grow]})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_need_their_own_permission() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let writer = json!({"name": "Writer", "clientId": "writer", "type": "m2m", "secret": "writer-s3cret-of-length"});
    let writer = created(admin.post("/api/clients", &writer).await);
    for definition in ["read", "write"] {
        let permission = json!({"definition": definition, "resourceServerAudience": AUDIENCE});
        let path = format!("/api/clients/{}/permissions", text(&writer, "id"));
        _ = admin.post(&path, &permission).await.expect_status(204);
    }
    let token = platform.realm.client_token("writer", "writer-s3cret-of-length").await;
    let writer = platform.server.http().bearer(token);
    let clients = writer.get("/api/clients?search=optimize").await.expect_status(200).json();
    let secret = format!("/api/clients/{}/secret", text(&clients[0], "id"));
    _ = writer.get(&secret).await.expect_status(403);
    _ = writer.post(&secret, &json!({})).await.expect_status(403);
    let api = admin.get(&format!("/api/resource-servers?search={AUDIENCE}")).await.json();
    let definitions = format!("/api/resource-servers/{}/permissions", text(&api[0], "id"));
    assert!(texts(&admin.get(&definitions).await.json(), "definition").contains(&"read:secrets".to_owned()));
    // An administrator may read the secret.
    let demo = platform.user(DEMO.0, DEMO.1).await;
    assert_eq!(demo.get(&secret).await.expect_status(200).json()["secret"], "optimize-s3cret");
    // The server's own client is protected, even where this server created it.
    let own = demo.get("/api/clients?search=camunda-identity").await.json();
    let own = format!("/api/clients/{}", text(&own[0], "id"));
    assert_eq!(demo.get(&format!("{own}/secret")).await.expect_status(403).json()["reason"], "protected");
    assert_eq!(demo.delete(&own).await.expect_status(403).json()["reason"], "protected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_realm_that_administers_all_realms_is_not_managed() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let launch = creating(keycloak.base(), "master");
    let outcome = launch.begin().listening().await;
    let Err(exited) = outcome else { panic!("it serves") };
    let said = format!("{exited:?}");
    assert!(said.contains("administers all realms"), "{said}");
}
