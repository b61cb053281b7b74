//! Rules for every operation below `/access/v1` in the OpenAPI document.

use reqwest::Method;
use serde_json::{Value, json};

use super::ask;
use crate::support::{Site, Store, refused};
use crate::sweeps::document;

on_each_store!(every_operation_needs_credentials_and_a_grant_and_knows_revisions);

/// Path that every caller may request, because it describes the caller itself.
const OPEN_TO_ALL: &str = "/access/v1/review/me";

/// Returns a query and a body that are valid for an operation.
fn request(method: &str, path: &str) -> (String, Option<Value>) {
    let question = || ask(("user", "ann"), "READ", ("ROLE", "admin"));
    let (query, body) = match (method, path.trim_start_matches("/access/v1/")) {
        ("post", "inspect") => ("", Some(json!({"claims": {}}))),
        ("post", "simulate") => ("", Some(json!({"changes": []}))),
        ("post", _) => ("", Some(question())),
        (_, "review/resource" | "review/right") => ("?type=ROLE&id=admin&action=READ", None),
        (_, "review/subject") => ("?type=user&id=ann", None),
        _ => ("", None),
    };
    (format!("{}{query}", path.replace("{id}", "7")), body)
}

async fn every_operation_needs_credentials_and_a_grant_and_knows_revisions(store: Store) {
    let site = Site::start(store).await;
    let document = document(&site.anonymous()).await;
    let mut operations = 0;
    for (path, item) in
        document["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/access/"))
    {
        for method in item.as_object().expect("methods").keys() {
            operations += 1;
            let (address, body) = request(method, path);
            let verb: Method = method.to_uppercase().parse().expect("a method");
            let send = async |api: &identity_testkit::Api, headers: &[(&str, &str)]| {
                let mut request = api.request(verb.clone(), &address);
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                api.send(match &body {
                    Some(body) => request.json(body),
                    None => request,
                })
                .await
            };
            refused(&send(&site.anonymous(), &[]).await, 401, "no_credentials");
            let id = format!("sweep-{operations}");
            let as_nobody = send(&site.user("nobody"), &[("x-request-id", &id)]).await;
            if path == OPEN_TO_ALL {
                assert_eq!(as_nobody.status, 200, "{path}");
                continue;
            }
            let problem = refused(&as_nobody, 403, "forbidden");
            let recorded = site.audit().await.into_iter().find(|record| record.request_id.as_ref() == Some(&id));
            let recorded = recorded.unwrap_or_else(|| panic!("{method} {path} left no record"));
            assert_eq!((recorded.result.as_str(), recorded.actor_id.as_deref()), ("DENIED", Some("nobody")));
            assert!(problem["reasonId"].is_string(), "{problem}");

            let reply = send(&site.admin(), &[("x-identity-min-revision", "1")]).await;
            assert!(matches!(reply.status, 200 | 404), "{method} {path}: {}", reply.text);
            assert!(reply.header("x-identity-revision").is_some(), "{method} {path}");
        }
    }
    assert_eq!(operations, 18);
    let late = site
        .admin()
        .request(Method::GET, "/access/v1/review/administrators")
        .header("x-identity-min-revision", "99999");
    refused(&site.admin().send(late).await, 503, "revision_not_reached");
}
