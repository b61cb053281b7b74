//! `GET /auth/login-callback`: receives the authorization response (RFC 6749 §4.1.2) by redirect from the identity
//! provider.

use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::port::AuthorizationResponse;
use identity_core::service::session::{Activity, CallbackAnswer};
use identity_core::value::{LocalPath, Secret};
use serde::Deserialize;

use super::browser;
use super::page::{self, Frame};
use crate::session::SignIn;

#[derive(Deserialize)]
pub(super) struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Whether the browser has a valid session. The check does not extend the session's lifetime.
async fn has_session(sign_in: &SignIn, request: &HttpRequest) -> bool {
    let Some(id) = sign_in.cookies().session(request) else { return false };
    matches!(sign_in.sessions.caller(&id, Activity::Polling, None).await, Ok(Some(_)))
}

pub(super) async fn callback(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    Query(query): Query<CallbackQuery>,
) -> HttpResponse {
    let cookies = sign_in.cookies();
    let tag = query.state.as_deref().map(|state| sign_in.sessions.transaction_tag(state));
    let transaction = tag.as_ref().and_then(|tag| cookies.transaction(&request, tag));
    let outcome = match (query.error, query.code) {
        (None, Some(code)) => Ok(AuthorizationResponse { code: Secret::new(code), issuer: query.iss }),
        (error, _) => Err(error.unwrap_or_default()),
    };
    let answer = CallbackAnswer { state: query.state, outcome };
    let outcome = sign_in.sessions.complete(answer, transaction.as_deref(), browser(&sign_in, &request)).await;
    let mut response = match outcome {
        Ok(opened) => {
            let mut response = HttpResponse::SeeOther();
            actix_web::rt::spawn(opened.ended.revoke());
            for cookie in cookies.of_session(&opened.id, &sign_in.sessions.csrf_token(&opened.id)) {
                response.cookie(cookie);
            }
            response.insert_header((header::LOCATION, opened.return_to.as_str())).finish()
        }
        // The user navigated back, or another tab completed first: the browser is already signed in.
        Err(error) if error.is_of_no_sign_in() && has_session(&sign_in, &request).await => {
            let home = sign_in.home();
            let home = home.as_ref().map_or("/", LocalPath::as_str);
            HttpResponse::SeeOther().insert_header((header::LOCATION, home)).finish()
        }
        Err(error) => page::failed(&Frame::of(&sign_in, &request), &error, None),
    };
    if let Some(tag) = tag.filter(|_| transaction.is_some()) {
        // A leftover cookie is harmless: the state is valid only once.
        let _removed = response.add_cookie(&cookies.no_transaction(&tag));
    }
    response
}
