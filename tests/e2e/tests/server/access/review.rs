//! Reviews as JSON and CSV.

use serde_json::json;

use super::{ask, site};
use crate::support::{Store, refused};

on_each_store!(reviews_show_every_path, callers_ask_no_faster_than_they_may);

async fn reviews_show_every_path(store: Store) {
    let local = site(store).await;
    let api = local.admin();
    let paths = async |path: &str| -> Vec<String> {
        let review = api.get(path).await.expect_status(200).json();
        assert_eq!(review["more"], false);
        review["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| line["path"].as_str().expect("a path").to_owned())
            .collect()
    };
    let who = paths("/access/v1/review/resource?type=invoice&id=7&action=list").await;
    assert_eq!(who, ["user bob > role staff", "user ann > group people > role staff"]);
    let what = paths("/access/v1/review/subject?type=user&id=ann").await;
    assert_eq!(what.len(), 4, "her own, her group's, her role's, herself: {what:?}");
    let admins = paths("/access/v1/review/administrators").await;
    assert_eq!(admins, ["user demo > role admin"; 2], "by permission and by authorization");

    let approve = api.get("/access/v1/review/resource?type=invoice&id=7&action=approve").await.json();
    assert_eq!(
        approve["lines"][0]["condition"],
        json!([{"property": "resource.owner", "operator": "CONTAINS_CALLER"}])
    );
    let reply =
        api.get("/access/v1/review/resource?type=invoice&id=7&action=list&format=csv&limit=1").await.expect_status(200);
    assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    assert_eq!(reply.header("x-identity-more"), Some("true"));
    let lines: Vec<&str> = reply.text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "partyType,partyId,resourceType,resourceId,permissions,condition,authorizationKey,path,requests,similarTo,\
         partyName,pathInNames"
    );
    assert!(lines[1].starts_with(r#""USER","bob","invoice","*","list","","#), "{}", lines[1]);
    assert_eq!(lines.len(), 3);

    refused(&api.get("/access/v1/review/subject?type=token&id=x").await, 400, "invalid");
    refused(&api.get("/access/v1/review/subject?type=user").await, 400, "query");
    let pdp = local.anonymous().basic("pdp", "secret");
    assert_eq!(pdp.get("/access/v1/review/resource?type=invoice&id=7&action=list").await.status, 200);
    refused(&pdp.get("/access/v1/review/administrators").await, 403, "forbidden");
    refused(&pdp.get("/access/v1/review/subject?type=user&id=ann").await, 403, "forbidden");
}

async fn callers_ask_no_faster_than_they_may(store: Store) {
    let mut local = site(store).await;
    local.server.terminate().await;
    local.launch = local.launch.clone().env("IDENTITY_ACCESS_QUESTIONS_PER_SECOND", "2");
    local.server = local.launch.start().await;
    let question = ask(("user", "ann"), "list", ("invoice", "7"));
    let many = json!({"evaluations": vec![question.clone(); 1000]});
    let (pdp, admin) = (local.anonymous().basic("pdp", "secret"), local.admin());
    assert_eq!(pdp.post("/access/v1/evaluations", &many).await.status, 200, "a whole second's");
    let reply = pdp.post("/access/v1/evaluations", &many).await;
    refused(&reply, 429, "too_often");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(admin.post("/access/v1/evaluation", &question).await.status, 200, "others are not held up");
}
