use serde_json::{Value, json};

use super::{found, refused, search};
use crate::support::{Local, created, done, shows};

fn grant(owner: (&str, &str), kind: &str, resource: &str, permissions: &[&str]) -> Value {
    json!({"ownerType": owner.0, "ownerId": owner.1, "resourceType": kind, "resourceId": resource,
        "permissionTypes": permissions})
}

fn key(made: &Value) -> String {
    let key = made["authorizationKey"].as_str().expect("a key").to_owned();
    assert_eq!(*made, json!({"authorizationKey": key}), "the key and no more");
    assert!(key.parse::<u64>().is_ok(), "{key}");
    key
}

#[tokio::test]
async fn an_authorization_is_created_shown_replaced_and_deleted() {
    let local = Local::shared().await;
    let api = local.admin();
    let body = grant(("CLIENT", "crud"), "RESOURCE", "one", &["READ"]);
    let key = key(&created(api.post("/v2/authorizations", &body).await));
    let path = format!("/v2/authorizations/{key}");
    let shown = json!({"authorizationKey": key, "ownerId": "crud", "ownerType": "CLIENT", "resourceType": "RESOURCE",
        "resourceId": "one", "resourcePropertyName": null, "permissionTypes": ["READ"]});
    shows(api.get(&path).await, &shown);
    refused(&api.post("/v2/authorizations", &body).await, 409, "ALREADY_EXISTS");

    // An unchanged update does not conflict with itself. Every member can be changed.
    done(api.put(&path, &body).await);
    shows(api.get(&path).await, &shown);
    let property = json!({"ownerType": "client", "ownerId": "other", "resourceType": "user_task",
        "resourcePropertyName": "assignee", "permissionTypes": ["read", "CLAIM"]});
    done(api.put(&path, &property).await);
    let shown = json!({"authorizationKey": key, "ownerId": "other", "ownerType": "CLIENT", "resourceType": "USER_TASK",
        "resourceId": null, "resourcePropertyName": "assignee", "permissionTypes": ["CLAIM", "READ"]});
    shows(api.get(&path).await, &shown);
    assert_eq!(found(api.post("/v2/authorizations/search", &json!({"filter": {"ownerId": "crud"}})).await).1, 0);

    done(api.delete(&path).await);
    for reply in [api.delete(&path).await, api.get(&path).await, api.put(&path, &body).await] {
        refused(&reply, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn keys_are_numbers() {
    let local = Local::shared().await;
    let api = local.admin();
    let body = grant(("CLIENT", "keys"), "RESOURCE", "one", &["READ"]);
    for key in ["x", "1x", "1.5", "%20", "99999999999999999999999999"] {
        let path = format!("/v2/authorizations/{key}");
        for reply in [api.get(&path).await, api.put(&path, &body).await, api.delete(&path).await] {
            refused(&reply, 400, "Bad Request");
        }
        refused(&local.anonymous().get(&path).await, 401, "Unauthorized");
    }
    for key in ["999999999", "-5"] {
        refused(&api.get(&format!("/v2/authorizations/{key}")).await, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn owners_and_named_users_must_exist_and_clients_need_not() {
    let local = Local::shared().await;
    let api = local.admin();
    for owner in ["USER", "GROUP", "ROLE", "MAPPING_RULE"] {
        let body = grant((owner, "nobody.at.all"), "RESOURCE", "*", &["READ"]);
        refused(&api.post("/v2/authorizations", &body).await, 404, "NOT_FOUND");
    }
    let body = grant(("CLIENT", "anybody"), "RESOURCE", "*", &["READ"]);
    let key = key(&created(api.post("/v2/authorizations", &body).await));
    // Entities of this service must exist, others need not.
    for kind in ["USER", "GROUP", "ROLE", "MAPPING_RULE"] {
        let named = grant(("CLIENT", "anybody"), kind, "nobody.at.all", &["READ"]);
        refused(&api.post("/v2/authorizations", &named).await, 404, "NOT_FOUND");
        refused(&api.put(&format!("/v2/authorizations/{key}"), &named).await, 404, "NOT_FOUND");
    }
    for (kind, permission) in [("COMPONENT", "ACCESS"), ("PROCESS_DEFINITION", "READ_USER_TASK")] {
        created(api.post("/v2/authorizations", &grant(("CLIENT", "anybody"), kind, "nowhere", &[permission])).await);
    }
    let unknown = grant(("USER", "nobody.at.all"), "RESOURCE", "*", &["READ"]);
    refused(&api.put(&format!("/v2/authorizations/{key}"), &unknown).await, 404, "NOT_FOUND");
    let kept = api.get(&format!("/v2/authorizations/{key}")).await.expect_status(200).json();
    assert_eq!((&kept["ownerId"], &kept["resourceType"]), (&json!("anybody"), &json!("RESOURCE")));
}

#[tokio::test]
async fn every_kind_of_owner_can_be_authorized_once() {
    let local = Local::shared().await;
    let api = local.admin();
    local.user("owner").await;
    created(api.post("/v2/groups", &json!({"groupId": "owner", "name": "n"})).await);
    created(api.post("/v2/roles", &json!({"roleId": "owner", "name": "n"})).await);
    let rule = json!({"mappingRuleId": "owner", "name": "n", "claimName": "owner", "claimValue": "o"});
    created(api.post("/v2/mapping-rules", &rule).await);
    for owner in ["USER", "GROUP", "ROLE", "MAPPING_RULE", "CLIENT"] {
        let body = grant((owner, "owner"), "BATCH", "*", &["READ", "CREATE"]);
        created(api.post("/v2/authorizations", &body).await);
        refused(&api.post("/v2/authorizations", &body).await, 409, "ALREADY_EXISTS");
        let filter =
            json!({"filter": {"ownerType": owner.to_lowercase(), "ownerId": "owner", "resourceType": "batch"}});
        assert_eq!(search(&api, "/v2/authorizations/search", filter, "ownerType").await, [owner]);
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_not_stored() {
    let local = Local::shared().await;
    let api = local.admin();
    let good = grant(("CLIENT", "broken"), "RESOURCE", "*", &["READ"]);
    let with = |changes: Value| {
        let mut body = good.clone();
        for (name, value) in changes.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let without = |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(name);
        body
    };
    let cases: Vec<(Value, &str, &str)> = vec![
        (json!({}), "Bad Request", "resourcePropertyName"),
        (without("resourceId"), "Bad Request", "resourceId"),
        (with(json!({"resourcePropertyName": "assignee"})), "Bad Request", "resourceId"),
        (without("ownerId"), "INVALID_ARGUMENT", "ownerId"),
        (without("ownerType"), "INVALID_ARGUMENT", "ownerType"),
        (without("resourceType"), "INVALID_ARGUMENT", "resourceType"),
        (without("permissionTypes"), "INVALID_ARGUMENT", "permissionTypes"),
        (with(json!({"permissionTypes": []})), "INVALID_ARGUMENT", "permissionTypes"),
        (with(json!({"permissionTypes": null})), "Bad Request", "permissionTypes"),
        (with(json!({"permissionTypes": "READ"})), "Bad Request", "permissionTypes"),
        (with(json!({"permissionTypes": [1]})), "Bad Request", "permissionTypes"),
        (with(json!({"permissionTypes": ["FLY"]})), "Bad Request", "READ_USER_TASK"),
        (with(json!({"ownerType": "NOBODY"})), "Bad Request", "USER, CLIENT, ROLE, GROUP, MAPPING_RULE, UNSPECIFIED"),
        (with(json!({"ownerType": "UNSPECIFIED"})), "INVALID_ARGUMENT", "ownerType"),
        (with(json!({"ownerId": null})), "Bad Request", "ownerId"),
        (with(json!({"ownerId": "a b"})), "INVALID_ARGUMENT", "ownerId"),
        (with(json!({"resourceId": "a b"})), "INVALID_ARGUMENT", "resourceId"),
        (with(json!({"resourceId": "a*"})), "INVALID_ARGUMENT", "resourceId"),
        (with(json!({"resourceId": "x".repeat(257)})), "INVALID_ARGUMENT", "resourceId"),
        (with(json!({"resourceType": "UNSPECIFIED"})), "Bad Request", "resourceType"),
        (with(json!({"resourceType": "process-definition"})), "Bad Request", "PROCESS_DEFINITION"),
        (with(json!({"more": 1})), "Bad Request", "more"),
    ];
    let path = "/v2/authorizations/999999999";
    for (body, title, named) in cases {
        for reply in [api.post("/v2/authorizations", &body).await, api.put(path, &body).await] {
            let detail = refused(&reply, 400, title);
            assert!(detail.contains(named), "{body}: {detail}");
        }
    }
    // Pairs outside the matrix (docs/reference/orchestration-cluster.md §3): the response lists the supported
    // permissions.
    let pair = with(json!({"resourceType": "MESSAGE", "permissionTypes": ["DELETE"]}));
    let detail = refused(&api.post("/v2/authorizations", &pair).await, 400, "INVALID_ARGUMENT");
    assert!(detail.contains("CREATE") && detail.contains("READ"), "{detail}");
    assert_eq!(found(api.post("/v2/authorizations/search", &json!({"filter": {"ownerId": "broken"}})).await).1, 0);
}

#[tokio::test]
async fn authorizations_are_filtered() {
    let local = Local::shared().await;
    let api = local.admin();
    let bodies = [
        grant(("CLIENT", "filter.a"), "RESOURCE", "*", &["READ"]),
        grant(("CLIENT", "filter.a"), "RESOURCE", "r", &["READ"]),
        grant(("CLIENT", "filter.a"), "MESSAGE", "r", &["READ"]),
        json!({"ownerType": "CLIENT", "ownerId": "filter.a", "resourceType": "USER_TASK",
            "resourcePropertyName": "candidateUsers", "permissionTypes": ["READ"]}),
        grant(("CLIENT", "filter.b"), "RESOURCE", "r", &["READ"]),
    ];
    for body in &bodies {
        created(api.post("/v2/authorizations", body).await);
    }
    let total = async |filter: Value| {
        let mut body = json!({"filter": filter});
        body["filter"]["ownerId"] = json!("filter.a");
        found(api.post("/v2/authorizations/search", &body).await).1
    };
    for (filter, expected) in [
        (json!({}), 4),
        (json!({"ownerType": "CLIENT"}), 4),
        (json!({"ownerType": "USER"}), 0),
        (json!({"resourceType": "resource"}), 2),
        (json!({"resourceIds": ["r"]}), 2),
        (json!({"resourceIds": ["*", "r"]}), 3),
        (json!({"resourceIds": ["r"], "resourcePropertyNames": []}), 2),
        (json!({"resourceIds": ["r"], "resourceType": "MESSAGE"}), 1),
        (json!({"resourcePropertyNames": ["candidateUsers", "assignee"]}), 1),
        (json!({"resourcePropertyNames": ["assignee"]}), 0),
    ] {
        assert_eq!(total(filter.clone()).await, expected, "{filter}");
    }
    for filter in [json!({"ownerType": "UNSPECIFIED"}), json!({"ownerType": "X"}), json!({"resourceIds": "r"})] {
        assert_eq!(api.post("/v2/authorizations/search", &json!({"filter": filter})).await.status, 400, "{filter}");
    }
    // Searches treat authorizations of the default roles as ordinary ones.
    let body = json!({"filter": {"ownerType": "ROLE", "ownerId": "admin", "resourceIds": ["*"]}});
    assert!(found(api.post("/v2/authorizations/search", &body).await).1 >= 15);
}
