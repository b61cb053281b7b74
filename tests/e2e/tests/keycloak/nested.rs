//! Nested groups, composite roles, roles of clients and service accounts, and users without an email address.

use identity_testkit::{Keycloak, Realm};
use serde_json::{Value, json};

use crate::support::*;

async fn child(realm: &Realm<'_>, parent: &str, name: &str) -> String {
    realm.create(&format!("/groups/{parent}/children"), &json!({"name": name})).await
}

async fn groups_of(realm: &Realm<'_>, username: &str) -> Vec<String> {
    let found = realm.api().await.get(&format!("/users?username={username}&exact=true")).await.json();
    let id = found[0]["id"].as_str().unwrap_or_default().to_owned();
    let mut paths = texts(&realm.api().await.get(&format!("/users/{id}/groups")).await.json(), "path");
    paths.sort();
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_group_is_exactly_the_one_that_its_path_leads_to() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let division = realm.create("/groups", &json!({"name": "division"})).await;
    child(&realm, &division, "admins").await;
    // A name that only resembles the path.
    realm.create("/groups", &json!({"name": "division/admins"})).await;
    let launch = creating(keycloak.base(), &realm.name)
        .env("KEYCLOAK_GROUPS_1_NAME", "admins")
        .env("KEYCLOAK_GROUPS_2_NAME", "/division/new/deep")
        .env("KEYCLOAK_USERS_0_GROUPS_0", "admins")
        .env("KEYCLOAK_USERS_1_USERNAME", "nested")
        .env("KEYCLOAK_USERS_1_GROUPS_0", "/division/admins");
    let server = launch.start().await;
    assert!(!server.output().contains("keycloak.entity.failed"), "{}", server.output());
    assert_eq!(groups_of(&realm, DEMO.0).await, ["/admins"]);
    assert_eq!(groups_of(&realm, "nested").await, ["/division/admins"]);
    _ = realm.api().await.get("/group-by-path/division/new/deep").await.expect_status(200);
    _ = server.terminate().await;
    let server = launch.start().await;
    assert!(!server.output().contains("keycloak.entity.created"), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subgroups_are_shown_with_their_paths_and_resolve_by_their_ids() {
    let Some(platform) = Platform::start().await else { return };
    let (realm, admin) = (&platform.realm, platform.admin().await);
    let division = realm.create("/groups", &json!({"name": "division"})).await;
    let admins = child(realm, &division, "admins").await;
    let other = realm.create("/groups", &json!({"name": "admins"})).await;
    let ann = realm.user("ann", "pw").await;
    let demo = format!("/api/users/{ann}/roles");
    _ = admin.post(&demo, &json!({"roleName": "Web Modeler"})).await.expect_status(204);
    let members = format!("/api/groups/{admins}/users");
    _ = admin.post(&members, &json!({"userId": ann})).await.expect_status(204);

    let listed = admin.get("/api/groups").await.expect_status(200);
    let names = texts(&listed.json(), "name");
    assert_eq!(listed.header("X-Total-Count"), Some("4"));
    assert!(names.contains(&"/division/admins".to_owned()) && names.contains(&"admins".to_owned()), "{names:?}");
    let found = admin.get("/api/groups?search=admins").await.expect_status(200).json();
    assert_eq!(texts(&found, "id").len(), 2);
    assert_eq!(admin.get(&format!("/api/groups/{admins}")).await.json()["name"], "/division/admins");
    let of_ann = admin.get(&format!("/api/users/{ann}/groups")).await.json();
    assert_eq!(of_ann, json!([{"id": admins, "name": "/division/admins"}]));

    for (tenant, group) in [("sub", &admins), ("top", &other), ("parent", &division)] {
        created(admin.post("/api/tenants", &json!({"tenantId": tenant, "name": tenant})).await);
        let group = json!({"groupIds": [group]});
        _ = admin.post(&format!("/api/tenants/{tenant}/groups"), &group).await.expect_status(204);
    }
    let herself = platform.user("ann", "pw").await;
    assert_eq!(herself.get("/api/groups/for-token").await.expect_status(200).json(), json!([admins]));
    let tenants = herself.get("/api/tenants/for-token").await.expect_status(200).json();
    assert_eq!(texts(&tenants, "tenantId"), ["sub"]);

    let path = format!("/api/groups/{admins}");
    _ = admin.put(&path, &json!({"name": "/division/owners"})).await.expect_status(204);
    let renamed = realm.api().await.get(&format!("/groups/{admins}")).await.json();
    assert_eq!((&renamed["path"], &renamed["parentId"]), (&json!("/division/owners"), &json!(division)));
    _ = admin.delete(&path).await.expect_status(204);
    assert_eq!(texts(&admin.get("/api/groups?search=admins").await.json(), "id"), [other]);
}

async fn role(realm: &Realm<'_>, name: &str, contains: &[Value], ours: bool) -> Value {
    let attributes = if ours { json!({"camunda_role": ["true"]}) } else { json!({}) };
    let _ = realm.api().await.post("/roles", &json!({"name": name, "attributes": attributes})).await.expect_status(201);
    let role = realm.api().await.get(&format!("/roles/{name}")).await.expect_status(200).json();
    let path = format!("/roles-by-id/{}/composites", role["id"].as_str().unwrap_or_default());
    let _ = realm.api().await.post(&path, &json!(contains)).await.expect_status(204);
    role
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_of_roles_in_roles_are_shown_and_open_what_they_say() {
    let Some(platform) = Platform::start().await else { return };
    let (realm, admin) = (&platform.realm, platform.admin().await);
    let api = realm.api().await.get(&format!("/clients?clientId={AUDIENCE}")).await.json();
    let api = api[0]["id"].as_str().unwrap_or_default().to_owned();
    let permission = async |name: &str| realm.api().await.get(&format!("/clients/{api}/roles/{name}")).await.json();
    let inner = role(realm, "inner", &[permission("read:users").await], false).await;
    let middle = role(realm, "middle", &[inner], false).await;
    // Composite roles may form a cycle.
    let outer = role(realm, "outer", &[middle.clone(), permission("read").await], true).await;
    let path = format!("/roles-by-id/{}/composites", middle["id"].as_str().unwrap_or_default());
    let _ = realm.api().await.post(&path, &json!([outer])).await.expect_status(204);

    let shown = admin.get("/api/roles/outer/permissions").await.expect_status(200).json();
    assert_eq!(texts(&shown, "definition"), ["read", "read:users"]);
    let inherited = format!("/api/roles/outer/permissions/{AUDIENCE}/read:users");
    let refused = admin.delete(&inherited).await.expect_status(400).json();
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("another role")), "{refused}");
    _ = admin.delete(&format!("/api/roles/outer/permissions/{AUDIENCE}/read")).await.expect_status(204);

    let ann = realm.user("ann", "pw").await;
    _ = admin.post(&format!("/api/users/{ann}/roles"), &json!({"roleName": "outer"})).await.expect_status(204);
    let herself = platform.user("ann", "pw").await;
    assert_eq!(herself.get("/api/me/permissions").await.expect_status(200).json(), json!(["read:users"]));

    // A service account that has permissions through a realm role and a client role.
    let more = json!({"defaultClientScopes": [SCOPE, "basic"]});
    let job = realm.client("job", "job-s3cret", &[], more).await;
    let account = realm.service_account(&job).await;
    let path = format!("/users/{account}/role-mappings");
    let _ = realm.api().await.post(&format!("{path}/realm"), &json!([outer])).await.expect_status(204);
    let write = json!([permission("write").await]);
    let _ = realm.api().await.post(&format!("{path}/clients/{api}"), &write).await.expect_status(204);
    let shown = admin.get(&format!("/api/clients/{job}/permissions")).await.expect_status(200).json();
    assert_eq!(texts(&shown, "definition"), ["read:users", "write"]);
    let itself = platform.server.http().bearer(realm.client_token("job", "job-s3cret").await);
    assert_eq!(itself.get("/api/me/permissions").await.expect_status(200).json(), json!(["read:users", "write"]));
    _ = admin.delete(&format!("/api/clients/{job}/permissions/{AUDIENCE}/read:users")).await.expect_status(400);
    _ = admin.delete(&format!("/api/clients/{job}/permissions/{AUDIENCE}/write")).await.expect_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_who_come_from_another_provider_without_an_address_are_as_others() {
    let Some(platform) = Platform::start().await else { return };
    let (realm, admin) = (&platform.realm, platform.admin().await);
    let mut profile = realm.api().await.get("/users/profile").await.expect_status(200).json();
    for attribute in profile["attributes"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        attribute.remove("required");
    }
    let _ = realm.api().await.put("/users/profile", &profile).await.expect_status(200);
    let provider = json!({"alias": "corporate", "providerId": "oidc", "enabled": true, "config": {"clientId": "x",
        "clientSecret": "x", "authorizationUrl": "https://idp.example/a", "tokenUrl": "https://idp.example/t"}});
    let _ = realm.api().await.post("/identity-provider/instances", &provider).await.expect_status(201);
    let link = json!([{"identityProvider": "corporate", "userId": "CN=Ann, OU=x", "userName": "ann"}]);
    let user = json!({"username": "corporate.ann", "enabled": true, "federatedIdentities": link,
        "credentials": [{"type": "password", "value": "pw", "temporary": false}]});
    let ann = realm.create("/users", &user).await;
    let shown = admin.get(&format!("/api/users/{ann}")).await.expect_status(200).json();
    assert_eq!(
        shown,
        json!({"id": ann, "username": "corporate.ann", "name": "corporate.ann", "email": "", "enabled": true})
    );
    assert_eq!(texts(&admin.get("/api/users?search=corporate").await.json(), "id"), std::slice::from_ref(&ann));
    let path = format!("/api/users/{ann}");
    _ = admin.post(&format!("{path}/roles"), &json!({"roleName": "Web Modeler"})).await.expect_status(204);
    _ = admin.put(&path, &json!({"enabled": true, "email": null})).await.expect_status(204);
    let links = realm.api().await.get(&format!("/users/{ann}/federated-identity")).await.json();
    assert_eq!(links, link);
    created(admin.post("/api/tenants", &json!({"tenantId": "t", "name": "t"})).await);
    _ = admin.post("/api/tenants/t/users", &json!({"userIds": [ann]})).await.expect_status(204);
    let herself = platform.realm.user_token(LOGIN, ("corporate.ann", "pw")).await;
    let herself = platform.server.http().bearer(herself);
    assert_eq!(texts(&herself.get("/api/tenants/for-token").await.expect_status(200).json(), "tenantId"), ["t"]);
}
