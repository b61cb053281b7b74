//! References by ID. Existing entities are accepted wherever an ID is taken, and so is any value that a token of the
//! installation can contain. IDs of new entities must match the pattern.

use serde_json::json;

use super::refused;
use crate::support::{Local, Site, Store, created, done};

on_each_store!(
    users_and_clients_of_a_provider_are_granted_to_whatever_they_are_called,
    ids_that_exist_are_accepted_wherever_an_id_is_taken,
);

async fn users_and_clients_of_a_provider_are_granted_to_whatever_they_are_called(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    created(api.post("/v2/roles", &json!({"roleId": "clerk", "name": "Clerk"})).await);
    for name in ["auth0|5f7c21", "Jörg Müller", "o'brien@example.org", "ACME\\jdoe", "urn:oidc:7", "北京"] {
        let id = percent(name);
        done(api.put(&format!("/v2/roles/clerk/users/{id}"), &json!({})).await);
        done(api.put(&format!("/v2/tenants/%3Cdefault%3E/users/{id}"), &json!({})).await);
        for (kind, owner) in [("USER", name), ("CLIENT", name)] {
            let grant = json!({"ownerType": kind, "ownerId": owner, "resourceType": "USER", "resourceId": owner,
                "permissionTypes": ["READ"]});
            created(api.post("/v2/authorizations", &grant).await);
        }
        let me = site.user(name).get("/v2/authentication/me").await.expect_status(200).json();
        assert_eq!((&me["username"], &me["roles"]), (&json!(name), &json!(["clerk"])));
        done(api.delete(&format!("/v2/roles/clerk/users/{id}")).await);
    }
    for breaks in ["two\nlines", "in\u{202E}visible", " padded"] {
        let path = format!("/v2/roles/clerk/users/{}", percent(breaks));
        refused(&api.put(&path, &json!({})).await, 400, "INVALID_ARGUMENT");
    }
}

async fn ids_that_exist_are_accepted_wherever_an_id_is_taken(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    local.user("ann").await;
    created(api.post("/api/roles", &json!({"name": "Night shift"})).await);
    let role = "/v2/roles/Night%20shift";
    assert_eq!(api.get(role).await.expect_status(200).json()["roleId"], "Night shift");
    done(api.put(&format!("{role}/users/ann"), &json!({})).await);
    let members = api.post(&format!("{role}/users/search"), &json!({})).await.expect_status(200).json();
    assert_eq!(members["items"], json!([{"username": "ann"}]));
    for grant in [
        json!({"ownerType": "ROLE", "ownerId": "Night shift", "resourceType": "MESSAGE", "resourceId": "*", "permissionTypes": ["READ"]}),
        json!({"ownerType": "USER", "ownerId": "ann", "resourceType": "ROLE", "resourceId": "Night shift", "permissionTypes": ["READ"]}),
    ] {
        created(api.post("/v2/authorizations", &grant).await);
    }
    let change = json!({"name": "The night shift", "description": ""});
    assert_eq!(api.put(role, &change).await.status, 200);
    let seen = api.get("/api/roles/Night%20shift").await.json();
    assert_eq!((&seen["name"], &seen["displayName"]), (&json!("Night shift"), &json!("The night shift")));
    assert_eq!(api.delete(role).await.status, 204);

    // IDs of nonexistent and new entities must match the pattern.
    refused(&api.get(role).await, 400, "INVALID_ARGUMENT");
    refused(&api.put("/v2/roles/admin/users/o%27brien", &json!({})).await, 400, "INVALID_ARGUMENT");
    refused(&api.post("/v2/roles", &json!({"roleId": "Night shift", "name": "N"})).await, 400, "INVALID_ARGUMENT");

    let named = json!({"name": "day-shift", "displayName": "Day shift", "description": "By day"});
    assert_eq!(created(api.post("/api/roles", &named).await), named);
    let over_v2 = api.get("/v2/roles/day-shift").await.expect_status(200).json();
    assert_eq!((&over_v2["roleId"], &over_v2["name"]), (&json!("day-shift"), &json!("Day shift")));
    done(api.put("/api/roles/day-shift", &json!({"description": "", "displayName": "Early shift"})).await);
    assert_eq!(api.get("/api/roles/day-shift").await.json()["displayName"], "Early shift");
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
