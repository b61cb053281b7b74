//! Requests that wait for a revision are evaluated with the credentials and permissions at the end of the wait.

use std::time::Duration;

use identity_testkit::{Api, Reply};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Local, Store, done};

on_each_store!(credentials_and_rights_are_those_of_the_end_of_the_wait);

/// Sends a request that requires the next revision, and returns while it is waiting.
async fn waiting(local: &Local, api: &Api, (method, path, body): (Method, &str, &Value)) -> JoinHandle<Reply> {
    let now = local.admin().get("/v2/authentication/me").await.expect_status(200);
    let now = now.header("x-identity-revision").and_then(|revision| revision.parse::<u64>().ok()).expect("a revision");
    let request = api.request(method, path).json(body).header("x-identity-min-revision", now + 1);
    let api = api.clone();
    let answer = tokio::spawn(async move { api.send(request).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!answer.is_finished(), "{path} does not wait");
    answer
}

async fn credentials_and_rights_are_those_of_the_end_of_the_wait(store: Store) {
    let local = Local::start(store).await;
    let admin = local.admin();
    let group = json!({"groupId": "late", "name": "Late"});
    let requests = [
        (Method::GET, "/api/roles", Value::Null),
        (Method::POST, "/v2/groups", group),
        (Method::GET, "/api/me", Value::Null),
    ];
    for (number, (method, path, body)) in requests.into_iter().enumerate() {
        let name = format!("eve-{number}");
        let eve = local.user(&name).await;
        let role = format!("/v2/roles/admin/users/{name}");
        let user = format!("/v2/users/{name}");
        done(admin.put(&role, &json!({})).await);
        let request = (method, path, &body);

        let answer = waiting(&local, &eve, request.clone()).await;
        let change = json!({"password": "another secret", "name": "", "email": ""});
        assert_eq!(admin.put(&user, &change).await.status, 200);
        assert_eq!(answer.await.expect("an answer").status, 401, "{path}: another password");

        let eve = local.anonymous().basic(&name, "another secret");
        let answer = waiting(&local, &eve, request.clone()).await;
        done(admin.delete(&role).await);
        let expected = if path == "/api/me" { 200 } else { 403 };
        assert_eq!(answer.await.expect("an answer").status, expected, "{path}: a revoked role");

        let answer = waiting(&local, &eve, request).await;
        done(admin.delete(&user).await);
        assert_eq!(answer.await.expect("an answer").status, 401, "{path}: a deleted user");
    }
    assert_eq!(admin.get("/v2/groups/late").await.status, 404);
}
