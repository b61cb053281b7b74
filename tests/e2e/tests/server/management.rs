//! `/api`, resource by resource: created, listed, shown, changed, deleted, in exactly the documented shapes.

use identity_testkit::Api;
use serde_json::{Value, json};

use crate::support::{ROOT, Site, Store, column, created, done, lists, refused, rule, shows};

on_each_store!(
    groups,
    roles_and_permissions,
    tenants_and_their_members,
    mapping_rules,
    authorizations_and_resources,
    me,
    reading_is_not_writing,
    lists_are_paged_and_searched,
    names_are_what_they_are,
    defaults_and_the_last_administrator_stay,
);

const API: &str = "camunda-identity-resource-server";

fn user(id: &str) -> Value {
    json!({"id": id, "username": id, "name": id, "email": ""})
}

async fn group(api: &Api, name: &str) -> String {
    let group = created(api.post("/api/groups", &json!({"name": name})).await);
    group["id"].as_str().expect("an id").to_owned()
}

async fn groups(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    lists(api.get("/api/groups").await, &json!([]));

    // The name is trimmed, and organizations are accepted and ignored, as clients of the replaced service expect.
    let group = created(api.post("/api/groups", &json!({"name": " Sales ", "organizationId": ""})).await);
    let id = group["id"].as_str().expect("an id").to_owned();
    assert_eq!(group, json!({"id": id, "name": "Sales", "organizationId": ""}));
    lists(api.get("/api/groups?organizationId=").await, &json!([group]));
    let at = format!("/api/groups/{id}");
    shows(api.get(&at).await, &group);
    done(api.put(&at, &json!({"name": "Vertrieb"})).await);
    shows(api.get(&at).await, &json!({"id": id, "name": "Vertrieb", "organizationId": ""}));

    let users = format!("{at}/users");
    shows(api.get(&users).await, &json!([]));
    done(api.post(&users, &json!({"userId": "ben", "organizationId": ""})).await);
    done(api.post(&users, &json!({"userId": "ann"})).await);
    refused(&api.post(&users, &json!({"userId": "ann"})).await, 409, "already_member");
    shows(api.get(&users).await, &json!([user("ann"), user("ben")]));
    shows(site.user("ann").get("/api/groups/for-token").await, &json!([{"id": id, "name": "Vertrieb"}]));
    done(api.delete(&format!("{users}/ben")).await);
    refused(&api.delete(&format!("{users}/ben")).await, 404, "not_member");
    shows(api.get(&users).await, &json!([user("ann")]));

    let roles = format!("{at}/roles");
    done(api.post(&roles, &json!({"roleName": "Web Modeler"})).await);
    shows(api.get(&roles).await, &json!([{"name": "Web Modeler", "description": "Full access to Web Modeler"}]));
    shows(site.user("ann").get("/api/me/permissions").await, &json!(["read:users"]));
    refused(&api.post(&roles, &json!({"roleName": "Nobody"})).await, 404, "missing");
    done(api.delete(&format!("{roles}/Web%20Modeler")).await);
    shows(api.get(&roles).await, &json!([]));

    let body = json!({"entityId": id, "entityType": "GROUP", "resourceKey": "*", "resourceType": "decision-definition",
        "permissions": ["READ"]});
    done(api.put("/api/authorizations", &body).await);
    let held = json!([{"resourceKey": "*", "resourceType": "decision-definition", "permissions": ["READ"]}]);
    shows(api.get(&format!("{at}/authorizations")).await, &held);

    // What hangs on the group goes with it.
    done(api.delete(&at).await);
    lists(api.get("/api/groups").await, &json!([]));
    shows(site.user("ann").get("/api/groups/for-token").await, &json!([]));
    shows(site.user("ann").get("/api/authorizations/for-token").await, &json!([]));
    for below in ["", "/users", "/roles", "/authorizations"] {
        refused(&api.get(&format!("{at}{below}")).await, 404, "missing");
    }
    refused(&api.put(&at, &json!({"name": "x"})).await, 404, "missing");
    refused(&api.delete(&at).await, 404, "missing");
    refused(&api.post(&users, &json!({"userId": "ann"})).await, 404, "missing");
}

async fn roles_and_permissions(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let presets = column(&api.get("/api/roles").await.expect_status(200).json(), "name");
    for role in ["ManagementIdentity", "Optimize", "Console", "Web Modeler", "Web Modeler Admin", "Orchestration"] {
        assert!(presets.iter().any(|name| name == role), "no {role} in {presets:?}");
    }
    let permission =
        |definition: &str, audience: &str| json!({"definition": definition, "resourceServerAudience": audience});
    let identity = json!([permission("read", API), permission("write", API)]);
    shows(api.get("/api/roles/ManagementIdentity/permissions").await, &identity);

    let body = json!({"name": "Auditor", "description": "Looks", "permissions": [permission("read", API)]});
    shows_created(&api, "/api/roles", &body, &json!({"name": "Auditor", "description": "Looks"})).await;
    refused(&api.post("/api/roles", &body).await, 409, "exists");
    done(api.put("/api/roles/Auditor", &json!({"description": "Looks twice", "name": "Auditor"})).await);
    shows(api.get("/api/roles/Auditor").await, &json!({"name": "Auditor", "description": "Looks twice"}));
    refused(&api.put("/api/roles/Auditor", &json!({"description": "", "name": "Other"})).await, 400, "role_name");

    let permissions = "/api/roles/Auditor/permissions";
    done(api.post(permissions, &permission("write:*", "optimize-api")).await);
    done(api.post(permissions, &permission("write:*", "optimize-api")).await);
    shows(api.get(permissions).await, &json!([permission("read", API), permission("write:*", "optimize-api")]));
    site.give("ann", &["Auditor"]).await;
    shows(site.user("ann").get("/api/me/permissions?audience=optimize-api").await, &json!(["write:*"]));
    done(api.delete(&format!("{permissions}/optimize-api/write%3A%2A")).await);
    refused(&api.delete(&format!("{permissions}/optimize-api/write:*")).await, 404, "missing");
    shows(api.get(permissions).await, &json!([permission("read", API)]));

    done(api.delete("/api/roles/Auditor").await);
    refused(&api.get("/api/roles/Auditor").await, 404, "missing");
    refused(&api.get(permissions).await, 404, "missing");
    refused(&api.delete("/api/roles/Auditor").await, 404, "missing");
    refused(&site.user("ann").get("/api/roles").await, 403, "forbidden");
    assert_eq!(column(&api.get("/api/roles").await.json(), "name"), presets);
}

/// Creates something, which is then the answer to its creation.
async fn shows_created(api: &Api, path: &str, body: &Value, expected: &Value) {
    assert_eq!(created(api.post(path, body).await), *expected);
}

async fn tenants_and_their_members(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let default = json!({"tenantId": "<default>", "name": "Default"});
    lists(api.get("/api/tenants").await, &json!([default]));
    shows(api.get("/api/tenants/%3Cdefault%3E").await, &default);

    let acme = json!({"tenantId": "acme", "name": "Acme Inc."});
    shows_created(&api, "/api/tenants", &acme, &acme).await;
    refused(&api.post("/api/tenants", &acme).await, 409, "exists");
    lists(api.get("/api/tenants").await, &json!([default, acme]));
    done(api.put("/api/tenants/acme", &json!({"name": "Acme"})).await);
    let acme = json!({"tenantId": "acme", "name": "Acme"});
    shows(api.get("/api/tenants/acme").await, &acme);
    let renamed = api.put("/api/tenants/acme", &json!({"name": "Acme", "tenantId": "other"})).await;
    assert_eq!(refused(&renamed, 400, "invalid")["errors"], json!(["tenantId.invalid"]));

    let sales = group(&api, "Sales").await;
    for (kind, field, ids) in [
        ("users", "userIds", vec!["ann", "ben"]),
        ("groups", "groupIds", vec![&*sales]),
        ("applications", "applicationIds", vec!["svc"]),
    ] {
        let at = format!("/api/tenants/acme/{kind}");
        shows(api.get(&at).await, &json!([]));
        done(api.post(&at, &json!({field: ids})).await);
        // All of them or none.
        let more = json!({field: ["zoe", ids[0]]});
        let problem = refused(
            &api.post(&at, &more).await,
            if kind == "groups" { 404 } else { 409 },
            if kind == "groups" { "missing" } else { "already_member" },
        );
        if kind != "groups" {
            assert_eq!(problem["errors"], json!(["ALREADY_EXISTS"]));
        }
    }
    shows(api.get("/api/tenants/acme/users").await, &json!([user("ann"), user("ben")]));
    shows(api.get("/api/tenants/acme/groups").await, &json!([{"id": sales, "name": "Sales"}]));
    let svc = json!([{"id": "svc", "clientId": "svc", "name": "svc", "type": "M2M"}]);
    shows(api.get("/api/tenants/acme/applications").await, &svc);
    for (id, kind) in [("ann", "USER"), (&*sales, "GROUP"), ("svc", "APPLICATION")] {
        shows(api.get(&format!("/api/tenants?memberId={id}&memberType={kind}")).await, &json!([acme]));
    }
    shows(api.get("/api/tenants?memberId=zoe&memberType=USER").await, &json!([]));
    refused(&api.get("/api/tenants?memberId=zoe").await, 400, "member");
    refused(&api.get("/api/tenants?memberId=zoe&memberType=ROLE").await, 400, "query");
    shows(site.user("ann").get("/api/tenants/for-token").await, &json!([acme]));
    let client = site.anonymous().bearer(site.forge.token(&json!({"client": "svc"})));
    shows(client.get("/api/tenants/for-token").await, &json!([acme]));

    done(api.delete("/api/tenants/acme/users/ben").await);
    refused(&api.delete("/api/tenants/acme/users/ben").await, 404, "not_member");
    done(api.delete(&format!("/api/tenants/acme/groups/{sales}")).await);
    done(api.delete("/api/tenants/acme/applications/svc").await);
    shows(api.get("/api/tenants/acme/users").await, &json!([user("ann")]));
    shows(api.get("/api/tenants/acme/groups").await, &json!([]));
    shows(api.get("/api/tenants/acme/applications").await, &json!([]));

    // Clients of the replaced service send an empty object.
    let delete = api.request(reqwest::Method::DELETE, "/api/tenants/acme").json(&json!({}));
    done(api.send(delete).await);
    lists(api.get("/api/tenants").await, &json!([default]));
    shows(site.user("ann").get("/api/tenants/for-token").await, &json!([]));
    refused(&api.get("/api/tenants/acme").await, 404, "missing");
    refused(&api.get("/api/tenants/acme/users").await, 404, "missing");
    refused(&api.post("/api/tenants/acme/users", &json!({"userIds": []})).await, 404, "missing");
}

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

    // The name is only what to call it, the type stays without being said again.
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

    // Targets exist and are of the rule's type; a claim selector is one.
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
    assert_eq!(of_ann().await, json!([]));
    // There is nothing left to end, which is what was asked for.
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
    // Whether something exists is for readers only.
    refused(&looker.get("/api/groups/none").await, 403, "forbidden");
    refused(&looker.delete("/api/groups/none").await, 403, "forbidden");
    done(writer.put(&format!("/api/groups/{sales}"), &name).await);
    shows(
        reader.get(&format!("/api/groups/{sales}")).await,
        &json!({"id": sales, "name": "Field", "organizationId": ""}),
    );
}

async fn lists_are_paged_and_searched(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    for n in 0..7 {
        let tenant = json!({"tenantId": format!("t{n}"), "name": format!("Märkte {}", n % 2)});
        created(api.post("/api/tenants", &tenant).await);
    }
    let page = async |query: &str| {
        let reply = api.get(&format!("/api/tenants?{query}")).await.expect_status(200);
        let total = reply.header("x-total-count").expect("a total").to_owned();
        (column(&reply.json(), "tenantId"), total)
    };
    let of = |ids: &[&str], total: &str| (ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>(), total.to_owned());
    assert_eq!(page("page=0&resultSize=3").await, of(&["<default>", "t0", "t1"], "8"));
    assert_eq!(page("page=2&resultSize=3").await, of(&["t5", "t6"], "8"));
    // Clients ask until a page is empty.
    assert_eq!(page("page=3&resultSize=3").await, of(&[], "8"));
    assert_eq!(page("resultSize=1").await, of(&["<default>"], "8"));
    assert_eq!(page("page=1").await, of(&[], "8"));
    assert_eq!(page("search=M%C3%84RKTE%201").await, of(&["t1", "t3", "t5"], "3"));
    assert_eq!(page("search=T3").await, of(&["t3"], "1"));
    assert_eq!(page("search=arkte&page=0&resultSize=2").await, of(&[], "0"));
    assert_eq!(page("search=rkte&page=1&resultSize=5").await, of(&["t5", "t6"], "7"));
    assert_eq!(page("search=").await.1, "8");
    assert_eq!(page("page=18446744073709551615&resultSize=10000").await, of(&[], "8"));
    for list in ["tenants", "groups", "roles", "mapping-rules", "authorizations", "resources"] {
        for query in ["resultSize=0", "resultSize=10001"] {
            let reply = api.get(&format!("/api/{list}?{query}")).await;
            assert_eq!(refused(&reply, 400, "invalid")["errors"], json!(["resultSize.invalid"]));
        }
        for query in ["page=-1", "page=x", "resultSize=1.5", "sort=name", "page=1&page=2"] {
            refused(&api.get(&format!("/api/{list}?{query}")).await, 400, "query");
        }
    }
    refused(&api.get("/api/me/permissions?audiences=x").await, 400, "query");
}

async fn names_are_what_they_are(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    // One spelling in the path for each name; `+` is itself there.
    for (name, path) in [
        ("Web Leute Ä/ß", "Web%20Leute%20%C3%84%2F%C3%9F"),
        ("a%2Fb", "a%252Fb"),
        ("1+1", "1+1"),
        ("..", "%2E%2E"),
        ("'; DROP TABLE roles; --", "'%3B%20DROP%20TABLE%20roles%3B%20--"),
        ("?#[]", "%3F%23%5B%5D"),
        ("日本語 👍", "%E6%97%A5%E6%9C%AC%E8%AA%9E%20%F0%9F%91%8D"),
    ] {
        let role = json!({"name": name, "description": ""});
        shows_created(&api, "/api/roles", &role, &role).await;
        let at = format!("/api/roles/{path}");
        if name == ".." {
            // Clients resolve this before they send it: it can be listed and not be addressed.
            continue;
        }
        shows(api.get(&at).await, &role);
        shows(api.get(&format!("{at}/permissions")).await, &json!([]));
        let sales = group(&api, name).await;
        done(api.post(&format!("/api/groups/{sales}/users"), &json!({"userId": name})).await);
        shows(api.get(&format!("/api/groups/{sales}/users")).await, &json!([user(name)]));
        shows(site.user(name).get("/api/groups/for-token").await, &json!([{"id": sales, "name": name}]));
        done(api.delete(&format!("/api/groups/{sales}/users/{path}")).await);
        done(api.post(&format!("/api/groups/{sales}/roles"), &json!({"roleName": name})).await);
        done(api.delete(&format!("/api/groups/{sales}/roles/{path}")).await);
        done(api.delete(&at).await);
        refused(&api.get(&at).await, 404, "missing");
    }
    shows(api.get("/api/tenants/%3Cdefault%3E/users").await, &json!([]));
    shows(api.get("/api/tenants/<default>").await, &json!({"tenantId": "<default>", "name": "Default"}));
    refused(&api.get("/api/roles/%FF").await, 404, "missing");
}

async fn defaults_and_the_last_administrator_stay(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let name = json!({"name": "Other"});
    let problem = refused(&api.put("/api/tenants/%3Cdefault%3E", &name).await, 403, "protected");
    assert_eq!(problem["errors"], json!(["PROTECTED"]));
    refused(&api.delete("/api/tenants/%3Cdefault%3E").await, 403, "protected");
    for role in ["admin", "readonly-admin", "connectors", "app-integrations", "rpa", "task-worker"] {
        refused(&api.delete(&format!("/api/roles/{role}")).await, 403, "protected");
        refused(&api.put(&format!("/api/roles/{role}"), &json!({"description": "x"})).await, 403, "protected");
        let permission = json!({"definition": "write", "resourceServerAudience": API});
        refused(&api.post(&format!("/api/roles/{role}/permissions"), &permission).await, 403, "protected");
    }

    // The only way in: neither its rule, nor its claim, nor its roles can be taken away.
    let problem = refused(&api.delete("/api/mapping-rules/Default").await, 409, "lock_out");
    assert_eq!(problem["errors"], json!(["LOCK_OUT"]));
    let without = rule("Default", ("sub", ROOT), "ROLE", &["Optimize"]);
    refused(&api.put("/api/mapping-rules/Default", &without).await, 409, "lock_out");
    let _ = api.get("/api/roles").await.expect_status(200);

    // With another administrator it can; then that one is the last.
    site.give("ann", &["admin"]).await;
    done(api.delete("/api/mapping-rules/Default").await);
    refused(&api.get("/api/roles").await, 403, "forbidden");
    let ann = site.user("ann");
    let rules = column(&ann.get("/api/mapping-rules").await.expect_status(200).json(), "id");
    let last = rules
        .first()
        .expect("ann's rule")
        .replace(' ', "%20")
        .replace('"', "%22")
        .replace('[', "%5B")
        .replace(']', "%5D");
    refused(&ann.delete(&format!("/api/mapping-rules/{last}")).await, 409, "lock_out");
}
