//! Authorizations on deleted entities do not take effect again when the name is reused.

use serde_json::json;

use crate::support::{Local, Store, created, done, refused};

on_each_store!(
    a_deleted_role_takes_the_authorizations_on_it_along,
    the_management_api_asks_before_it_creates_what_authorizations_name_already
);

async fn a_deleted_role_takes_the_authorizations_on_it_along(store: Store) {
    let local = Local::start(store).await;
    let (api, ann) = (local.admin(), local.user("ann").await);
    let role = json!({"name": "night-shift"});
    created(api.post("/api/roles", &role).await);
    let key = local.allow("ann", "ROLE", "night-shift", &["UPDATE"]).await;
    done(ann.put("/v2/roles/night-shift/users/ann", &json!({})).await);

    done(api.delete("/api/roles/night-shift").await);
    created(api.post("/api/roles", &role).await);
    assert_eq!(api.get(&format!("/v2/authorizations/{key}")).await.status, 404);
    assert_eq!(
        ann.put("/v2/roles/night-shift/users/ann", &json!({})).await.status,
        403,
        "the successor is another role"
    );
    let log = local.audit().await;
    let removed = log.iter().filter(|entry| entry.entity_type == "AUTHORIZATION" && entry.operation == "DELETE");
    assert_eq!(removed.map(|entry| entry.entity_key.clone()).collect::<Vec<_>>(), [key]);
}

async fn the_management_api_asks_before_it_creates_what_authorizations_name_already(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    let tenant = json!({"tenantId": "acme", "name": "Acme"});
    let user = local.user("ben").await;
    let key = local.allow("ben", "TENANT", "acme", &["READ"]).await;
    let orphans = api.get("/access/v1/review/orphans").await.expect_status(200).json();
    assert_eq!(orphans["authorizations"][0]["authorizationKey"], key);
    assert_eq!(orphans["authorizations"][0]["absent"], "RESOURCE");
    assert_eq!(orphans["more"], false);

    let refusal = refused(&api.post("/api/tenants", &tenant).await, 409, "leftover_authorizations");
    assert!(
        refusal["detail"].as_str().is_some_and(|text| text.contains("removeLeftoverAuthorizations=true")),
        "{refusal}"
    );
    assert_eq!(api.get("/api/tenants/acme").await.status, 404);
    created(api.post("/api/tenants?removeLeftoverAuthorizations=true", &tenant).await);
    let orphans = api.get("/access/v1/review/orphans").await.json();
    assert_eq!(orphans["authorizations"], json!([]));
    refused(&api.post("/api/tenants", &tenant).await, 409, "exists");

    // The Orchestration Cluster API accepts authorizations on a tenant before the tenant exists.
    let key = local.allow("ben", "TENANT", "beta", &["READ"]).await;
    created(api.post("/v2/tenants", &json!({"tenantId": "beta", "name": "Beta"})).await);
    assert_eq!(api.get(&format!("/v2/authorizations/{key}")).await.status, 200);
    refused(&user.get("/access/v1/review/orphans").await, 403, "forbidden");
}
