//! Metadata of this policy decision point (docs/reference/authzen.md §9). Requires no credentials.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, Scope, http::StatusCode, web};
use serde_json::json;

use crate::problem::{Problem, no_such_path};
use crate::route::resource;

const WELL_KNOWN: &str = "/.well-known/authzen-configuration";
/// Value of `Cache-Control`: clients and proxies may cache the document for an hour.
const MAX_AGE: &str = "public, max-age=3600";

pub(super) fn scope(identifier: Option<Arc<str>>) -> Scope {
    // The path of the identifier follows the well-known suffix.
    let path = identifier.as_deref().map_or("", path_of).to_owned();
    let answer = move || {
        let identifier = identifier.clone();
        async move { document(identifier.as_deref()) }
    };
    web::scope(WELL_KNOWN).service(resource(&path).get(answer)).default_service(web::to(no_such_path))
}

fn path_of(identifier: &str) -> &str {
    let authority = identifier.split_once("://").map_or(identifier, |(_, rest)| rest);
    authority.find('/').and_then(|slash| authority.get(slash..)).unwrap_or_default()
}

fn document(identifier: Option<&str>) -> Result<HttpResponse, Problem> {
    let Some(base) = identifier else {
        let detail = "This document is not available; `server.public-url` must be an https URL.";
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_public_url", detail));
    };
    let endpoint = |path: &str| format!("{base}/access/v1/{path}");
    let cache = (CACHE_CONTROL, HeaderValue::from_static(MAX_AGE));
    Ok(HttpResponse::Ok().insert_header(cache).json(json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": endpoint("evaluation"),
        "access_evaluations_endpoint": endpoint("evaluations"),
        "search_subject_endpoint": endpoint("search/subject"),
        "search_resource_endpoint": endpoint("search/resource"),
        "search_action_endpoint": endpoint("search/action"),
    })))
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn the_path_of_an_identifier() {
        assert_eq!(path_of("https://pdp.example.com"), "");
        assert_eq!(path_of("https://pdp.example.com/tenant1"), "/tenant1");
        assert_eq!(path_of("https://pdp.example.com:8443/a/b"), "/a/b");
    }
}
