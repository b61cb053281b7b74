//! Reviews mark confusable names.

use serde_json::json;

use crate::support::{Local, Store, created, done, refused};

on_each_store!(reviews_mark_names_that_differ_only_in_what_is_hard_to_see);

async fn reviews_mark_names_that_differ_only_in_what_is_hard_to_see(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    for name in ["Clerk", "clerk", "cl.erk", "\u{441}lerk", "librarian"] {
        created(api.post("/api/roles", &json!({"name": name})).await);
    }
    let (ann, _other) = (local.user("ann").await, local.user("Ann").await);
    done(api.put("/v2/roles/admin/users/ann", &json!({})).await);

    let all = api.get("/access/v1/review/look-alikes").await.expect_status(200).json();
    let users = json!({"type": "USER", "ids": ["Ann", "ann"]});
    let roles = json!({"type": "ROLE", "ids": ["Clerk", "cl.erk", "clerk", "\u{441}lerk"]});
    assert_eq!(all, json!({"sets": [users, roles], "more": false}));
    let of_roles = api.get("/access/v1/review/look-alikes?type=ROLE").await.json();
    assert_eq!(of_roles["sets"], json!([roles]));
    let first = api.get("/access/v1/review/look-alikes?limit=1").await.json();
    assert_eq!((&first["sets"], &first["more"]), (&json!([users]), &json!(true)));

    let review = api.get("/access/v1/review/administrators").await.expect_status(200).json();
    let line = review["lines"].as_array().into_iter().flatten().find(|line| line["partyId"] == "ann").expect("a line");
    assert_eq!(line["similarTo"], json!(["Ann"]));
    let csv = api.get("/access/v1/review/subject?type=user&id=ann&format=csv").await.expect_status(200).text;
    assert!(csv.lines().nth(1).is_some_and(|line| line.ends_with("\"Ann\",\"\",\"user ann\"")), "{csv}");
    assert_eq!(ann.get("/access/v1/review/look-alikes?type=PLANET").await.status, 400);
    refused(&local.user("eve").await.get("/access/v1/review/look-alikes").await, 403, "forbidden");
}
