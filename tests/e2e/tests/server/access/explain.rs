//! Explanations for callers with the required permission, and lookup of this service's own denials.

use serde_json::json;

use super::{ask, site};
use crate::support::{Store, created, done, refused};

on_each_store!(a_question_is_explained, a_refusal_is_opened_by_its_reason_id);

async fn a_question_is_explained(store: Store) {
    let local = site(store).await;
    let api = local.admin();
    let yes = api.post("/access/v1/explain", &ask(("user", "ann"), "list", ("invoice", "7"))).await.expect_status(200);
    assert!(yes.header("x-identity-revision").is_some());
    let yes = yes.json();
    assert_eq!((&yes["decision"], &yes["subject"]["groups"]), (&json!(true), &json!(["people"])));
    let steps = yes["explanation"]["because"].as_array().expect("steps");
    let kinds: Vec<_> = steps.iter().map(|step| step["step"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["PRINCIPAL", "MEMBER", "MEMBER", "AUTHORIZATION"]);
    assert_eq!((&steps[1]["name"], &steps[2]["name"]), (&json!("People"), &json!("Staff")));

    let no = api.post("/access/v1/explain", &ask(("user", "pdp"), "list", ("invoice", "7"))).await.json();
    assert_eq!(no["decision"], false);
    assert!(no["explanation"]["because"].as_array().is_some_and(|misses| !misses.is_empty()), "{no}");
    let nothing = api.post("/access/v1/explain", &ask(("user", "ann"), "fold", ("invoice", "7"))).await.json();
    assert_eq!((&nothing["reason"], nothing.get("explanation")), (&json!("no_such_access"), None));

    let with_why =
        api.post("/access/v1/evaluation?explain=true", &ask(("user", "ann"), "list", ("invoice", "7"))).await.json();
    assert_eq!(with_why["context"]["explanation"], yes["explanation"]);
    let bare = api.post("/access/v1/evaluation?explain", &ask(("user", "ann"), "list", ("invoice", "7"))).await.json();
    assert_eq!(bare, with_why);
    let pdp = local.anonymous().basic("pdp", "secret");
    refused(&pdp.post("/access/v1/explain", &ask(("user", "ann"), "list", ("invoice", "7"))).await, 403, "forbidden");
}

async fn a_refusal_is_opened_by_its_reason_id(store: Store) {
    let local = site(store).await;
    let ann = local.anonymous().basic("ann", "secret");
    let reply = ann.post("/api/groups", &json!({"name": "Mine"})).await;
    let problem = refused(&reply, 403, "forbidden");
    let id = problem["reasonId"].as_str().expect("a reason id").to_owned();
    assert_eq!(reply.header("x-identity-reason-id"), Some(&*id));
    assert_eq!(problem["detail"], "The caller lacks permission `write` of `camunda-identity-resource-server`.");

    let path = format!("/access/v1/denials/{id}");
    refused(&ann.get(&path).await, 403, "forbidden");
    let opened = local.admin().get(&path).await.expect_status(200).json();
    assert_eq!(opened["subject"], json!({"type": "USER", "id": "ann"}));
    assert_eq!((&opened["asItWas"], &opened["reasonId"]), (&json!(true), &json!(id)));
    assert_eq!(opened["requestId"].as_str(), reply.header("x-request-id"));
    assert_eq!(opened["explanation"]["decision"], "DENY");

    // Problem bodies of the Orchestration Cluster API have no additional members; the header carries the reason ID.
    let cluster = ann.post("/v2/roles", &json!({"roleId": "mine", "name": "Mine"})).await.expect_status(403);
    assert!(cluster.json().get("reasonId").is_none());
    let other = cluster.header("x-identity-reason-id").expect("a reason id").to_owned();
    let denied = created_denial(&local, &other).await;
    assert!(denied["question"].as_str().is_some_and(|text| text.starts_with("CREATE on all resources")), "{denied}");

    // A server that did not record the denial explains the current decision instead.
    local.server.terminate().await;
    let again = local.launch.start().await;
    let api = again.http().basic("demo", "demo");
    for (id, words) in [(&id, "permission `write`"), (&other, "CREATE on all resources")] {
        let opened = api.get(&format!("/access/v1/denials/{id}")).await.expect_status(200).json();
        assert_eq!(opened["asItWas"], false);
        assert!(opened["question"].as_str().is_some_and(|text| text.starts_with(words)), "{opened}");
        assert_eq!(opened["explanation"]["decision"], "DENY", "{opened}");
    }
    done(api.put("/v2/roles/admin/users/ann", &json!({})).await);
    let now = api.get(&path).await.json();
    assert_eq!(now["explanation"]["decision"], "ALLOW", "{now}");
    refused(&api.get("/access/v1/denials/999999").await, 404, "missing");
    refused(&api.get("/access/v1/denials/1").await, 404, "missing");
    refused(&api.get("/access/v1/denials/x").await, 400, "invalid");
    created(api.post("/api/groups", &json!({"name": "Fine"})).await);
}

async fn created_denial(local: &crate::support::Local, id: &str) -> serde_json::Value {
    local.admin().get(&format!("/access/v1/denials/{id}")).await.expect_status(200).json()
}
