//! `/auth/logout`: signs the user out of this server and of the identity provider.

use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::value::LocalPath;
use serde::Deserialize;
use serde_json::json;

use super::page::{self, Frame};
use super::{request_id, wants_json};
use crate::address;
use crate::body::Form;
use crate::problem::Problem;
use crate::session::{SignIn, csrf};

#[derive(Default, Deserialize)]
pub(super) struct LogoutForm {
    #[serde(rename = "_csrf")]
    csrf: Option<String>,
    return_to: Option<String>,
}

/// Shows the confirmation page. GET must not sign the user out, because other sites can link here.
pub(super) async fn ask(request: HttpRequest, sign_in: Data<SignIn>) -> HttpResponse {
    let frame = Frame::of(&sign_in, &request);
    match sign_in.cookies().session(&request) {
        Some(id) => page::sign_out(&frame, &sign_in.sessions.csrf_token(&id)),
        None => page::signed_out(&frame),
    }
}

pub(super) async fn sign_out(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    form: Result<Form<LogoutForm>, Problem>,
) -> HttpResponse {
    let form = match form {
        Ok(Form(form)) => form.unwrap_or_default(),
        Err(problem) => return problem.error_response(),
    };
    let cookies = sign_in.cookies();
    let sessions = &sign_in.sessions;
    let mut location = None;
    if let Some(id) = cookies.session(&request) {
        if !csrf::is_own(&request, Some(&sessions.csrf_token(&id)), form.csrf.as_deref()) {
            sessions
                .record_refused("csrf", String::new(), request_id(&request).as_deref(), address::of(&request))
                .await;
            return Problem::forged().error_response();
        }
        let return_to = form.return_to.as_deref().and_then(|text| LocalPath::parse(text).ok());
        match sessions.sign_out(&id, return_to.as_ref(), request_id(&request).as_deref()).await {
            Ok(signed_out) => {
                location = signed_out.location;
                actix_web::rt::spawn(signed_out.ended.revoke());
            }
            Err(error) => return Problem::from(error).error_response(),
        }
    }
    let here = sign_in.path("/auth/logged-out");
    let mut response = match location {
        _ if wants_json(&request) => HttpResponse::Ok().json(json!({"url": location.unwrap_or(here)})),
        Some(location) => page::on_to_the_provider(&Frame::of(&sign_in, &request), &location),
        None => HttpResponse::SeeOther().insert_header((header::LOCATION, here)).finish(),
    };
    for cookie in cookies.of_no_session() {
        // The session has ended even if the browser keeps the cookie.
        let _removed = response.add_cookie(&cookie);
    }
    response
}

#[derive(Deserialize)]
pub(super) struct SignedOutQuery {
    state: Option<String>,
}

/// Target of the identity provider's redirect after sign-out there (OpenID Connect RP-Initiated Logout 1.0). Redirects
/// to the path that `state` refers to.
pub(super) async fn signed_out(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    Query(query): Query<SignedOutQuery>,
) -> HttpResponse {
    let frame = Frame::of(&sign_in, &request);
    match query.state.and_then(|state| sign_in.sessions.after_sign_out(&state)) {
        Some(target) => HttpResponse::SeeOther().insert_header((header::LOCATION, target.as_str())).finish(),
        None => page::signed_out(&frame),
    }
}
