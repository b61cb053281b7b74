//! Classifies requests whose authentication or body handling differs, before their handler runs.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;

use crate::load::lines::is_ndjson;

/// Path suffixes of the endpoints that return the rights of a token's bearer. A base path may precede them.
const FOR_TOKEN: [&str; 4] =
    ["/api/groups/for-token", "/api/permissions/for-token", "/api/tenants/for-token", "/api/authorizations/for-token"];

/// Whether the endpoint returns the rights of the token's bearer. Such endpoints accept tokens for other APIs of this
/// installation.
pub(crate) fn is_about_the_bearer(request: &ServiceRequest) -> bool {
    // Compares the path, because looking up the route is expensive. A percent-encoded path is not recognized; its
    // handler then finds no bearer and rejects the request.
    matches!(*request.method(), Method::GET | Method::HEAD)
        && FOR_TOKEN.iter().any(|path| request.path().ends_with(path))
}

/// Whether the handler processes the body while it arrives: newline-delimited JSON for `POST /api/bulk`.
pub(crate) fn is_stream(request: &ServiceRequest) -> bool {
    request.method() == Method::POST
        && is_ndjson(request.request())
        && request.match_pattern().is_some_and(|pattern| pattern.ends_with("/api/bulk"))
}
