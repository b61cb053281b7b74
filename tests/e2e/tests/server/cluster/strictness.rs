//! Request format: media types, JSON, methods and paths.

use reqwest::Method;
use serde_json::json;

use super::{found, refused};
use crate::support::Local;

#[tokio::test]
async fn bodies_are_json_objects() {
    let local = Local::shared().await;
    let api = local.admin();
    let deep = format!("{{\"groupId\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for body in ["", " ", "null", "[]", "\"x\"", "1", "{", "{} {}", "{\"groupId\":\"a\",\"groupId\":\"b\"}", &deep] {
        for (path, may_be_empty) in [("/v2/groups", false), ("/v2/groups/search", true)] {
            let request = api.request(Method::POST, path).header("content-type", "application/json");
            let reply = api.send(request.body(body.to_owned())).await;
            if may_be_empty && body.trim().is_empty() {
                found(reply);
            } else {
                refused(&reply, 400, "Bad Request");
            }
        }
    }
}

#[tokio::test]
async fn bodies_say_that_they_are_json() {
    let local = Local::shared().await;
    let api = local.admin();
    for (media_type, fits) in [
        (Some("application/json"), true),
        (Some("application/json; charset=utf-8"), true),
        (Some("Application/JSON;charset=UTF-8"), true),
        (Some("text/plain"), false),
        (Some("application/x-www-form-urlencoded"), false),
        (Some("application/problem+json"), false),
        (None, false),
    ] {
        for path in ["/v2/groups/search", "/v2/roles/admin/users/search"] {
            let mut request = api.request(Method::POST, path).body("{}");
            if let Some(media_type) = media_type {
                request = request.header("content-type", media_type);
            }
            let reply = api.send(request).await;
            if fits {
                found(reply);
            } else {
                refused(&reply, 415, "Unsupported Media Type");
            }
        }
        let body = json!({"groupId": "media.type", "name": "n"}).to_string();
        let mut request = api.request(Method::POST, "/v2/groups").body(body);
        if let Some(media_type) = media_type.filter(|_| !fits) {
            request = request.header("content-type", media_type);
        }
        refused(&api.send(request).await, 415, "Unsupported Media Type");
    }
    // A request without a body needs no media type.
    found(api.send(api.request(Method::POST, "/v2/groups/search")).await);
    refused(&api.get("/v2/groups/media.type").await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn there_is_a_largest_body() {
    let local = Local::shared().await;
    let api = local.admin();
    let body = json!({"groupId": "large", "name": "n", "description": "x".repeat(2 << 20)});
    refused(&api.post("/v2/groups", &body).await, 413, "Payload Too Large");
    refused(&api.get("/v2/groups/large").await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn paths_and_methods_that_nobody_serves() {
    let local = Local::shared().await;
    let api = local.admin();
    for path in ["/v2", "/v2/", "/v2/nothing", "/v2/groups/a/b", "/v2/groups/a/roles/b", "/v2/audit"] {
        refused(&local.anonymous().get(path).await, 401, "Unauthorized");
        refused(&api.get(path).await, 404, "Not Found");
    }
    for (method, path) in [
        (Method::GET, "/v2/groups"),
        (Method::GET, "/v2/groups/search/"),
        (Method::PATCH, "/v2/groups/a"),
        (Method::POST, "/v2/authentication/me"),
        (Method::DELETE, "/v2/users"),
    ] {
        let reply = api.send(api.request(method.clone(), path)).await;
        assert!(matches!(reply.status, 404 | 405), "{method} {path}: {}", reply.status);
        refused(&reply, reply.status, if reply.status == 404 { "Not Found" } else { "Method Not Allowed" });
    }
}

#[tokio::test]
async fn where_one_can_get_one_can_ask_for_the_head() {
    let local = Local::shared().await;
    let api = local.admin();
    for path in ["/v2/license", "/v2/status", "/v2/topology", "/v2/roles/admin", "/v2/users/nobody.at.all"] {
        let whole = api.get(path).await;
        let head = api.send(api.request(Method::HEAD, path)).await;
        assert_eq!((head.status, &*head.text), (whole.status, ""), "{path}");
        assert_eq!(head.header("content-type"), whole.header("content-type"), "{path}");
    }
}
