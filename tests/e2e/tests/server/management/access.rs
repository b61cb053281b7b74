//! Mapping rules, authorizations, and the access of callers.

use identity_testkit::Reply;
use serde_json::{Value, json};

use super::{API, group, shows_created};
use crate::support::{Site, Store, column, created, done, lists, refused, rule, shows};

on_each_store!(mapping_rules, authorizations_and_resources, me, reading_is_not_writing);

async fn mapping_rules(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let before = api.get("/api/mapping-rules").await.expect_status(200).json();
    assert_eq!(column(&before, "name"), ["Default"]);
    created(api.post("/api/tenants", &json!({"tenantId": "acme", "name": "Acme"})).await);
    let sales = group(&api, "Sales").await;

    let body = rule("Visitors", ("kind", "guest"), "TENANT", &["acme", "<default>"]);
    let mut view = json!({
        "id": "Visitors", "name": "Visitors", "claimName": "kind", "claimValue": "guest", "operator": "EQUALS",
        "type": "TENANT", "appliedRoles": [], "appliedGroups": [],
        "appliedTenants": [{"tenantId": "<default>", "name": "Default"}, {"tenantId": "acme", "name": "Acme"}],
    });
    shows_created(&api, "/api/mapping-rules", &body, &view).await;
    refused(&api.post("/api/mapping-rules", &body).await, 409, "exists");
    shows(api.get("/api/mapping-rules/Visitors").await, &view);
    lists(api.get("/api/mapping-rules").await, &json!([before[0], view]));

    // `name` is only a display name, and an omitted type is kept.
    let change = json!({"name": "Guests", "claimName": "kind", "claimValue": "guest", "operator": "CONTAINS",
        "appliedTenantIds": ["acme"]});
    done(api.put("/api/mapping-rules/Visitors", &change).await);
    view["name"] = json!("Guests");
    view["operator"] = json!("CONTAINS");
    view["appliedTenants"] = json!([{"tenantId": "acme", "name": "Acme"}]);
    shows(api.get("/api/mapping-rules/Visitors").await, &view);
    let mut other = rule("Guests", ("kind", "guest"), "ROLE", &["Optimize"]);
    refused(&api.put("/api/mapping-rules/Visitors", &other).await, 400, "rule_kind");
    other["ruleType"] = other["type"].take();
    other.as_object_mut().expect("an object").remove("type");
    shows_created(
        &api,
        "/api/mapping-rules",
        &other,
        &json!({
            "id": "Guests", "name": "Guests", "claimName": "kind", "claimValue": "guest", "operator": "EQUALS",
            "type": "ROLE", "appliedRoles": [{"name": "Optimize", "description": "Full access to Optimize"}],
            "appliedTenants": [], "appliedGroups": [],
        }),
    )
    .await;
    let reply = created(api.post("/api/mapping-rules", &rule("Team", ("kind", "guest"), "GROUP", &[&*sales])).await);
    assert_eq!(reply["appliedGroups"], json!([{"id": sales, "name": "Sales"}]));

    // Targets must exist and match the rule's type. The claim name must be a valid selector.
    for (kind, targets, status, reason) in
        [("TENANT", "nowhere", 404, "missing"), ("ROLE", "Nobody", 404, "missing"), ("GROUP", "none", 404, "missing")]
    {
        refused(&api.post("/api/mapping-rules", &rule("Bad", ("a", "b"), kind, &[targets])).await, status, reason);
    }
    let mut mixed = rule("Bad", ("a", "b"), "TENANT", &["acme"]);
    mixed["appliedRoleNames"] = json!(["Optimize"]);
    refused(&api.post("/api/mapping-rules", &mixed).await, 400, "rule_kind");
    let typo =
        refused(&api.post("/api/mapping-rules", &rule("Bad", ("$.a[", "b"), "TENANT", &[])).await, 400, "invalid");
    assert_eq!(typo["errors"], json!(["claimName.invalid"]));
    refused(&api.get("/api/mapping-rules/Bad").await, 404, "missing");

    for name in ["Visitors", "Guests", "Team"] {
        done(api.delete(&format!("/api/mapping-rules/{name}")).await);
        refused(&api.get(&format!("/api/mapping-rules/{name}")).await, 404, "missing");
        refused(&api.delete(&format!("/api/mapping-rules/{name}")).await, 404, "missing");
        let replaced = api.put(&format!("/api/mapping-rules/{name}"), &change).await;
        refused(&replaced, 404, "missing");
    }
    shows(api.get("/api/mapping-rules").await, &before);
}

async fn authorizations_and_resources(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let types = json!([
        {"type": "process-definition", "supportedPermissions":
            ["READ", "DELETE", "DELETE_PROCESS_INSTANCE", "UPDATE_PROCESS_INSTANCE", "START_PROCESS_INSTANCE"]},
        {"type": "decision-definition", "supportedPermissions": ["READ", "DELETE"]},
        {"type": "POLICY_DECISION", "supportedPermissions": ["EVALUATE", "EXPLAIN", "INSPECT", "SEARCH", "SIMULATE"]},
    ]);
    let shown = api.get("/api/resource-types").await.expect_status(200).json();
    let sorted = |types: &Value| {
        let mut types: Vec<_> = types
            .as_array()
            .expect("a list")
            .iter()
            .map(|kind| {
                let mut names: Vec<_> =
                    kind["supportedPermissions"].as_array().expect("a list").iter().map(Value::to_string).collect();
                names.sort();
                (kind["type"].to_string(), names)
            })
            .collect();
        types.sort();
        types
    };
    assert_eq!(sorted(&shown), sorted(&types));
    let before = api.get("/api/authorizations").await.expect_status(200).json();

    let resource = json!({"key": "order", "type": "process-definition", "organizationId": ""});
    let view = json!({"id": "process-definition:order", "key": "order", "type": "process-definition"});
    shows(api.post("/api/resources", &resource).await, &view);
    shows(api.post("/api/resources", &resource).await, &view);

    let add = |permission: &str| {
        json!({"entityId": "ann", "entityType": "USER", "resourceKey": "order",
        "resourceType": "process-definition", "permission": permission, "organizationId": ""})
    };
    done(api.post("/api/authorizations", &add("READ")).await);
    done(api.post("/api/authorizations", &add("READ")).await);
    done(api.post("/api/authorizations", &add("DELETE")).await);
    let held = |permissions: &[&str]| {
        json!({"entityId": "ann", "entityType": "USER", "resourceKey": "order",
        "resourceType": "process-definition", "permissions": permissions})
    };
    let of_ann = async || {
        let reply = api.get("/api/authorizations").await.expect_status(200);
        let all = reply.json().as_array().expect("a list").clone();
        assert_eq!(reply.header("x-total-count"), Some(&*all.len().to_string()));
        Value::from_iter(all.into_iter().filter(|one| one["entityId"] == "ann"))
    };
    assert_eq!(of_ann().await, json!([held(&["DELETE", "READ"])]));
    shows(api.get("/api/resources?search=ORD&organizationId=").await, &json!([view]));
    shows(api.get("/api/resources?search=none").await, &json!([]));

    done(api.put("/api/authorizations", &held(&["READ", "START_PROCESS_INSTANCE"])).await);
    assert_eq!(of_ann().await, json!([held(&["READ", "START_PROCESS_INSTANCE"])]));
    done(api.put("/api/authorizations", &held(&[])).await);

    // Several permissions are one change, and are added to those that exist.
    let revision = |reply: &Reply| reply.header("x-identity-revision").and_then(|text| text.parse::<u64>().ok());
    let before_all = revision(&api.get("/api/me").await).expect("a revision");
    let all = ["DELETE", "READ", "START_PROCESS_INSTANCE"];
    let several = api.patch("/api/authorizations", &held(&all)).await;
    assert_eq!(revision(&several), Some(before_all + 1));
    done(several);
    let more = held(&["READ", "UPDATE_PROCESS_INSTANCE"]);
    done(api.patch("/api/authorizations", &more).await);
    let merged = ["DELETE", "READ", "START_PROCESS_INSTANCE", "UPDATE_PROCESS_INSTANCE"];
    assert_eq!(of_ann().await, json!([held(&merged)]));
    refused(&api.patch("/api/authorizations", &held(&["READ", "FOLD"])).await, 400, "unsupported");
    assert_eq!(of_ann().await, json!([held(&merged)]), "all or nothing");
    done(api.put("/api/authorizations", &held(&[])).await);
    assert_eq!(of_ann().await, json!([]));
    // Removing an authorization that no longer exists succeeds.
    done(api.put("/api/authorizations", &held(&[])).await);
    shows(api.get("/api/authorizations").await, &before);
    shows(api.get("/api/resources?search=order").await, &json!([]));

    for (field, value, status, reason) in [
        ("permissions", json!(["CREATE"]), 400, "unsupported"),
        ("resourceType", json!("PROCESS_DEFINITION"), 400, "unsupported"),
        ("resourceType", json!("nothing"), 400, "unsupported"),
        ("entityType", json!("CLIENT"), 400, "body_shape"),
        ("entityType", json!("ROLE"), 404, "missing"),
        ("entityType", json!("GROUP"), 404, "missing"),
        ("entityType", json!("MAPPING_RULE"), 404, "missing"),
        ("resourceKey", json!(""), 400, "invalid"),
    ] {
        let mut body = held(&["READ"]);
        body[field] = value;
        refused(&api.put("/api/authorizations", &body).await, status, reason);
    }
    shows(api.get("/api/authorizations").await, &before);
}

async fn me(store: Store) {
    let site = Site::start(store).await;
    shows(site.user("ann").get("/api/me").await, &json!({"name": "ann"}));
    let named = site.anonymous().bearer(site.forge.token(&json!({"sub": "ann", "name": "Ann Ä."})));
    shows(named.get("/api/me").await, &json!({"name": "Ann Ä."}));
    shows(named.get("/api/me/permissions").await, &json!([]));
    shows(site.admin().get("/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    shows(site.admin().get("/api/me/permissions?audience=nobody").await, &json!([]));
}

async fn reading_is_not_writing(store: Store) {
    let site = Site::start(store).await;
    let admin = site.admin();
    let sales = group(&admin, "Sales").await;
    for definition in ["read", "read:users", "write"] {
        let permissions = json!([{"definition": definition, "resourceServerAudience": API}]);
        created(admin.post("/api/roles", &json!({"name": definition, "permissions": permissions})).await);
        site.give(definition, &[definition]).await;
    }
    let (reader, looker, writer) = (site.user("read"), site.user("read:users"), site.user("write"));
    for path in [
        "/api/groups",
        "/api/roles",
        "/api/tenants",
        "/api/mapping-rules",
        "/api/authorizations",
        "/api/resources",
        "/api/resource-types",
    ] {
        let _ = reader.get(path).await.expect_status(200);
        for other in [&looker, &writer, &site.user("nobody")] {
            refused(&other.get(path).await, 403, "forbidden");
        }
    }
    let name = json!({"name": "Field"});
    for other in [&reader, &looker, &site.user("nobody")] {
        refused(&other.post("/api/groups", &name).await, 403, "forbidden");
        refused(&other.put(&format!("/api/groups/{sales}"), &name).await, 403, "forbidden");
        refused(&other.delete(&format!("/api/groups/{sales}")).await, 403, "forbidden");
    }
    // Only readers learn whether an entity exists.
    refused(&looker.get("/api/groups/none").await, 403, "forbidden");
    refused(&looker.delete("/api/groups/none").await, 403, "forbidden");
    done(writer.put(&format!("/api/groups/{sales}"), &name).await);
    shows(
        reader.get(&format!("/api/groups/{sales}")).await,
        &json!({"id": sales, "name": "Field", "organizationId": ""}),
    );
}
