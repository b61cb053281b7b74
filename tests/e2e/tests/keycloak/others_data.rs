//! Realm shared with other tools: values that this server cannot represent are preserved, and cause no errors
//! elsewhere.

use identity_testkit::{Api, Realm};
use serde_json::{Value, json};

use crate::support::*;

/// Returns a representation with its unordered lists sorted.
async fn representation(realm: &Realm<'_>, path: &str) -> Value {
    let mut found = realm.api().await.get(path).await.expect_status(200).json();
    for list in found.as_object_mut().into_iter().flat_map(|found| found.values_mut()).filter_map(Value::as_array_mut) {
        list.sort_by_key(ToString::to_string);
    }
    found
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

/// Allows user attributes of any name in the realm.
async fn with_any_attributes(realm: &Realm<'_>) {
    let api = realm.api().await;
    let mut profile = api.get("/users/profile").await.expect_status(200).json();
    profile["unmanagedAttributePolicy"] = json!("ENABLED");
    _ = api.put("/users/profile", &profile).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_over_the_api_leaves_everything_else_as_it_was() {
    let Some(platform) = Platform::start().await else { return };
    let (realm, admin) = (&platform.realm, platform.admin().await);
    with_any_attributes(realm).await;

    let user = json!({"username": "ann", "enabled": true, "email": "root@localhost", "emailVerified": true,
        "firstName": "Änne", "requiredActions": ["CONFIGURE_TOTP"], "attributes": {"cost-center": ["7", "8"], "note": ["a\nb"]}});
    let user = format!("/users/{}", realm.create("/users", &user).await);
    let mut before = representation(realm, &user).await;
    _ = admin.put(&format!("/api{user}"), &json!({"enabled": false})).await.expect_status(204);
    before["enabled"] = json!(false);
    assert_eq!(representation(realm, &user).await, before);
    let shown = admin.get(&format!("/api{user}")).await.expect_status(200).json();
    assert_eq!(shown["email"], json!("root@localhost"));
    let same = json!({"firstName": "Änne", "lastName": null, "email": shown["email"]});
    _ = admin.put(&format!("/api{user}"), &same).await.expect_status(204);
    assert_eq!(representation(realm, &user).await, before);
    let refused = admin.put(&format!("/api{user}"), &json!({"email": "no address"})).await.expect_status(400).json();
    assert_eq!(refused["errors"], json!(["email.invalid"]));

    let uris = ["*", "http://localhost:*/cb", "https://*.example.org/*", "https://app.example/cb"];
    let more = json!({"defaultClientScopes": [SCOPE, "profile"], "rootUrl": "https://app.example/", "baseUrl": "/x",
        "attributes": {"post.logout.redirect.uris": "+", "backchannel.logout.url": "https://app.example/bc", "custom": "kept"}});
    let client = format!("/clients/{}", realm.client("app", "app-s3cret", &uris, more).await);
    let mut before = representation(realm, &client).await;
    _ = admin.put(&format!("/api{client}"), &json!({"name": "App"})).await.expect_status(204);
    before["name"] = json!("App");
    assert_eq!(representation(realm, &client).await, before);
    // The browser form sends back the values that it displayed.
    let shown = admin.get(&format!("/api{client}")).await.expect_status(200).json();
    let same = json!({"name": "App", "rootUrl": shown["rootUrl"], "redirectUris": shown["redirectUris"]});
    _ = admin.put(&format!("/api{client}"), &same).await.expect_status(204);
    assert_eq!(representation(realm, &client).await, before);
    let bad = json!({"name": "App", "redirectUris": ["*", "javascript:x"]});
    let refused = admin.put(&format!("/api{client}"), &bad).await.expect_status(400).json();
    assert_eq!(refused["errors"], json!(["redirectUris.invalid"]));

    let role =
        json!({"name": "clerk", "attributes": {"camunda_role": ["true"], "cost-center": ["7"]}, "description": "x"});
    realm.create("/roles", &role).await;
    let mut before = representation(realm, "/roles/clerk").await;
    _ = admin.put("/api/roles/clerk", &json!({"description": "Clerks"})).await.expect_status(204);
    before["description"] = json!("Clerks");
    assert_eq!(representation(realm, "/roles/clerk").await, before);

    let group = json!({"name": "sales", "description": "kept", "attributes": {"cost-center": ["7"]}});
    let group = format!("/groups/{}", realm.create("/groups", &group).await);
    let mut before = representation(realm, &group).await;
    _ = admin.put(&format!("/api{group}"), &json!({"name": "Sales"})).await.expect_status(204);
    (before["name"], before["path"]) = (json!("Sales"), json!("/Sales"));
    assert_eq!(representation(realm, &group).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_adds_its_addresses_and_removes_none() {
    let Some(platform) = Platform::start().await else { return };
    let Platform { realm, launch, server } = platform;
    _ = server.terminate().await;
    let api = realm.api().await;
    let path = async |client_id: &str| {
        let found = api.get(&format!("/clients?clientId={client_id}")).await.json();
        format!("/clients/{}", id(&found[0]))
    };
    let (optimize, own) = (path("optimize").await, path("camunda-identity").await);
    let theirs = ["*", "http://localhost:*/cb", "https://*.example.org/*"];
    let mut client = realm.api().await.get(&optimize).await.json();
    client["redirectUris"].as_array_mut().into_iter().for_each(|uris| uris.extend(theirs.map(Value::from)));
    _ = realm.api().await.put(&optimize, &client).await.expect_status(204);
    let mut client = realm.api().await.get(&own).await.json();
    client["attributes"]["post.logout.redirect.uris"] =
        json!("https://portal.example/out##https://portal.example/bye/*");
    client["attributes"]["backchannel.logout.url"] = json!("https://portal.example/back-channel");
    _ = realm.api().await.put(&own, &client).await.expect_status(204);

    let launch = launch
        .env("KEYCLOAK_INIT_OPTIMIZE_ROOT_URL", "https://new.example")
        .env("IDENTITY_SERVER_PUBLIC_URL", "https://identity.example");
    let server = launch.start().await;
    let client = representation(&realm, &optimize).await;
    assert_eq!(client["rootUrl"], json!("https://new.example"));
    let uris = texts_of(&client["redirectUris"]);
    assert!(theirs.iter().all(|uri| uris.contains(&(*uri).to_owned())), "{uris:?}");
    let client = representation(&realm, &own).await;
    let both = "https://portal.example/out##https://portal.example/bye/*##https://identity.example/auth/logged-out";
    assert_eq!(client["attributes"]["post.logout.redirect.uris"], json!(both));
    assert_eq!(client["attributes"]["backchannel.logout.url"], json!("https://portal.example/back-channel"));
    _ = server.terminate().await;
    let server = launch.start().await;
    assert!(!server.output().contains("keycloak.entity.created"), "{}", server.output());
}

fn texts_of(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_names_are_listed_with_their_ids_and_are_in_no_ones_way() {
    let Some(platform) = Platform::start().await else { return };
    let (realm, admin) = (&platform.realm, platform.admin().await);
    let ann = realm.user("ann", "pw").await;
    let give = async |kind: &str, body: Value| {
        let _ = realm.api().await.post(&format!("/users/{ann}/role-mappings/{kind}"), &body).await.expect_status(204);
    };
    let role = realm.api().await.get("/roles/Web%20Modeler").await.json();
    give("realm", json!([role])).await;
    let long = "x".repeat(255);
    let odd = [" lead", "tail ", "two\nlines", "bell\u{7}", "zero\u{200B}width", "\u{202E}back", &long];
    let (mut groups, mut clients) = (Vec::new(), Vec::new());
    for name in odd {
        let group = realm.create("/groups", &json!({"name": name})).await;
        let _ = realm.api().await.put(&format!("/users/{ann}/groups/{group}"), &json!({})).await.expect_status(204);
        groups.push(group);
        let role = json!({"name": name, "attributes": {"camunda_role": ["true"]}});
        let _ = realm.api().await.post("/roles", &role).await.expect_status(201);
        let found = realm.api().await.get("/roles?briefRepresentation=true&max=100").await.json();
        let found = found.as_array().into_iter().flatten().find(|role| role["name"] == name).cloned();
        give("realm", json!([found])).await;
        let client = json!({"clientId": name, "name": name, "defaultClientScopes": [SCOPE], "redirectUris": ["*"]});
        clients.push(realm.create("/clients", &client).await);
    }
    // Keycloak accepts roles without a name.
    let nameless = json!({"name": "", "attributes": {"camunda_role": ["true"]}});
    let _ = realm.api().await.post("/roles", &nameless).await.expect_status(201);

    let has_all = async |api: &Api, path: &str, ids: &[String]| {
        let listed = texts(&api.get(path).await.expect_status(200).json(), "id");
        assert!(ids.iter().all(|id| listed.contains(id)), "{path}: {listed:?}");
    };
    has_all(&admin, "/api/groups", &groups).await;
    has_all(&admin, "/api/groups?search=e", &groups[..1]).await;
    has_all(&admin, "/api/clients", &clients).await;
    has_all(&admin, &format!("/api/users/{ann}/groups"), &groups).await;
    let roles = texts(&admin.get("/api/roles").await.expect_status(200).json(), "name");
    assert!(
        ["␠lead", "two␊lines", "␢", "Web Modeler"].iter().all(|name| roles.contains(&(*name).to_owned())),
        "{roles:?}"
    );
    let held = texts(&admin.get(&format!("/api/users/{ann}/roles")).await.expect_status(200).json(), "name");
    assert!(held.contains(&"two␊lines".to_owned()), "{held:?}");
    // A role is removed by its displayed name.
    _ = admin.delete(&format!("/api/users/{ann}/roles/two%E2%90%8Alines")).await.expect_status(204);
    let held = texts(&admin.get(&format!("/api/users/{ann}/roles")).await.expect_status(200).json(), "name");
    assert!(!held.contains(&"two␊lines".to_owned()), "{held:?}");

    // A member of all these groups, and the member's token.
    let herself = platform.user("ann", "pw").await;
    has_all(&admin, &format!("/api/groups/{}/users", groups[0]), std::slice::from_ref(&ann)).await;
    let resolved = herself.get("/api/groups/for-token").await.expect_status(200).json();
    assert_eq!(texts_of(&resolved).len(), odd.len());
    _ = herself.get("/api/users").await.expect_status(200);
    for (n, group) in groups.iter().enumerate() {
        let tenant = format!("t{n}");
        created(admin.post("/api/tenants", &json!({"tenantId": tenant, "name": tenant})).await);
        let members = json!({"groupIds": [group]});
        _ = admin.post(&format!("/api/tenants/{tenant}/groups"), &members).await.expect_status(204);
        let listed = admin.get(&format!("/api/tenants/{tenant}/groups")).await.expect_status(200).json();
        assert_eq!(texts(&listed, "id"), std::slice::from_ref(group));
    }
    assert_eq!(herself.get("/api/tenants/for-token").await.expect_status(200).json().as_array().map(Vec::len), Some(7));
    let client = format!("/api/clients/{}", clients[2]);
    assert_eq!(admin.get(&client).await.expect_status(200).json()["clientId"], json!("two␊lines"));
    _ = admin.put(&client, &json!({"name": "Two lines"})).await.expect_status(204);
    _ = admin.delete(&client).await.expect_status(204);
}
