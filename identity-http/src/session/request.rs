//! Resolves the session cookie of a request to a caller.

use actix_web::dev::ServiceRequest;
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::SessionId;
use identity_core::service::Caller;
use identity_core::service::session::Activity;
use identity_core::value::Secret;

use super::{SignIn, csrf};
use crate::problem::Problem;

/// Request header that marks background requests of a page. They do not extend the session's lifetime
/// (docs/reference/orchestration-cluster.md §5.9).
const POLLING: &str = "x-is-polling";

/// Browser session that a request was authenticated by.
#[derive(Clone)]
pub(crate) struct RequestSession {
    /// Current session id. It differs from the one in the request's cookie if this request rotated it.
    pub(crate) id: SessionId,
    /// Public identifier of the session, as listed in `/api/me/sessions`. Unlike the id, it grants no access.
    pub(crate) key: String,
    rotated: bool,
    csrf: Secret,
    is_safe: bool,
}

impl RequestSession {
    /// Resolves the session cookie to a caller; `None` without a cookie.
    ///
    /// Fails if the session has ended, or if an unsafe request is cross-site or lacks the CSRF token. Forged requests
    /// are recorded.
    pub(crate) async fn find(
        sign_in: &SignIn,
        request: &ServiceRequest,
        request_id: Option<String>,
    ) -> Result<Option<(Caller, Self)>, Problem> {
        let Some(id) = sign_in.cookies().session(request.request()) else { return Ok(None) };
        let csrf = sign_in.sessions.csrf_token(&id);
        let is_safe = request.method().is_safe();
        let is_own =
            is_safe || (!csrf::is_cross_site(request.headers()) && csrf::shows(request.headers(), &csrf, None));
        let polls = request.headers().get(POLLING).is_some_and(|value| value != "false");
        let activity = if polls || !is_own { Activity::Polling } else { Activity::Person };
        let found = sign_in.sessions.caller(&id, activity, request_id).await.map_err(Problem::from)?;
        let Some(found) = found else { return Err(Problem::session_ended()) };
        if !is_own {
            sign_in.sessions.record_forged(&found.caller, found.key).await;
            return Err(Problem::forged());
        }
        let rotated = found.rotated.is_some();
        let id = found.rotated.unwrap_or(id);
        let csrf = sign_in.sessions.csrf_token(&id);
        Ok(Some((found.caller, Self { id, key: found.key, rotated, csrf, is_safe })))
    }

    /// Resolves the session again, against the current world. Does not extend its lifetime.
    pub(crate) async fn again(&self, sign_in: &SignIn, request_id: Option<String>) -> Result<Caller, Problem> {
        let found = sign_in.sessions.caller(&self.id, Activity::Polling, request_id).await.map_err(Problem::from)?;
        found.map(|found| found.caller).ok_or_else(Problem::session_ended)
    }

    /// Adds the cookies of a rotated session to the response and, for safe requests, the CSRF token.
    pub(crate) fn show<B>(&self, sign_in: &SignIn, response: &mut HttpResponse<B>) {
        if self.rotated {
            for cookie in sign_in.cookies().of_session(&self.id, &self.csrf) {
                // Without the new cookie, the browser is signed out; there is no other effect.
                let _added = response.add_cookie(&cookie);
            }
        }
        if self.is_safe {
            csrf::hand_out(response, self.csrf.expose());
        }
    }
}

/// Returns the session that authenticated the request; `None` if it was authenticated by other credentials.
pub(crate) fn of(request: &HttpRequest) -> Option<RequestSession> {
    use actix_web::HttpMessage as _;
    request.extensions().get::<RequestSession>().cloned()
}
