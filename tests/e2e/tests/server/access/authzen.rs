//! Checklist of the AuthZEN Authorization API 1.0 (docs/reference/authzen.md §B): evaluations, errors and metadata.

use reqwest::Method;
use serde_json::{Value, json};

use super::table::{Answer, Row, raw};
use super::{ask, site};
use crate::support::{Store, refused};

on_each_store!(
    one_question_and_many,
    what_does_not_fit_is_refused,
    the_request_id_comes_back,
    callers_need_credentials_and_a_grant,
    the_metadata_says_what_there_is,
);

const JSON: (&str, &str) = ("content-type", "application/json");

fn row(id: &'static str, path: &'static str, body: Value, answer: Answer) -> Row {
    Row { id, path, body, answer }
}

fn with(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        base[name] = value.clone();
    }
    base
}

async fn one_question_and_many(store: Store) {
    use Answer::{AllDecide, Decides, Is, Refuses};
    const ONE: &str = "/evaluation";
    const MANY: &str = "/evaluations";
    let local = site(store).await;
    let pdp = local.anonymous().basic("pdp", "secret");
    let reads = |id: &str| ask(("user", "ann"), "read", ("invoice", id));
    let mine = with(
        reads("9"),
        &json!({"action": {"name": "approve"},
        "resource": {"type": "invoice", "id": "9", "properties": {"owner": ["eve", "ann"], "x": [1, {"y": [true, 1.5, null]}]}}}),
    );
    let other = json!({"resource": {"type": "invoice", "id": "1"}});
    let no = json!({"resource": {"type": "invoice", "id": "2"}});
    let batch = |semantic: Value, items: Value| {
        let mut body = reads("1");
        body.as_object_mut().expect("an object").remove("resource");
        if !semantic.is_null() {
            body["options"] = json!({"evaluations_semantic": semantic, "unknown": 1});
        }
        body["evaluations"] = items;
        body
    };
    let rows = [
        row("C4", ONE, reads("1"), Is(json!({"decision": true}))),
        row("C6", ONE, reads("2"), Is(json!({"decision": false}))),
        row("C5", ONE, mine.clone(), Decides(true)),
        row("C9", ONE, ask(("client", "ann"), "read", ("invoice", "1")), Decides(false)),
        row("C9", ONE, ask(("user", "ann"), "READ", ("USER_TASK", "1")), Decides(false)),
        row("unknown subject", ONE, ask(("robot", "ann"), "read", ("invoice", "1")), Decides(false)),
        row("unknown action", ONE, ask(("user", "ann"), "fold", ("invoice", "1")), Decides(false)),
        row("unknown resource", ONE, ask(("user", "ann"), "read", ("nothing", "1")), Decides(false)),
        row("unknown subject id", ONE, ask(("user", "nobody"), "read", ("invoice", "1")), Decides(false)),
        row("all resources", ONE, ask(("user", "ann"), "list", ("invoice", "*")), Decides(true)),
        row("all resources", ONE, reads("*"), Decides(false)),
        row("through a group", ONE, ask(("user", "ann"), "list", ("invoice", "7")), Decides(true)),
        row("through a role", ONE, ask(("user", "bob"), "list", ("invoice", "7")), Decides(true)),
        row("a tenant", ONE, ask(("user", "ann"), "ACCESS", ("tenant", "nowhere")), Decides(false)),
        row("an api", ONE, ask(("user", "demo"), "read", ("api", "camunda-identity-resource-server")), Decides(true)),
        row("an api", ONE, ask(("user", "ann"), "read", ("api", "camunda-identity-resource-server")), Decides(false)),
        row("18", ONE, with(reads("2"), &json!({"evaluations": [other]})), Decides(false)),
        row(
            "C64",
            ONE,
            with(reads("1"), &json!({"x": null, "subject": {"type": "user", "id": "ann", "y": []}})),
            Decides(true),
        ),
        row(
            "C65",
            ONE,
            serde_json::from_str(
                r#"{"resource":{"id":"1","type":"invoice"},"action":{"name":"read"},
            "subject":{"id":"ann","type":"user"}}"#,
            )
            .expect("json"),
            Decides(true),
        ),
        row("C10", MANY, reads("1"), Is(json!({"decision": true}))),
        row("C10", MANY, with(reads("1"), &json!({"evaluations": []})), Is(json!({"decision": true}))),
        row("C11 C18 C19", MANY, batch(Value::Null, json!([other, no, other])), AllDecide(&[true, false, true])),
        row(
            "C12",
            MANY,
            batch(
                Value::Null,
                json!([
                    other,
                    with(other.clone(), &json!({"subject": {"type": "user", "id": "bob"}})),
                    with(other.clone(), &json!({"action": {"name": "list"}})),
                    with(other.clone(), &json!({"context": {}})),
                ]),
            ),
            AllDecide(&[true, false, true, true]),
        ),
        row(
            "C13",
            MANY,
            json!({"subject": {"type": "user", "id": "ann"}, "action": {"name": "approve"},
            "resource": {"type": "invoice", "id": "9", "properties": {"owner": "ann"}},
            "evaluations": [{}, {"resource": {"type": "invoice", "id": "9"}}, {"resource": {"id": "9"}}]}),
            AllDecide(&[true, false, false]),
        ),
        row("C14 C15", MANY, json!({"evaluations": [reads("1"), reads("2")]}), AllDecide(&[true, false])),
        row("C17", MANY, batch(json!("execute_all"), json!([other, no])), AllDecide(&[true, false])),
        row("C20", MANY, batch(json!("deny_on_first_deny"), json!([other, no, other])), AllDecide(&[true, false])),
        row(
            "C20 error",
            MANY,
            batch(json!("deny_on_first_deny"), json!([other, {}, other])),
            AllDecide(&[true, false]),
        ),
        row(
            "C21",
            MANY,
            batch(json!("permit_on_first_permit"), json!([no, {}, other, no])),
            AllDecide(&[false, false, true]),
        ),
        row("C22", MANY, batch(json!("deny_on_first_deny"), json!([other, other])), AllDecide(&[true, true])),
        row("C22", MANY, batch(json!("permit_on_first_permit"), json!([no, no])), AllDecide(&[false, false])),
        row(
            "C16 C26",
            MANY,
            batch(Value::Null, json!([other, {}, 7, {"resource": 7}, other])),
            AllDecide(&[true, false, false, false, true]),
        ),
        row("7", MANY, batch(json!("some"), json!([other])), Refuses(400)),
        row("C27", MANY, with(batch(Value::Null, json!([other])), &json!({"subject": "ann"})), Refuses(400)),
        row("C27", MANY, batch(Value::Null, json!("all")), Refuses(400)),
        row("C27", MANY, with(batch(Value::Null, json!([other])), &json!({"options": []})), Refuses(400)),
        row("C75", MANY, batch(Value::Null, json!(vec![other.clone(); 1001])), Refuses(400)),
    ];
    for row in rows {
        row.check(&pdp).await;
    }
    let failed = pdp.post("/access/v1/evaluations", &batch(Value::Null, json!([{}]))).await.json();
    assert_eq!(failed["evaluations"][0]["context"]["error"]["status"], 400, "{failed}");
}

async fn what_does_not_fit_is_refused(store: Store) {
    let local = site(store).await;
    let pdp = local.anonymous().basic("pdp", "secret");
    let good = ask(("user", "ann"), "read", ("invoice", "1"));
    for (part, names) in [("subject", &["type", "id"][..]), ("resource", &["type", "id"]), ("action", &["name"])] {
        let mut bodies = vec![with(good.clone(), &json!({part: null})), with(good.clone(), &json!({part: []}))];
        let mut without = good.clone();
        without.as_object_mut().expect("an object").remove(part);
        bodies.push(without);
        for name in names {
            for wrong in [json!(null), json!(7), json!(""), json!({})] {
                let mut body = good.clone();
                body[part][name] = wrong;
                bodies.push(body);
            }
            let mut body = good.clone();
            body[part].as_object_mut().expect("an object").remove(*name);
            bodies.push(body);
        }
        let mut body = good.clone();
        body[part]["properties"] = json!([]);
        bodies.push(body);
        for body in bodies {
            Row { id: "C2 C3", path: "/evaluation", body: body.clone(), answer: Answer::Refuses(400) }
                .check(&pdp)
                .await;
            Row { id: "C10", path: "/evaluations", body, answer: Answer::Refuses(400) }.check(&pdp).await;
        }
    }
    for wrong in [json!({"context": 1}), json!({"context": null})] {
        let body = with(good.clone(), &wrong);
        Row { id: "C63", path: "/evaluation", body, answer: Answer::Refuses(400) }.check(&pdp).await;
    }
    let text = good.to_string();
    let deep = format!(r#"{{"context":{{"a":{}{}}}}}"#, "[".repeat(2000), "]".repeat(2000));
    let twice = text.replacen('{', r#"{"context":{"a":1,"\u0061":2},"#, 1);
    let large = text.replacen('{', r#"{"context":{"a":1e999},"#, 1);
    let surrogate = text.replacen('{', r#"{"context":{"a":"\ud800"},"#, 1);
    for body in ["", "{", "[]", "7", "null", r#""x""#, &deep, &twice, &large, &surrogate] {
        refused(&raw(&pdp, "/evaluation", &[JSON], body.as_bytes()).await, 400, "malformed_json");
    }
    refused(&raw(&pdp, "/evaluation", &[JSON], b"{\"context\":{\"a\":\"\xff\"}}").await, 400, "malformed_json");
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let reply = raw(&pdp, "/evaluation", &[("content-type", kind)], text.as_bytes()).await;
        refused(&reply, 400, "media_type");
    }
    let charset =
        raw(&pdp, "/evaluation", &[("content-type", "application/json; charset=utf-8")], text.as_bytes()).await;
    assert_eq!(charset.json(), json!({"decision": true}));
    let huge = text.replacen('{', &format!(r#"{{"context":{{"a":"{}"}},"#, "x".repeat(2_000_000)), 1);
    refused(&raw(&pdp, "/evaluation", &[JSON], huge.as_bytes()).await, 413, "body_too_large");
    assert_eq!(pdp.get("/access/v1/evaluation").await.status, 405);
    assert_eq!(pdp.post("/access/v1/nothing", &good).await.status, 404);
}

async fn the_request_id_comes_back(store: Store) {
    let local = site(store).await;
    let pdp = local.anonymous().basic("pdp", "secret");
    let good = ask(("user", "ann"), "read", ("invoice", "1")).to_string();
    for (api, body, status) in [(&pdp, good.as_str(), 200), (&pdp, "{}", 400), (&local.anonymous(), &good, 401)] {
        let reply = raw(api, "/evaluation", &[JSON, ("x-request-id", "a b/{c}\"7")], body.as_bytes()).await;
        assert_eq!((reply.status, reply.header("x-request-id")), (status, Some("a b/{c}\"7")), "C66 C67");
    }
    let long = "x".repeat(129);
    let reply = raw(&pdp, "/evaluation", &[JSON, ("x-request-id", &long)], good.as_bytes()).await;
    refused(&reply, 400, "request_id");
}

async fn callers_need_credentials_and_a_grant(store: Store) {
    let local = site(store).await;
    let good = ask(("user", "ann"), "read", ("invoice", "1"));
    for path in ["evaluation", "evaluations", "search/subject", "search/resource", "search/action"] {
        let path = format!("/access/v1/{path}");
        for api in [local.anonymous(), local.anonymous().basic("pdp", "wrong")] {
            let reply = api.post(&path, &good).await;
            assert_eq!(reply.status, 401, "C68 {path}");
            assert!(reply.header("www-authenticate").is_some_and(|text| text.contains("realm=")), "C69 {path}");
            assert!(reply.json().get("decision").is_none(), "C68 {path}");
        }
        refused(&local.anonymous().basic("ann", "secret").post(&path, &good).await, 403, "forbidden");
        assert_eq!(local.admin().post(&path, &good).await.status, 200, "who may read may ask: {path}");
    }
    let pdp = local.anonymous().basic("pdp", "secret");
    let elsewhere = ask(("user", "ann"), "READ", ("ROLE", "staff"));
    refused(&pdp.post("/access/v1/evaluation", &elsewhere).await, 403, "forbidden");
    let both = json!({"evaluations": [good, elsewhere]});
    refused(&pdp.post("/access/v1/evaluations", &both).await, 403, "forbidden");
    refused(&pdp.post("/access/v1/evaluation?explain=true", &good).await, 403, "forbidden");
    let denied = local.audit().await.into_iter().filter(|entry| entry.entity_type == "DECISION");
    let denied: Vec<_> =
        denied.map(|entry| (entry.actor_id.unwrap_or_default(), entry.entity_key, entry.result)).collect();
    assert!(denied.contains(&("pdp".to_owned(), "ROLE".to_owned(), "DENIED".to_owned())), "{denied:?}");
}

async fn the_metadata_says_what_there_is(store: Store) {
    let local = site(store).await;
    let api = local.anonymous();
    let reply = api.get("/.well-known/authzen-configuration/tenant1").await.expect_status(200);
    assert_eq!(reply.header("content-type"), Some("application/json"), "C50");
    assert!(reply.header("cache-control").is_some_and(|text| text.contains("max-age=")), "C76");
    let base = "https://pdp.example.com/tenant1";
    let document = reply.json();
    assert_eq!(document["policy_decision_point"], base, "C50");
    let mut endpoints = 0;
    for (name, url) in document.as_object().expect("an object").iter().filter(|(name, _)| name.ends_with("_endpoint")) {
        let path = url.as_str().and_then(|url| url.strip_prefix(base)).unwrap_or_else(|| panic!("{name}: {url}"));
        assert!(path.starts_with("/access/v1/"), "C1 C59 {name}");
        assert_eq!(local.admin().post(path, &json!({})).await.status, 400, "C12 {name} is served");
        endpoints += 1;
    }
    assert_eq!(endpoints, 5, "C48 C51");
    assert_eq!(api.get("/.well-known/authzen-configuration").await.status, 404, "C49");
    let head = api.request(Method::HEAD, "/.well-known/authzen-configuration/tenant1");
    assert_eq!(api.send(head).await.status, 200);
}
