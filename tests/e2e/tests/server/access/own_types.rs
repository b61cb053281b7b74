//! Custom resource types through the management API, the Orchestration Cluster API and the configuration.

use serde_json::{Value, json};

use super::ask;
use crate::support::{Local, Store, created, done, refused, shows};

on_each_store!(
    types_are_managed_and_granted_on,
    types_are_listed_and_found,
    authorizations_are_narrowed_and_moved,
    conditions_are_kept_shown_and_not_promised,
    conditions_are_explained,
    types_and_grants_are_configured
);

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
    let shown = api.get(&format!("/v2/authorizations/{key}?resourceTypes=all")).await.json();
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
    let says = async |parts: Value, field: &str, why: &str| {
        let reply = api.put(path, &parts).await;
        refused(&reply, 409, "in_use");
        let problem = reply.json();
        assert_eq!(problem["errors"], json!(["IN_USE", format!("{field}.invalid")]));
        assert_eq!(problem["detail"], format!("{why}; first change or delete what uses it."));
    };
    let granted = "the permission `approve` is still granted to user `ann`";
    says(less(json!(["read"]), json!(["owner"])), "supportedPermissions", granted).await;
    let seen = "the property `owner` is still read by a condition of user `ann`";
    says(less(json!(["approve"]), json!([])), "properties", seen).await;
    shows(
        api.put(path, &less(json!(["abort", "approve"]), json!(["owner", "site"]))).await,
        &json!({"type": "invoice", "supportedPermissions": ["abort", "approve"], "properties": ["owner", "site"]}),
    );
    assert_eq!(asks(json!("ann")).await, true, "what was granted stays, whatever comes before it");
    refused(&api.delete("/api/resource-types/ROLE").await, 403, "protected");
    refused(&api.delete("/api/resource-types/nothing").await, 404, "missing");

    let server = local.launch.start().await;
    assert_eq!(
        server.http().basic("demo", "demo").get(&format!("/v2/authorizations/{key}?resourceTypes=all")).await.json()["condition"],
        own
    );
    drop(server);
    done(api.delete(path).await);
    assert_eq!(api.get(&format!("/v2/authorizations/{key}")).await.status, 404);
    assert_eq!(asks(json!("ann")).await, false);
    created(api.post("/api/resource-types", &kind).await);
    assert_eq!(asks(json!("ann")).await, false, "a type that comes back brings no grants");
}

async fn types_are_listed_and_found(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    for name in ["zebra", "apple"] {
        created(api.post("/api/resource-types", &json!({"type": name, "supportedPermissions": ["read"]})).await);
    }
    let names = async |query: &str| {
        let reply = api.get(&format!("/api/resource-types{query}")).await.expect_status(200);
        let listed = reply.json().as_array().expect("a list").clone();
        let names: Vec<_> = listed.iter().map(|kind| kind["type"].as_str().expect("a name").to_owned()).collect();
        (names.join(" "), reply.header("x-total-count").map(str::to_owned))
    };
    let own_first = "apple zebra decision-definition process-definition POLICY_DECISION".to_owned();
    assert_eq!(names("").await, (own_first, Some("5".to_owned())));
    assert_eq!(names("?page=1&resultSize=1").await, ("zebra".to_owned(), Some("5".to_owned())));
    assert_eq!(names("?search=EBR").await, ("zebra".to_owned(), Some("1".to_owned())));
    assert_eq!(names("?cluster=true&resultSize=1").await, ("apple".to_owned(), Some("28".to_owned())));
    refused(&api.get("/api/resource-types?cluster=perhaps").await, 400, "query");

    let apple = json!({"type": "apple", "supportedPermissions": ["read"], "properties": []});
    shows(api.get("/api/resource-types/apple").await, &apple);
    shows(
        api.get("/api/resource-types/BACKUP").await,
        &json!({"type": "BACKUP", "supportedPermissions":
        ["CREATE", "DELETE", "READ", "RESTORE"]}),
    );
    refused(&api.get("/api/resource-types/pear").await, 404, "missing");
    let reply = api.post("/api/resource-types", &json!({"type": "api", "supportedPermissions": ["read"]})).await;
    refused(&reply, 400, "reserved");
    assert_eq!(reply.json()["errors"], json!(["type.invalid"]));
}

async fn authorizations_are_narrowed_and_moved(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    for name in ["ann", "annabel"] {
        local.user(name).await;
    }
    let kind = json!({"type": "invoice", "supportedPermissions": ["read", "approve"], "properties": ["site"]});
    created(api.post("/api/resource-types", &kind).await);
    let at = |site: &str| json!([{"property": "resource.site", "operator": "EQUAL", "value": site}]);
    let add = async |who: &str, kind: &str, key: &str, permission: &str, condition: Value| {
        let body = json!({"entityType": "USER", "entityId": who, "resourceType": kind, "resourceKey": key,
            "permission": permission, "condition": condition});
        done(api.post("/api/authorizations", &body).await);
    };
    add("ann", "invoice", "*", "read", at("lyon")).await;
    add("ann", "invoice", "7", "read", Value::Null).await;
    add("ann", "process-definition", "*", "READ", Value::Null).await;
    add("annabel", "invoice", "*", "read", Value::Null).await;
    let count =
        async |query: &str| api.get(&format!("/api/authorizations?{query}")).await.json().as_array().map(Vec::len);
    let hers = "entityId=ann&entityType=USER";
    assert_eq!(count(hers).await, Some(3));
    assert_eq!(count(&format!("{hers}&resourceType=invoice")).await, Some(2));
    assert_eq!(count(&format!("{hers}&resourceType=invoice&search=7")).await, Some(1));
    assert_eq!(count("resourceType=invoice").await, Some(3));
    assert_eq!(count("resourceType=BATCH").await, Some(0), "those of the Orchestration Cluster are not managed here");
    let page = api.get("/api/authorizations?resourceType=invoice&page=1&resultSize=2").await;
    assert_eq!(page.header("x-total-count"), Some("3"));
    refused(&api.get("/api/authorizations?entityId=ann").await, 400, "entity");

    // The replacement is one atomic change: no intermediate state has more or less access.
    let before = api.get("/api/capabilities").await;
    let revision =
        |reply: &identity_testkit::Reply| reply.header("x-identity-revision").and_then(|text| text.parse::<u64>().ok());
    let moved = |from: Value, key: &str, condition: Value| {
        json!({"entityType": "USER", "entityId": "ann", "resourceType": "invoice", "resourceKey": key,
            "permissions": ["approve"], "condition": condition, "replaces": from})
    };
    let from = json!({"resourceKey": "*", "condition": at("lyon")});
    let reply = api.put("/api/authorizations", &moved(from.clone(), "8", at("oslo"))).await;
    assert_eq!(revision(&reply), revision(&before).map(|before| before + 1));
    done(reply);
    let listed = api.get(&format!("/api/authorizations?{hers}&resourceType=invoice&search=8")).await.json();
    assert_eq!(
        listed,
        json!([{"entityId": "ann", "entityType": "USER", "resourceType": "invoice", "resourceKey": "8",
        "permissions": ["approve"], "condition": at("oslo")}])
    );
    assert_eq!(count(hers).await, Some(3));
    refused(&api.put("/api/authorizations", &moved(from, "9", Value::Null)).await, 404, "missing");
    let from = json!({"resourceKey": "8", "condition": at("oslo")});
    refused(&api.put("/api/authorizations", &moved(from.clone(), "7", Value::Null)).await, 409, "exists");
    done(api.put("/api/authorizations", &moved(from, "8", at("oslo"))).await);
    assert_eq!(count(hers).await, Some(3), "in its own place it only changes");

    // A removed authorization is not recreated by a request based on the earlier state.
    let gone = json!({"resourceKey": "8"});
    refused(&api.put("/api/authorizations", &moved(gone, "8", Value::Null)).await, 404, "missing");
    let mut ends = moved(json!({"resourceKey": "8", "condition": at("oslo")}), "8", at("oslo"));
    ends["permissions"] = json!([]);
    done(api.put("/api/authorizations", &ends).await);
    refused(&api.put("/api/authorizations", &ends).await, 404, "missing");
    assert_eq!(count(hers).await, Some(2));
}

async fn conditions_are_kept_shown_and_not_promised(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    let ann = local.user("ann").await;
    for name in [".", ".."] {
        let kind = json!({"type": name, "supportedPermissions": ["read"]});
        refused(&api.post("/api/resource-types", &kind).await, 400, "reserved");
    }
    let kind = json!({"type": "invoice", "supportedPermissions": ["read", "approve"], "properties": ["site"]});
    created(api.post("/api/resource-types", &kind).await);
    let group = created(api.post("/api/groups", &json!({"name": "Clerks"})).await);
    let group = group["id"].as_str().expect("an id");
    done(api.post(&format!("/api/groups/{group}/users"), &json!({"userId": "ann"})).await);
    let condition = json!([{"property": "resource.site", "operator": "EQUAL", "value": 7.0}]);
    let grant = |permission: &str| {
        json!({"ownerType": "GROUP", "ownerId": group, "resourceType": "invoice",
        "resourceId": "*", "permissionTypes": [permission]})
    };
    let mut conditional = grant("read");
    conditional["condition"] = condition;
    let key = created(api.post("/v2/authorizations", &conditional).await)["authorizationKey"].clone();
    let path = format!("/v2/authorizations/{}", key.as_str().expect("a key"));

    // A client without support for conditions does not widen access.
    done(api.put(&path, &grant("approve")).await);
    let seven = json!([{"property": "resource.site", "operator": "EQUAL", "value": 7}]);
    let shown = |condition: Value| {
        json!([{"resourceKey": "*", "resourceType": "invoice", "permissions": ["approve"],
        "condition": condition}])
    };
    shows(api.get(&format!("/api/groups/{group}/authorizations")).await, &shown(seven));
    shows(ann.get("/api/authorizations/for-token").await, &json!([]));

    let mut unconditional = grant("approve");
    unconditional["condition"] = Value::Null;
    done(api.put(&path, &unconditional).await);
    let all = json!([{"resourceKey": "*", "resourceType": "invoice", "permissions": ["approve"]}]);
    shows(api.get(&format!("/api/groups/{group}/authorizations")).await, &all);
    shows(ann.get("/api/authorizations/for-token").await, &all);
}

async fn conditions_are_explained(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    local.user("ann").await;
    let kind = json!({"type": "invoice", "supportedPermissions": ["read", "approve"],
        "properties": ["site", "state", "kind"]});
    created(api.post("/api/resource-types", &kind).await);
    let is = |property: &str, value: &str| json!({"property": property, "operator": "EQUAL", "value": value});
    let add = async |kind: &str, who: &str, permission: &str, condition: Value| {
        let body = json!({"entityType": kind, "entityId": who, "resourceType": "invoice", "resourceKey": "*",
            "permission": permission, "condition": condition});
        done(api.post("/api/authorizations", &body).await);
    };
    let why = async |action: &str, properties: Value| {
        let question = json!({"subject": {"type": "user", "id": "ann"}, "action": {"name": action},
            "resource": {"type": "invoice", "id": "1", "properties": properties}});
        let answer = api.post("/access/v1/explain", &question).await.expect_status(200).json();
        answer["explanation"]["because"].clone()
    };
    let group = created(api.post("/api/groups", &json!({"name": "Clerks"})).await);
    let group = group["id"].as_str().expect("an id");
    add("GROUP", group, "approve", json!([is("resource.site", "lyon")])).await;
    let joins = |because: &Value| because.to_string().contains("ADD_MEMBER");
    assert!(joins(&why("approve", json!({"site": "lyon"})).await), "others have it, as its condition holds");
    assert!(!joins(&why("approve", json!({"site": "oslo"})).await), "joining them would give nothing");

    // The closest match comes first, regardless of the number of others.
    for n in 0..10 {
        let condition =
            json!([is("resource.site", &n.to_string()), is("resource.state", "x"), is("resource.kind", "y")]);
        add("USER", "ann", "read", condition).await;
    }
    add("USER", "ann", "read", json!([is("resource.site", "bern")])).await;
    let nearest = why("read", json!({"site": "oslo"})).await[0]["remedy"].clone();
    assert_eq!(nearest["failing"], json!([is("resource.site", "bern")]), "{nearest}");
    let because = why("approve", json!({"site": "bern"})).await;
    assert!(because.to_string().contains("EXTEND_AUTHORIZATION"), "{because}");
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
