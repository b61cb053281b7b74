//! From users, groups and applications in Keycloak to the access that their tokens grant.

use identity_testkit::refuses_every_deviation;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_and_authorizations_reach_tokens_through_users_groups_and_applications() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let new = json!({"username": "ann", "firstName": "Änne", "lastName": "Lee", "email": "ann@example.org", "password": "correct horse"});
    let ann = created(admin.post("/api/users", &new).await);
    assert_eq!((&ann["name"], &ann["username"]), (&json!("Änne Lee"), &json!("ann")));
    assert_eq!(admin.post("/api/users", &new).await.expect_status(409).json()["errors"], json!(["ALREADY_EXISTS"]));
    let group = created(admin.post("/api/groups", &json!({"name": "a/b & c", "organizationId": ""})).await);
    let members = format!("/api/groups/{}/users", id(&group));
    _ = admin.post(&members, &json!({"userId": id(&ann)})).await.expect_status(204);
    assert_eq!(texts(&admin.get(&members).await.json(), "username"), ["ann"]);

    for (tenant, path, body) in [
        ("by-user", "users", json!({"userIds": [id(&ann)]})),
        ("by-group", "groups", json!({"groupIds": [id(&group)]})),
        ("by-app", "applications", json!({"applicationIds": [MACHINE.0]})),
    ] {
        created(admin.post("/api/tenants", &json!({"tenantId": tenant, "name": tenant})).await);
        _ = admin.post(&format!("/api/tenants/{tenant}/{path}"), &body).await.expect_status(204);
    }
    let users = admin.get("/api/tenants/by-user/users").await.expect_status(200).json();
    assert_eq!(users, json!([ann]));
    let groups = admin.get("/api/tenants/by-group/groups").await.expect_status(200).json();
    assert_eq!(groups, json!([{"id": id(&group), "name": "a/b & c"}]));
    let applications = admin.get("/api/tenants/by-app/applications").await.expect_status(200).json();
    assert_eq!((&applications[0]["name"], &applications[0]["type"]), (&json!("A machine"), &json!("M2M")));
    let nobody = json!({"userIds": [id(&ann), "5f3a1c1e-0000-4000-8000-000000000000"]});
    assert_eq!(admin.post("/api/tenants/by-app/users", &nobody).await.status, 404);

    for (entity, kind, key) in [(id(&ann), "USER", "order"), (id(&group), "GROUP", "invoice")] {
        let body = json!({"entityId": entity, "entityType": kind, "resourceKey": key,
            "resourceType": "process-definition", "permissions": ["READ"]});
        let reply = admin.put("/api/authorizations", &body).await;
        assert!(reply.status < 300, "{reply:?}");
    }
    assert_eq!(
        texts(&admin.get(&format!("/api/users/{}/authorizations", id(&ann))).await.json(), "resourceKey"),
        ["order"]
    );

    // The audience of this service comes with a role on its API. Without it, the token is rejected.
    let token = platform.realm.user_token(LOGIN, ("ann", "correct horse")).await;
    assert_eq!(platform.server.http().bearer(token).get("/api/tenants/for-token").await.status, 401);
    let roles = format!("/api/users/{}/roles", id(&ann));
    _ = admin.post(&roles, &json!({"roleName": "Web Modeler"})).await.expect_status(204);
    assert_eq!(texts(&admin.get(&roles).await.json(), "name"), ["Web Modeler"]);

    let ann_herself = platform.user("ann", "correct horse").await;
    let tenants = ann_herself.get("/api/tenants/for-token").await.expect_status(200).json();
    assert_eq!(texts(&tenants, "tenantId"), ["by-group", "by-user"]);
    let authorizations = ann_herself.get("/api/authorizations/for-token").await.expect_status(200).json();
    assert_eq!(texts(&authorizations, "resourceKey"), ["invoice", "order"]);
    assert_eq!(ann_herself.get("/api/groups/for-token").await.expect_status(200).json(), json!([id(&group)]));
    assert_eq!(ann_herself.get("/api/me").await.json(), json!({"name": "Änne Lee"}));
    assert_eq!(ann_herself.get("/api/me/permissions").await.json(), json!(["read:users"]));
    let of_modeler = ann_herself.get("/api/permissions/for-token?audience=web-modeler-api").await;
    assert_eq!(of_modeler.expect_status(200).json(), json!(["write:*"]));
    assert_eq!(ann_herself.get("/api/users").await.status, 200);
    assert_eq!(ann_herself.get("/api/groups").await.status, 403);
    assert_eq!(ann_herself.post("/api/groups", &json!({"name": "x"})).await.status, 403);

    let machine = admin.get("/api/tenants/for-token").await.expect_status(200).json();
    assert_eq!(texts(&machine, "tenantId"), ["by-app"]);

    // Deleting the group also removes its memberships, and takes effect for tokens that are already issued.
    _ = admin.delete(&format!("/api/groups/{}", id(&group))).await.expect_status(204);
    let tenants = ann_herself.get("/api/tenants/for-token").await.expect_status(200).json();
    assert_eq!(texts(&tenants, "tenantId"), ["by-user"]);
    assert_eq!(admin.get("/api/tenants/by-group/groups").await.json(), json!([]));
    assert_eq!(admin.get(&format!("/api/groups/{}", id(&group))).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_keycloaks_is_managed_here() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.user(DEMO.0, DEMO.1).await;
    let api = created(
        admin
            .post(
                "/api/resource-servers",
                &json!({"name": "Billing", "audience": "billing-api", "permissions": [{"definition": "pay"}]}),
            )
            .await,
    );
    let permissions = format!("/api/resource-servers/{}/permissions", id(&api));
    _ = admin.post(&permissions, &json!({"definition": "refund", "description": "Pay back"})).await.expect_status(204);
    assert_eq!(texts(&admin.get(&permissions).await.json(), "definition"), ["pay", "refund"]);
    let pay = json!({"definition": "pay", "resourceServerAudience": "billing-api"});
    created(admin.post("/api/roles", &json!({"name": "Kasse / Süd", "permissions": [pay]})).await);
    let role = "/api/roles/Kasse%20%2F%20S%C3%BCd";
    assert_eq!(admin.get(&format!("{role}/permissions")).await.expect_status(200).json(), json!([pay]));
    _ = admin.put(role, &json!({"description": "Geld"})).await.expect_status(204);
    assert_eq!(admin.get(role).await.json(), json!({"name": "Kasse / Süd", "description": "Geld"}));

    let new = json!({"name": "Till", "clientId": "till", "type": "m2m"});
    let till = created(admin.post("/api/clients", &new).await);
    let path = format!("/api/clients/{}", id(&till));
    _ = admin.post(&format!("{path}/permissions"), &pay).await.expect_status(204);
    assert_eq!(admin.get(&format!("{path}/permissions")).await.json(), json!([pay]));
    let old = admin.get(&format!("{path}/secret")).await.expect_status(200).json();
    let renewed = admin.post(&format!("{path}/secret"), &json!({})).await.expect_status(200).json();
    assert_ne!(old, renewed);
    let secret = renewed["secret"].as_str().unwrap_or_default();
    let token = platform.realm.client_token("till", secret).await;
    // The token has the audience of the API that the client has a permission on, not of this server.
    assert_eq!(platform.server.http().bearer(token).get("/api/me").await.status, 401);
    let bad = json!({"name": "x", "clientId": "x", "type": "PUBLIC", "redirectUris": ["https://*", "javascript:x"]});
    assert_eq!(
        admin.post("/api/clients", &bad).await.expect_status(400).json()["errors"],
        json!(["redirectUris.invalid"])
    );

    let users = admin.get("/api/users?search=demo").await.json();
    let demo = id(&users[0]);
    assert_eq!(
        texts(&admin.get(&format!("/api/users?userIds={demo}")).await.json(), "id"),
        std::slice::from_ref(&demo)
    );
    assert_eq!(admin.get(&format!("/api/users?userIds={demo},5f3a1c1e-0000-4000-8000-000000000000")).await.status, 404);
    let ben = created(admin.post("/api/users", &json!({"username": "ben"})).await);
    _ = admin
        .put(&format!("/api/users/{}", id(&ben)), &json!({"lastName": "Bo", "enabled": false}))
        .await
        .expect_status(204);
    assert_eq!(admin.get(&format!("/api/users/{}", id(&ben))).await.json()["name"], "Bo");

    // This server's own API cannot be deleted, because the server is administered through it.
    let apis = admin.get("/api/resource-servers?search=identity").await.json();
    assert_eq!(admin.delete(&format!("/api/resource-servers/{}", id(&apis[0]))).await.status, 409);
    _ = admin.delete(&path).await.expect_status(204);
    _ = admin.delete(role).await.expect_status(204);
    _ = admin.delete(&format!("/api/resource-servers/{}", id(&api))).await.expect_status(204);
    for gone in [&path, role, &format!("/api/resource-servers/{}", id(&api))] {
        assert_eq!(admin.get(gone).await.status, 404, "{gone}");
    }
    // The profile has neither mapping rules nor the Orchestration Cluster API.
    assert_eq!(admin.get("/api/mapping-rules").await.status, 404);
    assert_eq!(admin.get("/v2/status").await.status, 404);
}

/// Every operation on entities in Keycloak, once each. A caller who may only read users is denied, and the denial is
/// recorded. An administrator then succeeds or fails, which is recorded as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_and_every_denial_is_recorded() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let eve = created(
        admin
            .post(
                "/api/users",
                &json!({"username": "eve", "email": "eve@example.org", "firstName": "E",
        "lastName": "V", "password": "correct horse"}),
            )
            .await,
    );
    let path = format!("/api/users/{}/roles", id(&eve));
    _ = admin.post(&path, &json!({"roleName": "Optimize"})).await.expect_status(204);
    let eve = platform.user("eve", "correct horse").await;
    let permission = json!({"definition": "write:*", "resourceServerAudience": "optimize-api"});
    let changes = [
        (Method::POST, "/api/users", json!({"username": "xavier"})),
        (Method::PUT, "/api/users/x", json!({"enabled": false})),
        (Method::POST, "/api/users/x/roles", json!({"roleName": "Optimize"})),
        (Method::DELETE, "/api/users/x/roles/Optimize", json!(null)),
        (Method::POST, "/api/clients", json!({"name": "x", "clientId": "x", "type": "M2M"})),
        (Method::PUT, "/api/clients/x", json!({"name": "x"})),
        (Method::GET, "/api/clients/x/secret", json!(null)),
        (Method::POST, "/api/clients/x/secret", json!({})),
        (Method::POST, "/api/clients/x/permissions", permission.clone()),
        (Method::DELETE, "/api/clients/x/permissions/optimize-api/write:*", json!(null)),
        (Method::DELETE, "/api/clients/x", json!(null)),
        (Method::POST, "/api/resource-servers", json!({"name": "x", "audience": "x-api"})),
        (Method::PUT, "/api/resource-servers/x", json!({"name": "x"})),
        (Method::POST, "/api/resource-servers/x/permissions", json!({"definition": "x"})),
        (Method::DELETE, "/api/resource-servers/x/permissions/x", json!(null)),
        (Method::DELETE, "/api/resource-servers/x", json!(null)),
        (Method::POST, "/api/groups", json!({"name": "x"})),
        (Method::PUT, "/api/groups/x", json!({"name": "x"})),
        (Method::POST, "/api/groups/x/users", json!({"userId": "x"})),
        (Method::DELETE, "/api/groups/x/users/x", json!(null)),
        (Method::POST, "/api/groups/x/roles", json!({"roleName": "Optimize"})),
        (Method::DELETE, "/api/groups/x/roles/Optimize", json!(null)),
        (Method::DELETE, "/api/groups/x", json!(null)),
        (Method::POST, "/api/roles", json!({"name": "x"})),
        (Method::PUT, "/api/roles/x", json!({"description": "x"})),
        (Method::POST, "/api/roles/x/permissions", permission),
        (Method::DELETE, "/api/roles/x/permissions/optimize-api/write:*", json!(null)),
        (Method::DELETE, "/api/roles/x", json!(null)),
    ];
    let mut expected = Vec::new();
    for (index, (method, path, body)) in changes.iter().enumerate() {
        for (who, api) in [("eve", &eve), ("admin", &admin)] {
            let request_id = format!("{who}-{index}");
            let mut request = api.request(method.clone(), path).header("x-request-id", &request_id);
            if !body.is_null() {
                request = request.json(body);
            }
            let status = api.send(request).await.status;
            let result = match (who, status) {
                ("eve", 403) => "DENIED",
                ("admin", 200..300) => "SUCCESS",
                ("admin", 404) => "FAIL",
                other => panic!("{method} {path}: {other:?}"),
            };
            expected.push((request_id, result.to_owned()));
        }
    }
    let mut recorded = audit(&platform.launch).await;
    recorded.retain(|(request_id, _)| expected.iter().any(|(expected, _)| expected == request_id));
    assert_eq!(recorded, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deviation_from_the_openapi_document_is_refused_with_a_pointer() {
    let Some(platform) = Platform::start().await else { return };
    let sent = refuses_every_deviation(&platform.admin().await, &[]).await;
    assert!(sent > 300, "{sent} deviations");
}
