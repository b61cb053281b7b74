//! Inspection of a token, of recent callers' tokens, and of hypothetical claims.

use serde_json::{Value, json};

use super::ask;
use crate::support::{AUDIENCE, ROOT, Site, Store, created, done, refused};

on_each_store!(
    a_token_is_looked_through,
    recent_callers_are_known_by_names_unless_more_is_wanted,
    a_change_is_tried_before_it_is_made,
    names_that_differ_only_by_case_are_told_and_can_be_folded,
);

fn step<'v>(inspected: &'v Value, check: &str) -> &'v Value {
    let steps = inspected["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["check"] == check).unwrap_or_else(|| panic!("no {check}: {inspected}"))
}

async fn a_token_is_looked_through(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    site.give("ann", &["readonly-admin"]).await;
    let inspect = async |body: Value| api.post("/access/v1/inspect", &body).await.expect_status(200).json();

    let good =
        inspect(json!({"token": site.forge.token(&json!({"sub": "ann", "client": "portal", "dept": "it"}))})).await;
    assert!(good["steps"].as_array().is_some_and(|steps| steps.iter().all(|step| step["passed"] == true)), "{good}");
    assert_eq!((&good["subject"]["type"], &good["subject"]["id"]), (&json!("CLIENT"), &json!("portal")));
    let why = step(&good, "principal")["detail"].as_str().expect("a reason");
    assert!(why.contains("both `client` and `sub`"), "{why}");
    let first = &good["rules"][0];
    assert_eq!((&first["matches"], &first["claimName"], &first["saw"]), (&json!(true), &json!("sub"), &json!(["ann"])));
    assert_eq!(good["subject"]["roles"], json!(["readonly-admin"]));

    let bad = json!({"sub": "ann", "aud": ["another"], "exp": 5});
    let token = site.forge.signed(&json!({"kid": "other"}), &site.forge.claims(&bad));
    let bad = inspect(json!({"token": format!("Bearer {token}")})).await;
    for (check, passed, reason) in [
        ("form", json!(true), None),
        ("issuer", json!(true), None),
        ("key", json!(false), Some("token_unknown_key")),
        ("signature", json!(null), None),
        ("audience", json!(false), Some("token_audience")),
        ("times", json!(false), Some("token_expired")),
        ("principal", json!(true), None),
    ] {
        let step = step(&bad, check);
        assert_eq!((&step["passed"], step["reason"].as_str()), (&passed, reason), "{check}");
    }
    assert_eq!(step(&bad, "audience")["saw"], json!(["another"]));
    assert_eq!(step(&bad, "audience")["wanted"], json!([AUDIENCE]));
    assert_eq!(step(&inspect(json!({"token": "a.b"})).await, "form")["reason"], "token_malformed");

    let claims = inspect(json!({"claims": {"sub": "ann", "dept": "it"}})).await;
    assert_eq!(claims["subject"]["roles"], json!(["readonly-admin"]));
    assert_eq!(step(&claims, "audience")["passed"], false);

    refused(&api.post("/access/v1/inspect", &json!({"token": token, "claims": {}})).await, 400, "invalid");
    refused(&site.user("eve").post("/access/v1/inspect", &json!({"token": token})).await, 403, "forbidden");
    assert!(!site.server.output().contains(&token), "a token is in the log");
}

async fn recent_callers_are_known_by_names_unless_more_is_wanted(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let ann = site.anonymous().bearer(site.forge.token(&json!({"sub": "ann", "dept": "secret-dept"})));
    assert_eq!(ann.get("/api/me").await.status, 200);
    let recent = api.get("/access/v1/recent-callers?limit=10").await.expect_status(200);
    assert!(!recent.text.contains("secret-dept"), "{}", recent.text);
    let recent = recent.json();
    let of_ann = recent.as_array().expect("a list").iter().find(|one| one["subject"]["id"] == "ann").expect("ann");
    assert_eq!(of_ann["claimNames"], json!(["aud", "dept", "exp", "iat", "iss", "sub"]));
    assert_eq!((of_ann["claims"].get("dept"), &of_ann["matched"]), (None, &json!([])), "no rule reads the claim");
    refused(&ann.get("/access/v1/recent-callers").await, 403, "forbidden");
    refused(&api.get("/access/v1/recent-callers?limit=0").await, 400, "invalid");

    let rule = json!({"changes": [{"createMappingRule": {"id": "dept", "claimName": "dept", "claimValue": "secret-dept"}},
        {"addMember": {"containerType": "ROLE", "containerId": "rpa", "memberType": "MAPPING_RULE", "memberId": "dept"}}],
        "recentCallers": 10});
    let tried = api.post("/access/v1/simulate", &rule).await.expect_status(200).json();
    assert_eq!(tried["recentCallers"], json!({"lookedAt": 2, "changed": [], "moreChanged": false, "unknown": 1}));

    site.server.terminate().await;
    let server = site.launch.clone().env("IDENTITY_ACCESS_KEEP_CLAIMS", "true").start().await;
    let (api, ann) = (
        server.http().bearer(site.forge.token(&json!({"sub": ROOT}))),
        server.http().bearer(site.forge.token(&json!({"sub": "ann", "dept": "secret-dept"}))),
    );
    assert_eq!(ann.get("/api/me").await.status, 200);
    let recent = api.get("/access/v1/recent-callers").await.json();
    assert_eq!(recent[1]["claims"]["dept"], "secret-dept", "{recent}");
    let tried = api.post("/access/v1/simulate", &rule).await.expect_status(200).json();
    let changed = &tried["recentCallers"]["changed"];
    assert_eq!((changed[0]["id"].as_str(), changed.as_array().map(Vec::len)), (Some("ann"), Some(1)), "{tried}");
    assert!(changed[0]["gained"].to_string().contains("\"rpa\""), "{tried}");
}

async fn a_change_is_tried_before_it_is_made(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    created(api.post("/v2/roles", &json!({"roleId": "staff", "name": "Staff"})).await);
    created(api.post("/v2/groups", &json!({"groupId": "people", "name": "People"})).await);
    done(api.put("/v2/groups/people/users/ann", &json!({})).await);
    let changes = json!([
        {"addMember": {"containerType": "ROLE", "containerId": "staff", "memberType": "GROUP", "memberId": "people"}},
        {"createAuthorization": {"ownerType": "ROLE", "ownerId": "staff", "resourceType": "PROCESS_DEFINITION",
            "resourceId": "order", "permissions": ["READ_PROCESS_INSTANCE"]}}]);
    let question = ask(("user", "ann"), "READ_PROCESS_INSTANCE", ("PROCESS_DEFINITION", "order"));
    let body = json!({"changes": changes, "question": question});
    let before = api.get("/api/roles").await.header("x-identity-revision").map(str::to_owned);
    let tried = api.post("/access/v1/simulate", &body).await.expect_status(200).json();
    assert_eq!(
        (&tried["question"]["before"]["decision"], &tried["question"]["after"]["decision"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(tried["subject"]["lost"], json!([]));
    assert_eq!(tried["subject"]["gained"].as_array().map(Vec::len), Some(2), "{tried}");
    assert_eq!(tried["effects"][0]["party"], json!({"type": "USER", "id": "ann"}), "{tried}");
    let after = api.get("/api/roles").await.header("x-identity-revision").map(str::to_owned);
    assert_eq!(before, after, "nothing was written");
    assert_eq!(api.post("/access/v1/evaluation", &question).await.json()["decision"], false);

    for (change, status, reason) in [
        (json!({"deleteRole": "nowhere"}), 404, "missing"),
        (json!({"deleteRole": "admin"}), 403, "protected"),
        (json!({"createRole": {"id": "staff"}}), 409, "exists"),
        (json!({"fold": 1}), 400, "invalid"),
        (json!({"deleteGroup": ""}), 400, "invalid"),
    ] {
        refused(&api.post("/access/v1/simulate", &json!({"changes": [change]})).await, status, reason);
    }
    refused(&site.user("eve").post("/access/v1/simulate", &body).await, 403, "forbidden");
}

async fn names_that_differ_only_by_case_are_told_and_can_be_folded(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    created(api.post("/v2/roles", &json!({"roleId": "staff", "name": "Staff"})).await);
    done(api.put("/v2/roles/staff/users/ann@example.com", &json!({})).await);
    let token = site.forge.token(&json!({"sub": "Ann@Example.com"}));
    let seen = api.post("/access/v1/inspect", &json!({"token": token})).await.expect_status(200).json();
    let variant = json!({"type": "USER", "claimed": "Ann@Example.com", "stored": "ann@example.com"});
    assert_eq!(seen["caseVariants"], json!([variant]), "{seen}");
    let same = json!({"token": site.forge.token(&json!({"sub": "ann@example.com"}))});
    assert!(api.post("/access/v1/inspect", &same).await.json().get("caseVariants").is_none());
    let roles = async |server: &identity_testkit::Server| {
        server.http().bearer(&token).get("/v2/authentication/me").await.expect_status(200).json()["roles"].clone()
    };
    assert_eq!(roles(&site.server).await, json!([]));

    site.server.terminate().await;
    let lower = "IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_USERNAME_CASE";
    let server = site.launch.clone().env(lower, "lower").start().await;
    assert_eq!(roles(&server).await, json!(["staff"]));
}
