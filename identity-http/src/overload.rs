//! Early rejection of changes under overload.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use identity_core::engine::Engine;

use crate::problem::Problem;

/// Rejects a change while the queue of changes is full, before its authentication, body and permission checks consume
/// resources.
pub(crate) fn admit(request: &ServiceRequest, engine: &Engine) -> Result<(), Problem> {
    if is_change(request.method(), request.path()) { engine.admit_write().map_err(Problem::from) } else { Ok(()) }
}

/// Whether a request counts as a change: any unsafe request, except searches (`…/search`), decisions (`/access/v1`) and
/// requests about sessions.
fn is_change(method: &Method, path: &str) -> bool {
    let is_read = method.is_safe() || path.ends_with("/search") || path.contains("/access/v1/");
    !is_read && !path.split('/').any(|segment| segment == "sessions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_reads_and_the_end_of_sessions_at_any_time() {
        for (method, path) in [
            (Method::GET, "/api/groups"),
            (Method::HEAD, "/v2/groups/sales"),
            (Method::POST, "/v2/groups/sales/users/search"),
            (Method::POST, "/access/v1/evaluation"),
            (Method::DELETE, "/api/me/sessions/abc"),
            (Method::DELETE, "/base/api/sessions"),
        ] {
            assert!(!is_change(&method, path), "{method} {path}");
        }
        for (method, path) in [
            (Method::POST, "/v2/groups"),
            (Method::PUT, "/v2/groups/search/users/ann"),
            (Method::DELETE, "/api/roles/x"),
        ] {
            assert!(is_change(&method, path), "{method} {path}");
        }
    }
}
