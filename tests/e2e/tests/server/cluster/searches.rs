//! Searches: filters, sort orders and pages (docs/reference/orchestration-cluster.md §1.11).

use identity_testkit::Api;
use serde_json::{Value, json};

use super::{found, refused, search};
use crate::support::{Local, created};

/// Creates seven groups with three names and IDs with a common prefix.
async fn seven(api: &Api, prefix: &str) {
    for (number, name) in [(1, "b"), (2, "a"), (3, "c"), (4, "a"), (5, "b"), (6, "a"), (7, "c")] {
        created(api.post("/v2/groups", &json!({"groupId": format!("{prefix}{number}"), "name": name})).await);
    }
}

async fn ids(api: &Api, body: Value) -> Vec<String> {
    search(api, "/v2/groups/search", body, "groupId").await
}

/// Returns the last characters of the IDs: the numbers of [`seven`].
fn numbers(items: &[Value]) -> String {
    items.iter().filter_map(|item| item["groupId"].as_str()?.chars().last()).collect()
}

#[tokio::test]
async fn operators_narrow_what_is_found() {
    let local = Local::shared().await;
    let api = local.admin();
    seven(&api, "op.").await;
    for (filter, expected) in [
        (json!("op.3"), "3"),
        (json!({"$eq": "op.3"}), "3"),
        (json!({"$like": "op.?"}), "1234567"),
        (json!({"$like": "op.*"}), "1234567"),
        (json!({"$like": "*p.4"}), "4"),
        (json!({"$like": "op\\.*"}), "1234567"),
        (json!({"$like": "op\\*"}), ""),
        (json!({"$like": "OP.*"}), ""),
        (json!({"$in": ["op.2", "op.5", "op.9"]}), "25"),
        (json!({"$like": "op.*", "$in": [], "$notIn": []}), "1234567"),
        (json!({"$like": "op.*", "$neq": "op.1"}), "234567"),
        (json!({"$like": "op.*", "$notIn": ["op.1", "op.2"]}), "34567"),
        (json!({"$like": "op.*", "$exists": true}), "1234567"),
        (json!({"$like": "op.*", "$exists": false}), ""),
    ] {
        let (items, total) = found(api.post("/v2/groups/search", &json!({"filter": {"groupId": filter}})).await);
        assert_eq!(numbers(&items), expected, "{filter}");
        assert_eq!(total, expected.len() as u64);
    }
    let both = json!({"filter": {"groupId": {"$like": "op.*"}, "name": "a"}});
    assert_eq!(ids(&api, both).await, ["op.2", "op.4", "op.6"]);
}

#[tokio::test]
async fn users_are_filtered_by_each_field() {
    let local = Local::shared().await;
    let api = local.admin();
    for (name, shown, email) in
        [("fu.1", Some("Ada"), Some("ada@example.org")), ("fu.2", Some("Bob"), None), ("fu.3", None, None)]
    {
        let body = json!({"username": name, "password": "p", "name": shown, "email": email});
        created(api.post("/v2/users", &body).await);
    }
    for (filter, expected) in [
        (json!({"name": {"$like": "A*"}}), vec!["fu.1"]),
        (json!({"email": {"$like": "*@example.org"}}), vec!["fu.1"]),
        (json!({"email": {"$exists": false}}), vec!["fu.2", "fu.3"]),
        (json!({"name": {"$exists": true}}), vec!["fu.1", "fu.2"]),
        (json!({"name": {"$neq": "Bob"}}), vec!["fu.1", "fu.3"]),
    ] {
        let mut filter = filter;
        filter["username"] = json!({"$like": "fu.*"});
        assert_eq!(search(&api, "/v2/users/search", json!({"filter": filter}), "username").await, expected, "{filter}");
    }
}

#[tokio::test]
async fn of_alternatives_one_must_hold_beside_all_other_conditions() {
    let local = Local::shared().await;
    let api = local.admin();
    seven(&api, "or.").await;
    for (alternatives, expected) in [
        (json!(null), "1234567"),
        (json!([]), "1234567"),
        (json!([{}]), "1234567"),
        (json!([{"name": "c"}]), "37"),
        (json!([{"name": "c"}, {"groupId": {"$in": ["or.1", "page.1"]}}]), "137"),
        (json!([{"name": "a", "groupId": "or.4"}, {"name": {"$like": "?"}, "groupId": "or.5"}]), "45"),
        (json!([{"name": "none"}]), ""),
    ] {
        let filter = json!({"groupId": {"$like": "or.*"}, "$or": alternatives});
        let (items, total) = found(api.post("/v2/groups/search", &json!({"filter": filter})).await);
        assert_eq!((numbers(&items).as_str(), total), (expected, expected.len() as u64), "{filter}");
    }
    let either = |id: &str| json!({"filter": {"$or": [{id: "admin"}, {id: "rpa"}, {"name": "Connectors"}]}});
    assert_eq!(search(&api, "/v2/roles/search", either("roleId"), "roleId").await, ["admin", "connectors", "rpa"]);
    let users = json!({"filter": {"$or": [{"username": "demo"}, {"email": {"$like": "*@nowhere"}}]}});
    assert_eq!(search(&api, "/v2/users/search", users, "username").await, ["demo"]);
}

#[tokio::test]
async fn several_fields_sort_one_after_the_other_and_ids_decide_at_last() {
    let local = Local::shared().await;
    let api = local.admin();
    seven(&api, "sort.").await;
    for (sort, expected) in [
        (json!([]), "1234567"),
        (json!(null), "1234567"),
        (json!([{"field": "groupId"}]), "1234567"),
        (json!([{"field": "groupId", "order": "DESC"}]), "7654321"),
        (json!([{"field": "name"}]), "2461537"),
        (json!([{"field": "name", "order": null}]), "2461537"),
        (json!([{"field": "NAME", "order": "desc"}]), "3715246"),
        (json!([{"field": "name", "order": "ASC"}, {"field": "groupId", "order": "DESC"}]), "6425173"),
        (json!([{"field": "name", "order": "DESC"}, {"field": "groupId", "order": "DESC"}]), "7351642"),
        // A repeated sort field has no effect.
        (json!([{"field": "name"}, {"field": "name", "order": "DESC"}]), "2461537"),
    ] {
        let body = json!({"filter": {"groupId": {"$like": "sort.*"}}, "sort": sort});
        assert_eq!(numbers(&found(api.post("/v2/groups/search", &body).await).0), expected, "{sort}");
    }
}

#[tokio::test]
async fn pages_by_number() {
    let local = Local::shared().await;
    let api = local.admin();
    seven(&api, "page.").await;
    for (page, expected) in [
        (json!(null), "1234567"),
        (json!({}), "1234567"),
        (json!({"limit": 3}), "123"),
        (json!({"limit": 10_000}), "1234567"),
        (json!({"from": 5}), "67"),
        (json!({"from": 2, "limit": 3}), "345"),
        (json!({"from": 6, "limit": 3}), "7"),
        (json!({"from": 7, "limit": 3}), ""),
        (json!({"from": 9_000_000_000_000_000_000_u64, "limit": 10_000}), ""),
    ] {
        let body = json!({"filter": {"groupId": {"$like": "page.*"}}, "page": page});
        let (items, total) = found(api.post("/v2/groups/search", &body).await);
        assert_eq!((&*numbers(&items), total), (expected, 7), "{page}");
    }
}

#[tokio::test]
async fn cursors_lead_over_all_pages_and_back() {
    let local = Local::shared().await;
    let api = local.admin();
    seven(&api, "cursor.").await;
    let ask = async |sort: &Value, page: Value| {
        let body = json!({"filter": {"groupId": {"$like": "cursor.*"}}, "sort": sort, "page": page});
        let reply = api.post("/v2/groups/search", &body).await;
        let page = reply.json()["page"].clone();
        let (items, total) = found(reply);
        assert_eq!(total, 7);
        (numbers(&items), page["startCursor"].clone(), page["endCursor"].clone())
    };
    for (sort, all) in [
        (json!([]), "1234567"),
        (json!([{"field": "groupId", "order": "DESC"}]), "7654321"),
        (json!([{"field": "name"}]), "2461537"),
        (json!([{"field": "name", "order": "DESC"}, {"field": "groupId", "order": "DESC"}]), "7351642"),
    ] {
        for limit in 1..5 {
            let (mut seen, mut first, mut last) = ask(&sort, json!({"limit": limit})).await;
            while !last.is_null() {
                let (more, start, end) = ask(&sort, json!({"limit": limit, "after": last})).await;
                seen.push_str(&more);
                if !start.is_null() {
                    first = start;
                }
                last = end;
            }
            assert_eq!(seen, all, "forward by {limit}");
            // Backward from the first item of the last page.
            let on_the_last_page = if 7 % limit == 0 { limit } else { 7 % limit };
            let mut back: String = all.chars().skip(7 - on_the_last_page).collect();
            while !first.is_null() {
                let (before, start, _) = ask(&sort, json!({"limit": limit, "before": first})).await;
                back.insert_str(0, &before);
                first = start;
            }
            assert_eq!(back, all, "backward by {limit}");
        }
    }
}

#[tokio::test]
async fn cursors_outlive_their_items() {
    let local = Local::shared().await;
    let api = local.admin();
    seven(&api, "outlive.").await;
    let filter = json!({"groupId": {"$like": "outlive.*"}});
    let page =
        api.post("/v2/groups/search", &json!({"filter": filter, "page": {"limit": 3}})).await.json()["page"].clone();
    assert_eq!(api.delete("/v2/groups/outlive.3").await.status, 204);
    let next = json!({"filter": filter, "page": {"after": page["endCursor"], "limit": 2}});
    assert_eq!(numbers(&found(api.post("/v2/groups/search", &next).await).0), "45");
}

#[tokio::test]
async fn pages_that_are_none_are_refused() {
    let local = Local::shared().await;
    let api = local.admin();
    let cursor = "WyJhIl0=";
    for (page, title, named) in [
        (json!({"limit": 0}), "INVALID_ARGUMENT", "`/page/limit`"),
        (json!({"limit": -1}), "INVALID_ARGUMENT", "`/page/limit`"),
        (json!({"limit": 10_001}), "INVALID_ARGUMENT", "`/page/limit`"),
        (json!({"from": 0, "limit": 10_001}), "INVALID_ARGUMENT", "`/page/limit`"),
        (json!({"from": -1}), "INVALID_ARGUMENT", "`/page/from`"),
        (json!({"after": "x"}), "INVALID_ARGUMENT", "`/page/after`"),
        (json!({"before": "not a cursor"}), "INVALID_ARGUMENT", "`/page/before`"),
        (json!({"after": "e30="}), "INVALID_ARGUMENT", "`/page/after`"),
        // Cursor of a search with a different sort order.
        (json!({"after": "WyJhIiwiYiJd"}), "INVALID_ARGUMENT", "`/page/after`"),
        (json!({"limit": "10"}), "Bad Request", "`/page/limit`"),
        (json!({"limit": 1.5}), "Bad Request", "`/page/limit`"),
        (json!({"from": true}), "Bad Request", "`/page/from`"),
        (json!({"from": u64::MAX}), "Bad Request", "`/page/from`"),
        (json!({"after": 1}), "Bad Request", "`/page/after`"),
        (json!({"after": cursor, "before": cursor}), "Bad Request", "`/page`"),
        (json!({"from": 0, "after": cursor}), "Bad Request", "`/page`"),
        (json!({"size": 1}), "Bad Request", "`/page/size`"),
        (json!([]), "Bad Request", "`/page`"),
        (json!("x"), "Bad Request", "`/page`"),
    ] {
        for path in ["users", "groups", "authorizations", "roles/admin/users", "authentication/me/authorizations"] {
            let detail = refused(&api.post(&format!("/v2/{path}/search"), &json!({"page": page})).await, 400, title);
            assert!(detail.contains(named), "{page}: {detail}");
        }
    }
}

#[tokio::test]
async fn sorts_and_filters_that_are_none_are_refused() {
    let local = Local::shared().await;
    let api = local.admin();
    for (path, allowed) in [
        ("users", "email, name, username"),
        ("groups", "groupId, name"),
        ("roles", "name, roleId"),
        ("tenants", "key, name, tenantId"),
        ("mapping-rules", "claimName, claimValue, mappingRuleId, name"),
        ("authorizations", "ownerId, ownerType, resourceId, resourcePropertyName, resourceType"),
        ("groups/g/users", "username"),
        ("roles/r/clients", "clientId"),
        ("tenants/t/groups", "groupId"),
        ("tenants/t/roles", "name, roleId"),
        ("roles/r/mapping-rules", "claimName, claimValue, mappingRuleId, name"),
    ] {
        let path = format!("/v2/{path}/search");
        for (body, title, named) in [
            (json!({"sort": [{"field": "nothing"}]}), "Bad Request", allowed),
            (json!({"sort": [{"order": "ASC"}]}), "INVALID_ARGUMENT", "`/sort/0/field`"),
            (json!({"sort": [{"field": null}]}), "Bad Request", "`/sort/0/field`"),
            (json!({"sort": [{"field": allowed, "order": "UP"}]}), "Bad Request", "ASC, DESC"),
            (json!({"sort": [{"field": allowed, "more": 1}]}), "Bad Request", "`/sort/0/more`"),
            (json!({"sort": ["name"]}), "Bad Request", "`/sort/0`"),
            (json!({"sort": {"field": "name"}}), "Bad Request", "`/sort`"),
            (json!({"filter": {"nothing": 1}}), "Bad Request", "`/filter/nothing`"),
            (json!({"filter": []}), "Bad Request", "`/filter`"),
            (json!({"nothing": 1}), "Bad Request", "`/nothing`"),
        ] {
            let detail = refused(&api.post(&path, &body).await, 400, title);
            assert!(detail.contains(named), "{path} {body}: {detail}");
        }
        let many = json!({"filter": {"x": 1}, "sort": [{"field": "y"}], "page": {"limit": 0, "z": 1}});
        let detail = refused(&api.post(&path, &many).await, 400, "Bad Request");
        for named in ["`/filter/x`", "`/sort/0/field`", "`/page/limit`", "`/page/z`"] {
            assert!(detail.contains(named), "{path}: {detail}");
        }
        // Every form of an unrestricted search is valid.
        for body in [
            json!({}),
            json!({"filter": null, "sort": null, "page": null}),
            json!({"filter": {}, "sort": [], "page": {}}),
        ] {
            found(api.post(&path, &body).await);
        }
    }
    for (filter, named) in [
        (json!({"username": 1}), "`/filter/username`"),
        (json!({"username": {"$foo": "x"}}), "`/filter/username/$foo`"),
        (json!({"username": {"$exists": "yes"}}), "`/filter/username/$exists`"),
        (json!({"username": {"$in": "x"}}), "`/filter/username/$in`"),
        (json!({"username": {"$eq": 1}}), "`/filter/username/$eq`"),
    ] {
        let detail = refused(&api.post("/v2/users/search", &json!({"filter": filter})).await, 400, "Bad Request");
        assert!(detail.contains(named), "{detail}");
    }
    let trailing = json!({"filter": {"username": {"$like": "a\\"}}});
    refused(&api.post("/v2/users/search", &trailing).await, 400, "INVALID_ARGUMENT");
    // Tenants support neither operators nor alternatives.
    for filter in [json!({"tenantId": {"$eq": "t"}}), json!({"$or": [{"name": "n"}]})] {
        refused(&api.post("/v2/tenants/search", &json!({"filter": filter})).await, 400, "Bad Request");
    }
    for (alternatives, named) in [
        (json!({}), "`/filter/$or`"),
        (json!(["x"]), "`/filter/$or/0`"),
        (json!([{"name": "n"}, {"nothing": 1}]), "`/filter/$or/1/nothing`"),
        (json!([{"$or": []}]), "`/filter/$or/0/$or`"),
    ] {
        let detail =
            refused(&api.post("/v2/roles/search", &json!({"filter": {"$or": alternatives}})).await, 400, "Bad Request");
        assert!(detail.contains(named), "{detail}");
    }
    let many = json!({"filter": {"$or": vec![json!({}); 101]}});
    refused(&api.post("/v2/roles/search", &many).await, 400, "INVALID_ARGUMENT");
}
