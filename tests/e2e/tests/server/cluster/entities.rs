//! Groups, roles, tenants and mapping rules: create, read, update, delete.

use identity_testkit::Api;
use serde_json::{Value, json};

use super::{refused, search};
use crate::support::{Local, done, shows};

/// Entity kind: its path, the name of its ID, further members to create it, an update, and the result of the update.
struct Kind {
    path: &'static str,
    id: &'static str,
    more: Value,
    change: Value,
    changed: Value,
}

fn kinds() -> Vec<Kind> {
    let named = |path, id| Kind {
        path,
        id,
        more: json!({"name": "One", "description": "the first"}),
        change: json!({"name": "Two"}),
        // Omitted members are cleared, not kept.
        changed: json!({"name": "Two", "description": ""}),
    };
    let rule = json!({"name": "Two", "claimName": "crud", "claimValue": "two"});
    vec![
        named("/v2/groups", "groupId"),
        named("/v2/roles", "roleId"),
        named("/v2/tenants", "tenantId"),
        Kind {
            path: "/v2/mapping-rules",
            id: "mappingRuleId",
            more: json!({"name": "One", "claimName": "crud", "claimValue": "one"}),
            changed: rule.clone(),
            change: rule,
        },
    ]
}

fn with(id: (&str, &str), more: &Value) -> Value {
    let mut whole = more.clone();
    whole[id.0] = json!(id.1);
    whole
}

#[tokio::test]
async fn entities_are_created_shown_changed_and_deleted() {
    let local = Local::shared().await;
    let api = local.admin();
    for Kind { path, id, more, change, changed } in kinds() {
        let whole = with((id, "crud.1"), &more);
        let one = format!("{path}/crud.1");
        let by_id = json!({"filter": {id: "crud.1"}});
        refused(&api.get(&one).await, 404, "NOT_FOUND");
        refused(&api.put(&one, &change).await, 404, "NOT_FOUND");
        refused(&api.delete(&one).await, 404, "NOT_FOUND");
        assert!(search(&api, &format!("{path}/search"), by_id.clone(), id).await.is_empty());

        assert_eq!(api.post(path, &whole).await.expect_status(201).json(), whole);
        shows(api.get(&one).await, &whole);
        refused(&api.post(path, &whole).await, 409, "ALREADY_EXISTS");
        assert_eq!(search(&api, &format!("{path}/search"), by_id.clone(), id).await, ["crud.1"]);

        shows(api.put(&one, &change).await, &with((id, "crud.1"), &changed));
        shows(api.get(&one).await, &with((id, "crud.1"), &changed));
        let by_old_name = json!({"filter": {id: "crud.1", "name": "One"}});
        assert!(search(&api, &format!("{path}/search"), by_old_name, id).await.is_empty());

        // The body must not contain the ID.
        refused(&api.put(&one, &with((id, "crud.1"), &change)).await, 400, "Bad Request");
        done(api.delete(&one).await);
        refused(&api.delete(&one).await, 404, "NOT_FOUND");
        refused(&api.get(&one).await, 404, "NOT_FOUND");
        assert!(search(&api, &format!("{path}/search"), by_id, id).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_not_said_is_an_empty_text() {
    let local = Local::shared().await;
    let api = local.admin();
    for (path, id) in [("/v2/groups", "groupId"), ("/v2/roles", "roleId"), ("/v2/tenants", "tenantId")] {
        for (name, description) in [("absent.1", None), ("absent.2", Some(Value::Null)), ("absent.3", Some(json!("")))]
        {
            let mut body = json!({id: name, "name": "n"});
            if let Some(description) = description {
                body["description"] = description;
            }
            let expected = json!({id: name, "name": "n", "description": ""});
            assert_eq!(api.post(path, &body).await.expect_status(201).json(), expected);
            shows(api.get(&format!("{path}/{name}")).await, &expected);
        }
    }
    shows(
        api.get("/v2/tenants/%3Cdefault%3E").await,
        &json!({"tenantId": "<default>", "name": "Default", "description": ""}),
    );
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_not_stored() {
    let local = Local::shared().await;
    let api = local.admin();
    let long = "x".repeat(257);
    for Kind { path, id, more, change, .. } in kinds() {
        let whole = with((id, "broken.1"), &more);
        let without = |name: &str| {
            let mut body = whole.clone();
            body.as_object_mut().expect("an object").remove(name);
            body
        };
        let mut cases: Vec<(Value, &str, &str)> = vec![
            (without(id), "INVALID_ARGUMENT", id),
            (without("name"), "INVALID_ARGUMENT", "name"),
            (with((id, ""), &whole), "INVALID_ARGUMENT", id),
            (with((id, "  "), &whole), "INVALID_ARGUMENT", id),
            (with((id, "a/b"), &whole), "INVALID_ARGUMENT", id),
            (with((id, "a b"), &whole), "INVALID_ARGUMENT", id),
            (with((id, "broken.1\n"), &whole), "INVALID_ARGUMENT", id),
            (with((id, &long), &whole), "INVALID_ARGUMENT", id),
            (with(("name", " "), &whole), "INVALID_ARGUMENT", "name"),
            (with(("nmae", "x"), &whole), "Bad Request", "nmae"),
        ];
        for name in [id, "name"] {
            for wrong in [Value::Null, json!(1), json!(["x"]), json!({})] {
                let mut body = whole.clone();
                body[name] = wrong;
                cases.push((body, "Bad Request", name));
            }
        }
        for (body, title, named) in cases {
            let detail = refused(&api.post(path, &body).await, 400, title);
            assert!(detail.contains(named), "{detail}");
        }
        // All errors are reported together.
        let detail = refused(&api.post(path, &json!({id: "a b", "name": 7, "nmae": "x"})).await, 400, "Bad Request");
        for named in [id, "`/name`", "`/nmae`"] {
            assert!(detail.contains(named), "{detail}");
        }
        // Validation of the body, and of IDs in paths, precedes the existence check.
        refused(&api.put(&format!("{path}/broken.1"), &json!({})).await, 400, "INVALID_ARGUMENT");
        for wrong in ["a%2Fb", "a%20b", "%00", "%FF", "a%5Cb", &long] {
            let one = format!("{path}/{wrong}");
            refused(&api.get(&one).await, 400, "INVALID_ARGUMENT");
            refused(&api.delete(&one).await, 400, "INVALID_ARGUMENT");
            refused(&api.put(&one, &change).await, 400, "INVALID_ARGUMENT");
        }
        let like = json!({"filter": {id: "broken.1"}});
        assert!(search(&api, &format!("{path}/search"), like, id).await.is_empty());
    }
    refused(&api.post("/v2/tenants", &json!({"tenantId": "x".repeat(32), "name": "n"})).await, 400, "INVALID_ARGUMENT");
    refused(&api.post("/v2/tenants", &json!({"tenantId": "a@b", "name": "n"})).await, 400, "INVALID_ARGUMENT");
}

async fn rule(api: &Api, id: &str, claim: &str, value: &str) -> identity_testkit::Reply {
    let body = json!({"mappingRuleId": id, "name": id, "claimName": claim, "claimValue": value});
    api.post("/v2/mapping-rules", &body).await
}

#[tokio::test]
async fn no_two_mapping_rules_ask_for_the_same() {
    let local = Local::shared().await;
    let api = local.admin();
    assert_eq!(rule(&api, "pair.1", "pair", "a").await.status, 201);
    assert_eq!(rule(&api, "pair.2", "pair", "b").await.status, 201);
    refused(&rule(&api, "pair.3", "pair", "a").await, 409, "ALREADY_EXISTS");
    refused(&rule(&api, "pair.1", "pair", "c").await, 409, "ALREADY_EXISTS");
    refused(&api.get("/v2/mapping-rules/pair.3").await, 404, "NOT_FOUND");
    let same = json!({"name": "n", "claimName": "pair", "claimValue": "a"});
    refused(&api.put("/v2/mapping-rules/pair.2", &same).await, 409, "ALREADY_EXISTS");
    // A rule does not conflict with itself.
    assert_eq!(api.put("/v2/mapping-rules/pair.1", &same).await.status, 200);
}

#[tokio::test]
async fn ids_have_the_characters_of_the_pattern() {
    let local = Local::shared().await;
    let api = local.admin();
    let id = "Aa0_~@.+-";
    let body = json!({"groupId": id, "name": "n"});
    assert_eq!(api.post("/v2/groups", &body).await.status, 201);
    for written in [id, "Aa0%5F%7E%40%2E%2B%2D"] {
        assert_eq!(api.get(&format!("/v2/groups/{written}")).await.expect_status(200).json()["groupId"], id);
    }
    // IDs are case-sensitive.
    refused(&api.get("/v2/groups/aa0_~@.+-").await, 404, "NOT_FOUND");
}
