//! Rules for all resources: pages, searches, names, and protected entities.

use std::net::{IpAddr, Ipv4Addr};

use identity_testkit::Raw;
use serde_json::json;

use super::{API, group, shows_created, user};
use crate::support::{Local, ROOT, Site, Store, column, created, done, refused, rule, shows};

/// HTTP Basic credentials `demo:demo`.
const DEMO: &str = "Basic ZGVtbzpkZW1v";

on_each_store!(
    lists_are_paged_and_searched,
    authorizations_are_selected_by_resource_permission_and_owner,
    long_lists_are_whole_and_leave_the_connection_open,
    names_are_what_they_are,
    defaults_and_the_last_administrator_stay,
);

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
    // Clients request pages until one is empty.
    assert_eq!(page("page=3&resultSize=3").await, of(&[], "8"));
    assert_eq!(page("resultSize=1").await, of(&["<default>"], "8"));
    assert_eq!(page("page=1").await, of(&[], "8"));
    assert_eq!(page("search=M%C3%84RKTE%201").await, of(&["t1", "t3", "t5"], "3"));
    assert_eq!(page("search=T3").await, of(&["t3"], "1"));
    assert_eq!(page("search=arkte&page=0&resultSize=2").await, of(&[], "0"));
    assert_eq!(page("search=rkte&page=1&resultSize=5").await, of(&["t5", "t6"], "7"));
    assert_eq!(page("search=").await.1, "8");
    assert_eq!(page("page=4294967295&resultSize=10000").await, of(&[], "8"));
    for (list, field, wanted) in
        [("groups", "name", "Märkte"), ("roles", "name", "Orchestration"), ("mapping-rules", "claimValue", "März")]
    {
        if list == "groups" {
            group(&api, "Märkte").await;
        }
        if list == "mapping-rules" {
            created(api.post("/api/mapping-rules", &rule("Month", ("month", "März"), "ROLE", &[])).await);
        }
        let search = format!("/api/{list}?search={}", wanted.to_uppercase());
        let reply = api.get(&search).await.expect_status(200);
        assert_eq!(column(&reply.json(), field), [wanted], "{search}");
        assert_eq!(reply.header("x-total-count"), Some("1"));
    }
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

async fn authorizations_are_selected_by_resource_permission_and_owner(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let sales = group(&api, "Sales").await;
    for (entity, id, kind, key, permissions) in [
        ("GROUP", sales.as_str(), "process-definition", "order", json!(["READ", "DELETE"])),
        ("USER", "ann", "process-definition", "order", json!(["READ"])),
        ("USER", "ann", "decision-definition", "order", json!(["READ"])),
        ("USER", "bob", "process-definition", "*", json!(["READ"])),
    ] {
        let body = json!({"entityType": entity, "entityId": id, "resourceType": kind, "resourceKey": key,
            "permissions": permissions});
        done(api.put("/api/authorizations", &body).await);
    }
    for (query, owners) in [
        ("resourceKey=order", vec!["ann", "ann", &sales]),
        ("resourceKey=order&resourceType=process-definition", vec!["ann", &sales]),
        ("resourceKey=orde", vec![]),
        ("resourceKey=*&resourceType=process-definition&search=BO", vec!["bob"]),
        ("permission=DELETE&resourceType=process-definition&resourceKey=order", vec![&sales]),
        ("permission=READ&resourceKey=order&entityType=USER&entityId=ann", vec!["ann", "ann"]),
        ("permission=NOTHING", vec![]),
        ("search=sALE", vec![&sales]),
    ] {
        let reply = api.get(&format!("/api/authorizations?{query}")).await.expect_status(200);
        assert_eq!(column(&reply.json(), "entityId"), owners, "{query}");
        assert_eq!(reply.header("x-total-count"), Some(&*owners.len().to_string()), "{query}");
    }
    refused(&api.get("/api/authorizations?permission=").await, 400, "invalid");
}

async fn long_lists_are_whole_and_leave_the_connection_open(store: Store) {
    const COUNT: usize = 700;
    let local = Local::start(store).await;
    let api = local.admin();
    let mut commands = Vec::new();
    for number in 0..COUNT {
        let name = format!("user-{number:04}");
        commands.push(json!({"createUser": {"username": name}}));
        let to_tenant =
            json!({"containerType": "TENANT", "containerId": "<default>", "memberType": "USER", "memberId": name});
        commands.push(json!({"addMember": to_tenant}));
        commands.push(
            json!({"createAuthorization": {"entityType": "USER", "entityId": name, "resourceType": "process-definition",
            "resourceKey": format!("order-{}", number % 7), "permissions": ["READ"]}}),
        );
    }
    for some in commands.chunks(999) {
        let _ = api.post("/api/bulk", &json!({"commands": some})).await.expect_status(200);
    }
    let names: Vec<String> = (0..COUNT).map(|number| format!("user-{number:04}")).collect();

    let members = api.get("/api/tenants/%3Cdefault%3E/users").await.expect_status(200);
    assert_eq!((members.header("x-total-count"), members.header("content-type")), (None, Some("application/json")));
    let members = column(&members.json(), "id");
    assert!(members.ends_with(&names), "all members: {}", members.len());

    let whole = api.get("/api/authorizations").await.expect_status(200);
    let owners = column(&whole.json(), "entityId");
    assert!(owners.starts_with(&names), "users before roles, which have authorizations from the start");
    let total = owners.len().to_string();
    assert_eq!(whole.header("x-total-count"), Some(&*total));
    let mut pages = Vec::new();
    for page in 0.. {
        let reply = api.get(&format!("/api/authorizations?page={page}&resultSize=300")).await.expect_status(200);
        assert_eq!(reply.header("x-total-count"), Some(&*total));
        let page = reply.json().as_array().expect("a list").clone();
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    assert_eq!(whole.json(), json!(pages));
    let found = api.get("/api/authorizations?search=ORDER-3&resultSize=40&page=1").await.expect_status(200);
    assert_eq!((found.header("x-total-count"), found.json().as_array().map(Vec::len)), (Some("100"), Some(40)));
    let resources = api.get("/api/resources?search=order-&resultSize=2&page=3").await.expect_status(200);
    assert_eq!(
        (resources.header("x-total-count"), column(&resources.json(), "key")),
        (Some("7"), vec!["order-6".to_owned()])
    );

    // A long response, one without its body, and a short one, on one connection.
    let mut connection = Raw::connect(&api, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.expect("a connection");
    let request = |method: &str, path: &str, last: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {DEMO}\r\n{last}\r\n")
    };
    connection.send(request("GET", "/api/authorizations", "")).await;
    connection.send(request("HEAD", "/api/authorizations", "")).await;
    connection.send(request("GET", "/api/me", "Connection: close\r\n")).await;
    let answers = connection.until_closed().await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
    assert_eq!(answers.matches("order-").count(), COUNT);
    assert!(answers.contains("{\"name\":\"demo\"") || answers.contains("{\"name\":\"Demo\""), "{answers}");
}

async fn names_are_what_they_are(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    // Each name has one encoding in the path, where `+` is literal.
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
            // Clients resolve this segment before they send it. The role can be listed but not addressed.
            continue;
        }
        shows(api.get(&at).await, &role);
        shows(api.get(&format!("{at}/permissions")).await, &json!([]));
        let sales = group(&api, name).await;
        done(api.post(&format!("/api/groups/{sales}/users"), &json!({"userId": name})).await);
        shows(api.get(&format!("/api/groups/{sales}/users")).await, &json!([user(name)]));
        shows(site.user(name).get("/api/groups/for-token").await, &json!([sales]));
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

    // The access of the only administrator is protected: neither the rule, nor its claim, nor its roles can be removed.
    let problem = refused(&api.delete("/api/mapping-rules/Default").await, 409, "lock_out");
    assert_eq!(problem["errors"], json!(["LOCK_OUT"]));
    let without = rule("Default", ("sub", ROOT), "ROLE", &["Optimize"]);
    refused(&api.put("/api/mapping-rules/Default", &without).await, 409, "lock_out");
    let _ = api.get("/api/roles").await.expect_status(200);

    // With a second administrator it can be removed; then the second is the last.
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
