//! Resource types of the operator's own: over the management API, the Orchestration Cluster's and the configuration.

use serde_json::{Value, json};

use super::ask;
use crate::support::{Local, Store, created, done, refused, shows};

on_each_store!(types_are_managed_and_granted_on, types_and_grants_are_configured);

async fn types_are_managed_and_granted_on(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    local.user("ann").await;
    let ann = local.anonymous().basic("ann", "secret");
    let kind = json!({"type": "invoice", "supportedPermissions": ["read", "approve"], "properties": ["owner"]});
    let made = created(api.post("/api/resource-types", &kind).await);
    assert_eq!(made, json!({"type": "invoice", "supportedPermissions": ["approve", "read"], "properties": ["owner"]}));
    let listed = api.get("/api/resource-types").await.json();
    assert!(listed.as_array().is_some_and(|types| types.contains(&made)), "{listed}");
    refused(&api.post("/api/resource-types", &kind).await, 409, "exists");
    refused(
        &api.post("/api/resource-types", &json!({"type": "Role", "supportedPermissions": ["a"]})).await,
        409,
        "exists",
    );
    refused(
        &api.post("/api/resource-types", &json!({"type": "a b", "supportedPermissions": ["a"]})).await,
        400,
        "invalid",
    );
    refused(
        &api.post("/api/resource-types", &json!({"type": "empty", "supportedPermissions": []})).await,
        400,
        "type_size",
    );
    refused(&ann.post("/api/resource-types", &kind).await, 403, "forbidden");

    let own = json!([{"property": "resource.owner", "operator": "CONTAINS_CALLER"}]);
    let body = json!({"ownerType": "USER", "ownerId": "ann", "resourceType": "invoice", "resourceId": "*",
        "permissionTypes": ["approve"], "condition": own});
    let key =
        created(api.post("/v2/authorizations", &body).await)["authorizationKey"].as_str().expect("a key").to_owned();
    let shown = api.get(&format!("/v2/authorizations/{key}")).await.json();
    assert_eq!((&shown["condition"], &shown["resourceType"]), (&own, &json!("invoice")));
    let in_management = api.get("/api/authorizations?search=ann").await.json();
    let invoice = in_management.as_array().expect("a list").iter().find(|one| one["resourceType"] == "invoice");
    assert_eq!(invoice.expect("an entry")["condition"], own);
    refused(&api.post("/api/authorizations", &json!({"entityType": "USER", "entityId": "ann", "resourceType": "invoice",
        "resourceKey": "*", "permission": "read", "condition": [{"property": "resource.ownr", "operator": "CONTAINS_CALLER"}]}))
        .await, 400, "unsupported");
    refused(
        &api.post(
            "/api/authorizations",
            &json!({"entityType": "USER", "entityId": "ann", "resourceType":
        "process-definition", "resourceKey": "*", "permission": "READ", "condition": own}),
        )
        .await,
        400,
        "inapplicable",
    );

    let asks = async |owner: Value| {
        let mut question = ask(("user", "ann"), "approve", ("invoice", "1"));
        question["resource"]["properties"] = json!({"owner": owner});
        api.post("/access/v1/evaluation", &question).await.json()["decision"].clone()
    };
    assert_eq!(
        [
            asks(json!("ann")).await,
            asks(json!(["eve", "ann"])).await,
            asks(json!("eve")).await,
            asks(json!(null)).await
        ],
        [true, true, false, false]
    );

    let less =
        |permissions: Value, properties: Value| json!({"supportedPermissions": permissions, "properties": properties});
    let path = "/api/resource-types/invoice";
    refused(&api.put(path, &less(json!(["read"]), json!(["owner"]))).await, 409, "in_use");
    refused(&api.put(path, &less(json!(["approve"]), json!([]))).await, 409, "in_use");
    shows(
        api.put(path, &less(json!(["abort", "approve"]), json!(["owner", "site"]))).await,
        &json!({"type": "invoice", "supportedPermissions": ["abort", "approve"], "properties": ["owner", "site"]}),
    );
    assert_eq!(asks(json!("ann")).await, true, "what was granted stays, whatever comes before it");
    refused(&api.delete("/api/resource-types/ROLE").await, 403, "protected");
    refused(&api.delete("/api/resource-types/nothing").await, 404, "missing");

    let server = local.launch.start().await;
    assert_eq!(
        server.http().basic("demo", "demo").get(&format!("/v2/authorizations/{key}")).await.json()["condition"],
        own
    );
    drop(server);
    done(api.delete(path).await);
    assert_eq!(api.get(&format!("/v2/authorizations/{key}")).await.status, 404);
    assert_eq!(asks(json!("ann")).await, false);
    created(api.post("/api/resource-types", &kind).await);
    assert_eq!(asks(json!("ann")).await, false, "a type that comes back brings no grants");
}

async fn types_and_grants_are_configured(store: Store) {
    let initial = |name: &str| format!("IDENTITY_INITIALIZATION_{name}");
    let launch = store
        .launch(&["dev"])
        .env(&initial("RESOURCE_TYPES_0_RESOURCE_TYPE"), "parcel")
        .env(&initial("RESOURCE_TYPES_0_PERMISSIONS_0"), "open")
        .env(&initial("RESOURCE_TYPES_0_PERMISSIONS_1"), "send")
        .env(&initial("RESOURCE_TYPES_0_PROPERTIES_0"), "site")
        .env(&initial("AUTHORIZATIONS_0_OWNER_TYPE"), "USER")
        .env(&initial("AUTHORIZATIONS_0_OWNER_ID"), "demo")
        .env(&initial("AUTHORIZATIONS_0_RESOURCE_TYPE"), "parcel")
        .env(&initial("AUTHORIZATIONS_0_RESOURCE_ID"), "*")
        .env(&initial("AUTHORIZATIONS_0_PERMISSIONS_0"), "open")
        .env(
            &initial("AUTHORIZATIONS_0_CONDITION"),
            r#"[{"property":"resource.site","operator":"EQUAL","other":"subject.site"}]"#,
        );
    let mut counts = Vec::new();
    for _ in 0..2 {
        let server = launch.start().await;
        let api = server.http().basic("demo", "demo");
        let mut question = ask(("user", "demo"), "open", ("parcel", "1"));
        question["resource"]["properties"] = json!({"site": "lyon"});
        for (site, expected) in [("lyon", true), ("oslo", false)] {
            question["subject"]["properties"] = json!({"site": site});
            assert_eq!(api.post("/access/v1/evaluation", &question).await.json()["decision"], expected);
        }
        counts.push(api.get("/api/authorizations").await.header("x-total-count").map(str::to_owned));
        server.terminate().await;
    }
    assert_eq!(counts[0], counts[1], "a second start adds nothing");
}
