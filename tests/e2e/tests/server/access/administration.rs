//! Rights that lead to administration are reported by the administrator review, explanations and simulations.

use serde_json::json;

use super::ask;
use crate::support::{Local, Store, created, done, refused};

on_each_store!(the_review_of_administrators_lists_who_can_become_one, a_right_says_that_it_leads_to_administration);

/// Starts a server on which `ann` may update the group `ops`, which may update the role `admin`. `ben` may update
/// `demo`, and `cid` may update a role without access.
async fn site(store: Store) -> Local {
    let local = Local::start(store).await;
    let api = local.admin();
    for name in ["ann", "ben", "cid"] {
        local.user(name).await;
    }
    created(api.post("/v2/groups", &json!({"groupId": "ops", "name": "Ops"})).await);
    created(api.post("/v2/roles", &json!({"roleId": "guests", "name": "Guests"})).await);
    let on_admin = json!({"ownerType": "GROUP", "ownerId": "ops", "resourceType": "ROLE", "resourceId": "admin",
        "permissionTypes": ["UPDATE"]});
    created(api.post("/v2/authorizations", &on_admin).await);
    local.allow("ann", "GROUP", "ops", &["READ", "UPDATE"]).await;
    local.allow("ben", "USER", "demo", &["UPDATE"]).await;
    local.allow("cid", "ROLE", "guests", &["UPDATE"]).await;
    local
}

async fn the_review_of_administrators_lists_who_can_become_one(store: Store) {
    let local = site(store).await;
    let api = local.admin();
    let review = api.get("/access/v1/review/administrators").await.expect_status(200).json();
    let lines: Vec<(u64, &str)> = review["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (line["requests"].as_u64().expect("requests"), line["path"].as_str().expect("a path")))
        .collect();
    assert_eq!(
        lines,
        [
            (0, "user demo > role admin"),
            (0, "user demo > role admin"),
            (1, "user ben > USER:UPDATE on demo > role admin"),
            (2, "user ann > GROUP:UPDATE on ops > ROLE:UPDATE on admin"),
        ]
    );
    let csv = api.get("/access/v1/review/administrators?format=csv").await.expect_status(200).text;
    assert!(csv.contains(r#""user ann > GROUP:UPDATE on ops > ROLE:UPDATE on admin","2""#), "{csv}");

    let rights = api.get("/access/v1/review/rights").await.expect_status(200).json();
    let rights: Vec<String> = rights["authorizations"]
        .as_array()
        .expect("authorizations")
        .iter()
        .filter(|right| right["ownerId"] != "admin")
        .map(|right| {
            format!("{} {}", right["ownerId"].as_str().unwrap_or_default(), right["administration"]["requests"])
        })
        .collect();
    assert_eq!(rights, ["ops 1", "ann 2", "ben 1"]);

    // The requests confirm the review.
    let ann = local.anonymous().basic("ann", "secret");
    done(ann.put("/v2/groups/ops/users/ann", &json!({})).await);
    done(ann.put("/v2/roles/admin/users/ann", &json!({})).await);
    assert_eq!(ann.get("/api/roles").await.status, 200);
    let ben = local.anonymous().basic("ben", "secret");
    refused(&ben.get("/access/v1/review/rights").await, 403, "forbidden");
}

async fn a_right_says_that_it_leads_to_administration(store: Store) {
    let local = site(store).await;
    let api = local.admin();
    let right = async |kind: &str, id: &str, action: &str| {
        let path = format!("/access/v1/review/right?type={kind}&id={id}&action={action}");
        api.get(&path).await.expect_status(200).json()["administration"].clone()
    };
    for (kind, id, action, requests) in [
        ("api", "camunda-identity-resource-server", "write", 0),
        ("AUTHORIZATION", "*", "CREATE", 0),
        ("AUTHORIZATION", "*", "UPDATE", 1),
        ("USER", "*", "UPDATE", 1),
        ("ROLE", "admin", "UPDATE", 1),
        ("GROUP", "ops", "UPDATE", 2),
    ] {
        assert_eq!(right(kind, id, action).await["requests"], requests, "{kind} {id} {action}");
    }
    for (kind, id, action) in [("ROLE", "guests", "UPDATE"), ("ROLE", "admin", "READ"), ("TENANT", "*", "UPDATE")] {
        assert!(right(kind, id, action).await.is_null(), "{kind} {id} {action}");
    }

    let question = ask(("user", "ann"), "UPDATE", ("GROUP", "ops"));
    let explained = api.post("/access/v1/explain", &question).await.expect_status(200).json();
    assert_eq!(explained["decision"], true);
    assert_eq!(explained["administration"]["path"], "GROUP:UPDATE on ops > ROLE:UPDATE on admin");
    let harmless = api.post("/access/v1/explain", &ask(("user", "ann"), "READ", ("GROUP", "ops"))).await.json();
    assert_eq!(harmless.get("administration"), None);
    let who = api.get("/access/v1/review/resource?type=ROLE&id=admin&action=UPDATE").await.expect_status(200).json();
    assert_eq!(who["administration"]["steps"][0]["means"], "ASSIGN_ROLE");

    let grant = json!({"createAuthorization": {"ownerType": "USER", "ownerId": "cid", "resourceType": "GROUP",
        "resourceId": "ops", "permissions": ["UPDATE"]}});
    let tried = api.post("/access/v1/simulate", &json!({"changes": [grant]})).await.expect_status(200).json();
    let gained = &tried["administrators"]["gained"];
    assert_eq!((&gained[0]["partyId"], &gained[0]["administration"]["requests"]), (&json!("cid"), &json!(2)));
    let gone = api.post("/access/v1/simulate", &json!({"changes": [{"deleteGroup": "ops"}]})).await.json();
    assert_eq!(gone["administrators"]["lost"], json!([{"partyType": "USER", "partyId": "ann"}]));
    assert_eq!(gone["deletedAuthorizations"], 2, "the group's own, and the one on it");
}
