//! Users that Keycloak reads from an LDAP server: read-only and without an email address.

use identity_testkit::Ldap;
use serde_json::{Value, json};

use crate::support::*;

const LENA: (&str, &str) = ("lena", "lena-s3cret");

/// Starts a realm with LDAP users. The LDAP server must outlive the realm.
async fn federated() -> Option<(Platform, Ldap)> {
    let ldap = Ldap::start(&[("lena", "Lena", "Loewe", LENA.1), ("otto", "Otto", "Ohm", "otto-s3cret")]).await?;
    let platform = Platform::start().await?;
    let realm = platform.realm.api().await;
    let id = realm.get("").await.expect_status(200).json()["id"].clone();
    let one = |value: &str| json!([value]);
    let provider = json!({"name": "ldap", "providerId": "ldap", "parentId": id,
    "providerType": "org.keycloak.storage.UserStorageProvider", "config": {
        "enabled": one("true"), "vendor": one("other"), "connectionUrl": one(&ldap.url()),
        "usersDn": one(&ldap.users()), "authType": one("none"), "editMode": one("READ_ONLY"),
        "usernameLDAPAttribute": one("uid"), "rdnLDAPAttribute": one("uid"), "uuidLDAPAttribute": one("entryUUID"),
        "userObjectClasses": one("inetOrgPerson, organizationalPerson"), "importEnabled": one("true"),
        "searchScope": one("1"), "pagination": one("false"), "trustEmail": one("false"),
    }});
    _ = realm.post("/components", &provider).await.expect_status(201);
    Some((platform, ldap))
}

async fn lena(admin: &identity_testkit::Api) -> Value {
    let found = admin.get("/api/users?search=lena").await.expect_status(200).json();
    assert_eq!(texts(&found, "username"), [LENA.0], "{found}");
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_an_ldap_server_are_listed_given_roles_and_resolved() {
    let Some((platform, _ldap)) = federated().await else { return };
    let admin = platform.admin().await;
    let user = lena(&admin).await;
    assert_eq!((&user["name"], &user["email"]), (&json!("Lena Loewe"), &json!("")), "{user}");
    let all = texts(&admin.get("/api/users").await.expect_status(200).json(), "username");
    assert!(["demo", "lena", "otto"].iter().all(|name| all.contains(&(*name).to_owned())), "{all:?}");
    let path = format!("/api/users/{}", user["id"].as_str().unwrap_or_default());
    assert_eq!(admin.get(&path).await.expect_status(200).json(), user);

    _ = admin.post(&format!("{path}/roles"), &json!({"roleName": "Web Modeler"})).await.expect_status(204);
    let group = created(admin.post("/api/groups", &json!({"name": "team"})).await);
    let members = format!("/api/groups/{}/users", group["id"].as_str().unwrap_or_default());
    _ = admin.post(&members, &json!({"userId": user["id"]})).await.expect_status(204);
    assert_eq!(admin.get(&members).await.expect_status(200).json(), json!([user]));
    created(admin.post("/api/tenants", &json!({"tenantId": "acme", "name": "Acme"})).await);
    _ = admin.post("/api/tenants/acme/users", &json!({"userIds": [user["id"]]})).await.expect_status(204);
    assert_eq!(admin.get("/api/tenants/acme/users").await.expect_status(200).json(), json!([user]));

    let lena = platform.user(LENA.0, LENA.1).await;
    assert_eq!(lena.get("/api/me").await.expect_status(200).json(), json!({"name": "Lena Loewe"}));
    assert_eq!(lena.get("/api/groups/for-token").await.expect_status(200).json(), json!([group["id"]]));
    assert_eq!(texts(&lena.get("/api/tenants/for-token").await.json(), "tenantId"), ["acme"]);
    let held = lena.get("/api/permissions/for-token?audience=web-modeler-api").await.expect_status(200).json();
    assert_eq!(held, json!(["write:*"]));
    _ = admin.delete(&format!("{path}/roles/Web%20Modeler")).await.expect_status(204);
    assert_eq!(admin.get(&format!("{path}/roles")).await.expect_status(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_what_ldap_keeps_is_refused_with_the_reason() {
    let Some((platform, _ldap)) = federated().await else { return };
    let admin = platform.admin().await;
    let user = lena(&admin).await;
    let path = format!("/api/users/{}", user["id"].as_str().unwrap_or_default());
    for change in [json!({"lastName": "Other"}), json!({"email": "lena@example.org"}), json!({"firstName": ""})] {
        let refused = admin.put(&path, &change).await;
        assert_eq!(refused.status, 409, "{change}: {}", refused.text);
        let problem = refused.json();
        assert_eq!(problem["reason"], "read_only", "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("LDAP")), "{problem}");
        assert_eq!(admin.get(&path).await.expect_status(200).json(), user);
    }
    // Unchanged values are accepted.
    let same = json!({"firstName": "Lena", "lastName": "Loewe"});
    _ = admin.put(&path, &same).await.expect_status(204);
    // The `enabled` flag is stored in Keycloak, not in LDAP.
    _ = admin.post(&format!("{path}/roles"), &json!({"roleName": "Web Modeler"})).await.expect_status(204);
    let lena = platform.user(LENA.0, LENA.1).await;
    _ = lena.get("/api/groups/for-token").await.expect_status(200);
    _ = admin.put(&path, &json!({"enabled": false})).await.expect_status(204);
    assert_eq!(lena.get("/api/groups/for-token").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_an_ldap_server_can_be_the_last_administrator() {
    let Some((platform, _ldap)) = federated().await else { return };
    let admin = platform.admin().await;
    let user = lena(&admin).await;
    let path = format!("/api/users/{}", user["id"].as_str().unwrap_or_default());
    let role = json!({"roleName": "ManagementIdentity"});
    _ = admin.post(&format!("{path}/roles"), &role).await.expect_status(204);
    let lena = platform.user(LENA.0, LENA.1).await;
    let machine = lena.get(&format!("/api/clients?search={}", MACHINE.0)).await.expect_status(200).json();
    let machine = format!("/api/clients/{}", machine[0]["id"].as_str().unwrap_or_default());
    _ = lena.delete(&format!("{machine}/permissions/{AUDIENCE}/write")).await.expect_status(204);
    let demo = lena.get("/api/users?search=demo").await.expect_status(200).json();
    let demo = format!("/api/users/{}", demo[0]["id"].as_str().unwrap_or_default());
    _ = lena.put(&demo, &json!({"enabled": false})).await.expect_status(204);
    let refused = lena.delete(&format!("{path}/roles/ManagementIdentity")).await.expect_status(409).json();
    assert_eq!(refused["reason"], "lock_out", "{refused}");
    let refused = lena.put(&path, &json!({"enabled": false})).await.expect_status(409).json();
    assert_eq!(refused["reason"], "lock_out", "{refused}");
}
