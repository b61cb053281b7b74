//! Local users.

use reqwest::Method;
use serde_json::{Value, json};

use super::{found, refused, search};
use crate::support::{Local, done, shows};

#[tokio::test]
async fn a_user_is_created_shown_changed_and_deleted() {
    let local = Local::shared().await;
    let api = local.admin();
    let body = json!({"username": "crud", "password": "first", "name": "Crud", "email": "crud@example.org"});
    let shown = json!({"username": "crud", "name": "Crud", "email": "crud@example.org"});
    refused(&api.get("/v2/users/crud").await, 404, "NOT_FOUND");
    assert_eq!(api.post("/v2/users", &body).await.expect_status(201).json(), shown);
    refused(&api.post("/v2/users", &body).await, 409, "ALREADY_EXISTS");
    shows(api.get("/v2/users/crud").await, &shown);
    let (items, _) = found(api.post("/v2/users/search", &json!({"filter": {"username": "crud"}})).await);
    assert_eq!(items, [shown], "the password is shown to nobody");

    // An omitted name is cleared. An omitted or blank password is kept.
    let blank = json!({"username": "crud", "name": "", "email": ""});
    for change in [json!({}), json!({"password": ""}), json!({"password": null, "name": null, "email": " "})] {
        shows(api.put("/v2/users/crud", &change).await, &blank);
        shows(local.anonymous().basic("crud", "first").get("/v2/users/crud").await, &blank);
    }
    assert_eq!(api.put("/v2/users/crud", &json!({"password": "second", "name": "New"})).await.status, 200);
    refused(&local.anonymous().basic("crud", "first").get("/v2/users/crud").await, 401, "Unauthorized");
    assert_eq!(local.anonymous().basic("crud", "second").get("/v2/users/crud").await.status, 200);

    done(api.delete("/v2/users/crud").await);
    refused(&api.delete("/v2/users/crud").await, 404, "NOT_FOUND");
    refused(&api.put("/v2/users/crud", &json!({})).await, 404, "NOT_FOUND");
    refused(&local.anonymous().basic("crud", "second").get("/v2/topology").await, 401, "Unauthorized");
}

#[tokio::test]
async fn a_user_may_see_themselves_by_an_authorization_of_their_own() {
    let local = Local::shared().await;
    local.user("self").await;
    local.allow("self", "GROUP", "*", &["READ"]).await;
    let body = json!({"filter": {"ownerId": "self"}, "sort": [{"field": "resourceType", "order": "DESC"}]});
    let (items, total) = found(local.admin().post("/v2/authorizations/search", &body).await);
    assert_eq!(total, 2);
    let expected = json!({"authorizationKey": items[0]["authorizationKey"], "ownerId": "self", "ownerType": "USER",
        "resourceType": "USER", "resourceId": "self", "resourcePropertyName": null, "permissionTypes": ["READ"]});
    assert_eq!(items[0], expected);

    // The user's authorizations are deleted with the user.
    done(local.admin().delete("/v2/users/self").await);
    assert_eq!(found(local.admin().post("/v2/authorizations/search", &body).await).1, 0);
}

#[tokio::test]
async fn an_email_is_an_address_and_need_not_be_unique() {
    let local = Local::shared().await;
    let api = local.admin();
    for name in ["mail.1", "mail.2"] {
        let body = json!({"username": name, "password": "p", "email": "both@example.org"});
        assert_eq!(api.post("/v2/users", &body).await.status, 201);
    }
    let both = json!({"filter": {"email": "both@example.org"}});
    assert_eq!(search(&api, "/v2/users/search", both, "username").await, ["mail.1", "mail.2"]);
    for email in ["nobody", "a@", "@b", "a b@example.org"] {
        let body = json!({"username": "mail.3", "password": "p", "email": email});
        let detail = refused(&api.post("/v2/users", &body).await, 400, "INVALID_ARGUMENT");
        assert!(detail.contains("email"), "{detail}");
        refused(&api.put("/v2/users/mail.1", &json!({"email": email})).await, 400, "INVALID_ARGUMENT");
    }
    refused(&api.get("/v2/users/mail.3").await, 404, "NOT_FOUND");
    assert_eq!(api.get("/v2/users/mail.1").await.json()["email"], "both@example.org");
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_not_stored() {
    let local = Local::shared().await;
    let api = local.admin();
    let cases: Vec<(Value, &str, &[&str])> = vec![
        (json!({}), "INVALID_ARGUMENT", &["username", "password"]),
        (json!({"username": "bad", "password": ""}), "INVALID_ARGUMENT", &["password"]),
        (json!({"username": "bad", "password": "  "}), "INVALID_ARGUMENT", &["password"]),
        (json!({"username": " ", "password": "p"}), "INVALID_ARGUMENT", &["username"]),
        (json!({"username": "b/d", "password": "p"}), "INVALID_ARGUMENT", &["username"]),
        (json!({"username": "bad", "password": null}), "Bad Request", &["password"]),
        (json!({"username": "bad", "password": 1}), "Bad Request", &["password"]),
        (json!({"username": "bad", "password": "p", "name": 1}), "Bad Request", &["name"]),
        (json!({"username": "bad", "password": "p", "roles": []}), "Bad Request", &["roles"]),
        (
            json!({"username": "b d", "email": "x", "more": 1}),
            "Bad Request",
            &["username", "password", "email", "more"],
        ),
    ];
    for (body, title, named) in cases {
        let detail = refused(&api.post("/v2/users", &body).await, 400, title);
        assert!(named.iter().all(|name| detail.contains(name)), "{body}: {detail}");
    }
    refused(&api.get("/v2/users/bad").await, 404, "NOT_FOUND");
    for wrong in ["a%2Fb", "a%20b"] {
        refused(&api.get(&format!("/v2/users/{wrong}")).await, 400, "INVALID_ARGUMENT");
    }
}

#[tokio::test]
async fn a_client_can_ask_for_the_places_and_codes_of_errors() {
    let local = Local::shared().await;
    let api = local.admin();
    let body = json!({"username": "x".repeat(257), "password": "secret", "email": "no address", "more": 1});
    refused(&api.post("/v2/users", &body).await, 400, "Bad Request");
    let full = api.request(Method::POST, "/v2/users").header("X-Identity-Full-Problems", "1").json(&body);
    let problem = api.send(full).await.expect_status(400).json();
    let findings = problem["findings"].as_array().expect("findings");
    for finding in [
        json!({"pointer": "/more", "code": "unknown_member", "detail": "is not a known member"}),
        json!({"pointer": "/email", "code": "email", "detail": "must be an address such as `name@example.com`"}),
    ] {
        assert!(findings.contains(&finding), "{finding} is not in {problem}");
    }
    let long = findings.iter().find(|finding| finding["pointer"] == "/username").expect("a finding");
    assert_eq!((&long["code"], &long["params"]), (&json!("too_long"), &json!({"max": 256})), "{problem}");

    let taken = json!({"username": "demo", "password": "secret"});
    let full = api.request(Method::POST, "/v2/users").header("X-Identity-Full-Problems", "1").json(&taken);
    let problem = api.send(full).await.expect_status(409).json();
    assert_eq!(problem["reason"], "exists");
    assert_eq!(problem["params"], json!({"kind": "USER", "key": "demo"}));
}
