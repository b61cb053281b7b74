//! Endpoints whose requests are treated differently before their handler runs.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;

use crate::load::lines::is_ndjson;

/// Ends of the paths of endpoints that return the rights of a token's bearer.
const FOR_TOKEN: [&str; 4] =
    ["/api/groups/for-token", "/api/permissions/for-token", "/api/tenants/for-token", "/api/authorizations/for-token"];

/// Whether the endpoint returns the rights of the token's bearer. Such endpoints accept tokens for other APIs of this
/// installation.
pub(crate) fn is_about_the_bearer(request: &ServiceRequest) -> bool {
    // Compared by path, because a look-up of the route is expensive. An escaped path is not recognized, so its handler
    // finds no bearer and refuses it.
    matches!(*request.method(), Method::GET | Method::HEAD)
        && FOR_TOKEN.iter().any(|path| request.path().ends_with(path))
}

/// Whether the body of a request is processed while it arrives.
pub(crate) fn is_stream(request: &ServiceRequest) -> bool {
    request.method() == Method::POST
        && is_ndjson(request.request())
        && request.match_pattern().is_some_and(|pattern| pattern.ends_with("/api/bulk"))
}
