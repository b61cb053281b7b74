//! Deactivated users, and users that change their own password.

use identity_testkit::{Api, Browser};
use reqwest::Method;
use serde_json::json;

use super::form::{signed_in, submit};
use super::{SESSION, asks, sends};
use crate::support::{Local, Store, created, done, refused};

on_each_store!(
    an_inactive_user_has_no_access_and_gets_it_back,
    the_last_administrator_stays_active,
    a_user_changes_the_own_password,
    a_bad_password_is_refused,
    guesses_of_the_current_password_are_limited,
);

const PASSWORD: &str = "the kettle sings at dawn";

async fn set_enabled(api: &Api, id: &str, enabled: bool) -> identity_testkit::Reply {
    api.put(&format!("/api/users/{id}"), &json!({"enabled": enabled})).await
}

/// Asks whether `ann` may read the group `sales`.
async fn evaluated(api: &Api) -> serde_json::Value {
    let question = json!({"subject": {"type": "user", "id": "ann"}, "action": {"name": "READ"},
        "resource": {"type": "GROUP", "id": "sales"}});
    api.post("/access/v1/evaluation", &question).await.expect_status(200).json()
}

async fn an_inactive_user_has_no_access_and_gets_it_back(store: Store) {
    let local = Local::start(store).await;
    let other = local.launch.start().await;
    let (admin, server) = (local.admin(), local.anonymous());
    let (ann, there) = (local.user("ann").await, other.http().clone());
    created(admin.post("/v2/groups", &json!({"groupId": "sales", "name": "Sales"})).await);
    local.allow("ann", "GROUP", "sales", &["READ"]).await;
    let mut browser = signed_in(&server, "ann", "secret").await;
    assert_eq!(asks(&mut browser, &there, "/api/me").await.status, 200);
    assert_eq!(admin.get("/api/users/ann").await.json()["enabled"], true);
    assert_eq!(evaluated(&admin).await["decision"], true);

    let deactivated = set_enabled(&admin, "ann", false).await;
    let revision = deactivated.header("x-identity-revision").expect("a revision").to_owned();
    done(deactivated);
    assert_eq!(admin.get("/api/users?userIds=ann").await.json()[0]["enabled"], false);
    assert_eq!(admin.get("/v2/users/ann").await.json(), json!({"username": "ann", "name": "", "email": ""}));
    refused(&ann.get("/api/me").await, 401, "password");
    let there_as_ann = there.clone().basic("ann", "secret");
    let request = there_as_ann.request(Method::GET, "/api/me").header("x-identity-min-revision", &revision);
    refused(&there_as_ann.send(request).await, 401, "password");
    refused(&asks(&mut browser, &there, "/api/me").await, 401, "session_ended");
    let page = submit(&mut Browser::default(), &server, "ann", "secret").await.expect_status(401);
    assert!(page.text.contains("the account is inactive"), "{}", page.text);

    let denied = evaluated(&there.clone().basic("demo", "demo")).await;
    assert_eq!((&denied["decision"], &denied["context"]["reason"]), (&json!(false), &json!("inactive")), "{denied}");
    let question = json!({"subject": {"type": "user", "id": "ann"}, "action": {"name": "READ"},
        "resource": {"type": "GROUP", "id": "sales"}});
    let explained = admin.post("/access/v1/explain", &question).await.expect_status(200).json();
    assert_eq!(explained["reason"], "inactive");
    let remedy = &explained["explanation"]["because"][0]["remedy"];
    assert_eq!(*remedy, json!({"remedy": "REACTIVATE", "user": "ann"}), "{explained}");

    // A new password and other changes do not reactivate.
    assert_eq!(admin.put("/v2/users/ann", &json!({"password": "another", "name": "Ann"})).await.status, 200);
    refused(&local.anonymous().basic("ann", "another").get("/api/me").await, 401, "password");
    done(set_enabled(&admin, "ann", true).await);
    assert_eq!(local.anonymous().basic("ann", "another").get("/api/me").await.status, 200);
    refused(&asks(&mut browser, &server, "/api/me").await, 401, "session_ended");
    assert_eq!(evaluated(&admin).await["decision"], true);

    let updates = local.audit().await.into_iter();
    let updates = updates.filter(|record| (&*record.entity_type, &*record.operation) == ("USER", "UPDATE"));
    assert_eq!(updates.filter(|record| record.entity_key == "ann" && record.result == "SUCCESS").count(), 3);
    refused(&set_enabled(&local.user("eve").await, "ann", false).await, 403, "forbidden");
    refused(&set_enabled(&admin, "nobody", false).await, 404, "missing");
    refused(&admin.put("/api/users/ann", &json!({"firstName": "A"})).await, 400, "invalid");
}

async fn the_last_administrator_stays_active(store: Store) {
    let local = Local::start(store).await;
    refused(&set_enabled(&local.admin(), "demo", false).await, 409, "lock_out");
    created(local.admin().post("/v2/users", &json!({"username": "eve", "password": "secret"})).await);
    done(local.admin().put("/v2/roles/admin/users/eve", &json!({})).await);
    done(set_enabled(&local.admin(), "demo", false).await);
    let eve = local.anonymous().basic("eve", "secret");
    assert_eq!(eve.delete("/v2/users/eve").await.status, 409, "an inactive administrator does not count");
    done(set_enabled(&eve, "demo", true).await);
    assert_eq!(local.admin().get("/api/me").await.status, 200);
}

async fn a_user_changes_the_own_password(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    let ann = local.user("ann").await;
    let mut one = signed_in(&server, "ann", "secret").await;
    let mut two = signed_in(&server, "ann", "secret").await;
    let before = one.cookie(SESSION).expect("a session").to_owned();
    let body = json!({"current": "secret", "new": PASSWORD});
    assert_eq!(sends(&mut one, &server, Method::PUT, "/api/me/password", Some(&body)).await.status, 204);
    assert_ne!(one.cookie(SESSION), Some(&*before), "a fresh id");
    assert_eq!(asks(&mut one, &server, "/api/me").await.status, 200);
    let group = json!({"name": "Sales"});
    assert_eq!(
        sends(&mut one, &server, Method::POST, "/api/groups", Some(&group)).await.status,
        403,
        "the CSRF token fits"
    );
    refused(&asks(&mut two, &server, "/api/me").await, 401, "session_ended");
    refused(&ann.get("/api/me").await, 401, "password");
    let ann = local.anonymous().basic("ann", PASSWORD);
    assert_eq!(ann.get("/api/me/sessions").await.json().as_array().map(Vec::len), Some(1));

    let records = local.audit().await;
    let change =
        records.iter().find(|record| record.entity_type == "USER" && record.operation == "UPDATE").expect("it");
    assert_eq!((change.actor_id.as_deref(), &*change.entity_key, &*change.result), (Some("ann"), "ann", "SUCCESS"));
    assert!(!format!("{records:?}").contains(PASSWORD) && !local.server.output().contains(PASSWORD));
    // Without a session, too.
    let body = json!({"current": PASSWORD, "new": "another kettle sings later"});
    done(ann.put("/api/me/password", &body).await);
    refused(&ann.get("/api/me").await, 401, "password");
}

async fn a_bad_password_is_refused(store: Store) {
    let local = Local::start(store).await;
    let ann = local.user("ann.lindqvist").await;
    let change =
        async |current: &str, new: &str| ann.put("/api/me/password", &json!({"current": current, "new": new})).await;
    for new in ["short", "fourteen chars", "passwordpassword", "ann.lindqvist.lindqvist", "aaaaaaaaaaaaaaaaaaaa"] {
        let reply = change("secret", new).await.expect_status(400);
        assert_eq!(reply.json()["findings"][0]["pointer"], "/new", "{reply:?}");
    }
    let reply = change("Secret", PASSWORD).await;
    refused(&reply, 400, "invalid");
    assert_eq!(reply.json()["findings"][0]["pointer"], "/current", "{reply:?}");
    let records = local.audit().await;
    let denied = records.iter().find(|record| record.entity_type == "USER" && record.result == "DENIED").expect("it");
    assert_eq!(denied.reason.as_deref(), Some("password"));
    assert_eq!(ann.get("/api/me").await.status, 200, "unchanged");
    // The same rules apply to passwords that administrators set here.
    let set =
        async |password: &str| local.admin().put("/api/users/ann.lindqvist", &json!({"password": password})).await;
    refused(&set("passwordpassword").await, 400, "invalid");
    done(set(PASSWORD).await);
    assert_eq!(local.anonymous().basic("ann.lindqvist", PASSWORD).get("/api/me").await.status, 200);
}

async fn guesses_of_the_current_password_are_limited(store: Store) {
    let local = Local::start(store).await;
    local.user("ann").await;
    let mut browser = signed_in(&local.anonymous(), "ann", "secret").await;
    let body = json!({"current": "wrong", "new": PASSWORD});
    let mut limited = None;
    for _ in 0..60 {
        let reply = sends(&mut browser, &local.anonymous(), Method::PUT, "/api/me/password", Some(&body)).await;
        if reply.status == 429 {
            limited = Some(reply);
            break;
        }
        refused(&reply, 400, "invalid");
    }
    assert!(limited.expect("a limit").header("retry-after").is_some());
}
