//! Checklist of the AuthZEN Authorization API 1.0 (docs/reference/authzen.md §B): searches.

use std::collections::BTreeSet;

use identity_testkit::Api;
use serde_json::{Value, json};

use super::table::{Answer, Row, found};
use super::{ask, grant, site};
use crate::support::{Store, refused};

on_each_store!(searches_find_what_evaluations_allow, pages_lead_through_all_once_and_belong_to_their_request);

fn without(mut body: Value, part: &str, name: &str) -> Value {
    body[part].as_object_mut().expect("an object").remove(name);
    body
}

fn without_part(mut body: Value, part: &str) -> Value {
    body.as_object_mut().expect("an object").remove(part);
    body
}

async fn searches_find_what_evaluations_allow(store: Store) {
    use Answer::{Finds, Refuses};
    const SUBJECTS: &str = "/search/subject";
    const RESOURCES: &str = "/search/resource";
    const ACTIONS: &str = "/search/action";
    let local = site(store).await;
    let pdp = local.anonymous().basic("pdp", "secret");
    let lists = ask(("user", "x"), "list", ("invoice", "5"));
    let reads = ask(("user", "ann"), "read", ("invoice", "1"));
    let anns = json!({"owner": "ann"});
    let mut approves = ask(("user", "x"), "approve", ("invoice", "5"));
    approves["resource"]["properties"] = anns.clone();
    let mut tries = ask(("user", "ann"), "x", ("invoice", "1"));
    tries["resource"]["properties"] = anns;
    let row = |id, path, body, answer| Row { id, path, body, answer };
    let rows = [
        row("C29 C30", SUBJECTS, lists.clone(), Finds(&["ann", "bob"])),
        row("C30", SUBJECTS, without(lists.clone(), "subject", "id"), Finds(&["ann", "bob"])),
        row("C28", SUBJECTS, reads.clone(), Finds(&["ann"])),
        row("C28 conditions", SUBJECTS, approves, Finds(&["ann"])),
        row("C28 conditions", SUBJECTS, ask(("user", "x"), "approve", ("invoice", "5")), Finds(&[])),
        row("C37", SUBJECTS, ask(("client", "x"), "list", ("invoice", "5")), Finds(&[])),
        row("C36", SUBJECTS, ask(("robot", "x"), "list", ("invoice", "5")), Finds(&[])),
        row("C36", SUBJECTS, ask(("user", "x"), "fold", ("invoice", "5")), Finds(&[])),
        row("C36", SUBJECTS, ask(("user", "x"), "list", ("nothing", "5")), Finds(&[])),
        row("C31", RESOURCES, reads.clone(), Finds(&["1"])),
        row("C31", RESOURCES, without(reads.clone(), "resource", "id"), Finds(&["1"])),
        row("C31", RESOURCES, ask(("user", "bob"), "list", ("invoice", "x")), Finds(&["*", "1"])),
        row("C36", RESOURCES, ask(("user", "nobody"), "read", ("invoice", "x")), Finds(&[])),
        row("C36", RESOURCES, ask(("user", "ann"), "read", ("nothing", "x")), Finds(&[])),
        row("C34", ACTIONS, without_part(reads.clone(), "action"), Finds(&["list", "read"])),
        row("C35", ACTIONS, reads.clone(), Finds(&["list", "read"])),
        row("C28 conditions", ACTIONS, tries, Finds(&["approve", "list", "read"])),
        row("C36", ACTIONS, ask(("user", "ann"), "x", ("nothing", "1")), Finds(&[])),
        row("C33", SUBJECTS, without(lists.clone(), "subject", "type"), Refuses(400)),
        row("C33", SUBJECTS, without_part(lists.clone(), "subject"), Refuses(400)),
        row("C33", SUBJECTS, without_part(lists.clone(), "action"), Refuses(400)),
        row("C33", SUBJECTS, without(lists.clone(), "resource", "id"), Refuses(400)),
        row("C33", RESOURCES, without(reads.clone(), "resource", "type"), Refuses(400)),
        row("C33", RESOURCES, without_part(reads.clone(), "action"), Refuses(400)),
        row("C33", RESOURCES, without(reads.clone(), "subject", "id"), Refuses(400)),
        row("C34", ACTIONS, without(reads.clone(), "subject", "id"), Refuses(400)),
        row("C34", ACTIONS, without(reads.clone(), "resource", "type"), Refuses(400)),
        row("C34", ACTIONS, without_part(reads, "resource"), Refuses(400)),
    ];
    for row in rows {
        row.check(&pdp).await;
    }
    let text = pdp.post("/access/v1/search/subject", &lists).await.text;
    assert!(text.starts_with(r#"{"page":{"#), "C38 {text}");
    assert!(text.contains(r#""next_token":"""#), "C40 C41 {text}");
}

/// Returns all pages of a search, each with at most `limit` results.
async fn pages(api: &Api, path: &str, body: &Value, limit: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut body = body.clone();
    body["page"] = json!({"limit": limit});
    loop {
        let answer = api.post(path, &body).await.expect_status(200).json();
        let found = found(&answer);
        assert!(found.len() <= limit, "C42");
        assert_eq!(answer["page"]["count"], found.len(), "C43");
        pages.push(found);
        match answer["page"]["next_token"].as_str() {
            Some("") => return pages,
            Some(token) => body["page"]["token"] = json!(token),
            None => panic!("C41 {answer}"),
        }
    }
}

async fn pages_lead_through_all_once_and_belong_to_their_request(store: Store) {
    let local = site(store).await;
    let pdp = local.anonymous().basic("pdp", "secret");
    let names: BTreeSet<String> = (0..7).map(|n| format!("u{n}")).collect();
    for name in &names {
        grant_user(&local, name).await;
    }
    const PATH: &str = "/access/v1/search/subject";
    let body = ask(("user", "x"), "read", ("invoice", "paged"));
    for limit in [1, 3, 7, 8] {
        let pages = pages(&pdp, PATH, &body, limit).await;
        assert_eq!(pages.len(), names.len().div_ceil(limit), "C39 C40");
        assert_eq!(pages.into_iter().flatten().collect::<Vec<_>>(), names.iter().cloned().collect::<Vec<_>>(), "C44");
    }
    let resources = pages(&pdp, "/access/v1/search/resource", &ask(("user", "ann"), "list", ("invoice", "x")), 1).await;
    assert_eq!(resources.concat(), ["*", "1", "paged"]);

    let mut first = body.clone();
    first["page"] = json!({"limit": 2});
    let answer = pdp.post(PATH, &first).await.json();
    let token = answer["page"]["next_token"].as_str().expect("a token");
    let follow = |page: Value, change: Value| {
        let mut follow = body.clone();
        follow["page"] = page;
        for (name, value) in change.as_object().expect("an object") {
            follow[name] = value.clone();
        }
        follow
    };
    let same = pdp.post(PATH, &follow(json!({"token": token}), json!({}))).await.json();
    assert_eq!(found(&same), ["u2", "u3"], "9: a limit that is left out is the same");
    let other_id = json!({"subject": {"type": "user", "id": "another"}});
    assert_eq!(pdp.post(PATH, &follow(json!({"token": token}), other_id)).await.status, 200, "C30");
    for (page, change) in [
        (json!({"token": token, "limit": 3}), json!({})),
        (json!({"token": token, "properties": {"sort": "up"}}), json!({})),
        (json!({"token": token}), json!({"context": {"a": 1}})),
        (json!({"token": token}), json!({"action": {"name": "list"}})),
        (json!({"token": token}), json!({"resource": {"type": "invoice", "id": "1"}})),
        (json!({"token": ""}), json!({})),
        (json!({"token": "bm9uc2Vuc2U"}), json!({})),
        (json!({"token": 7}), json!({})),
        (json!({"limit": 0}), json!({})),
        (json!({"limit": -1}), json!({})),
        (json!({"limit": 1.5}), json!({})),
        (json!({"limit": "2"}), json!({})),
        (json!([]), json!({})),
        (json!({"properties": 1}), json!({})),
    ] {
        let body = follow(page, change);
        refused(&pdp.post(PATH, &body).await, 400, "invalid");
    }
    let elsewhere = pdp.post("/access/v1/search/action", &follow(json!({"token": token}), json!({}))).await;
    refused(&elsewhere, 400, "invalid");
}

async fn grant_user(local: &crate::support::Local, name: &str) {
    local.user(name).await;
    grant(local, ("USER", name), ("invoice", "paged"), "read", Value::Null).await;
}
