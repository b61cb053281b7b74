//! Early rejection of changes while the server is overloaded.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use identity_core::engine::Engine;

use crate::problem::Problem;

/// Rejects a change with 503 while the write queue is full. Called before authentication, body parsing and permission
/// checks, which would consume resources.
pub(crate) fn admit(request: &ServiceRequest, engine: &Engine) -> Result<(), Problem> {
    if is_change(request.method(), request.path()) { engine.admit_write().map_err(Problem::from) } else { Ok(()) }
}

/// Whether a request counts as a change: its method is unsafe (RFC 9110 §9.2.1), and it is neither a search
/// (`…/search`), an access decision (`/access/v1`) nor a request about sessions.
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
