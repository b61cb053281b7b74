//! `POST /auth/login`: sign-in with a username and a password that this server stores.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::service::{Authentication, AuthenticationError, Caller};
use identity_core::value::{LocalPath, Secret};
use serde::Deserialize;

use super::page::{self, Complaint, Frame};
use super::sign_in_page::{foreign_target, form_page, return_target};
use super::{browser, request_id, wants_json};
use crate::address;
use crate::body::Form;
use crate::problem::Problem;
use crate::session::{SignIn, csrf};

#[derive(Deserialize)]
pub(super) struct Credentials {
    username: String,
    password: String,
    return_to: Option<String>,
    #[serde(rename = "_csrf")]
    csrf: Option<String>,
}

pub(super) async fn sign_in(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    authentication: Data<Authentication>,
    form: Result<Form<Credentials>, Problem>,
) -> HttpResponse {
    let credentials = match form.and_then(Form::required) {
        Ok(credentials) => credentials,
        Err(problem) => return problem.error_response(),
    };
    let sessions = &sign_in.sessions;
    let Some(return_to) = return_target(&sign_in, credentials.return_to.as_deref()) else {
        return foreign_target(&sign_in, &request).await;
    };
    let expected = csrf::of_form(&sign_in, &request);
    let refused = |complaint: Complaint, problem: Problem| {
        if wants_json(&request) {
            return problem.error_response();
        }
        let status = problem.status_code();
        form_page(&sign_in, &request, &return_to, status, Some(&complaint))
    };
    if !csrf::is_own(&request, expected.as_ref(), credentials.csrf.as_deref()) {
        sessions.record_refused("csrf", String::new(), request_id(&request).as_deref(), address::of(&request)).await;
        return refused(Complaint::Forged, Problem::forged());
    }
    let address = address::of(&request);
    let password = Secret::new(credentials.password);
    let outcome = authentication.basic(&credentials.username, &password, address, request_id(&request)).await;
    let caller = match outcome {
        Ok(caller) => caller,
        Err(error) => {
            let problem = Problem::from_authentication(&error, Vec::new());
            let complaint = match error {
                AuthenticationError::Throttled { retry_after } | AuthenticationError::Busy { retry_after } => {
                    Complaint::Throttled(retry_after)
                }
                _ => Complaint::Wrong,
            };
            let reason = if matches!(complaint, Complaint::Wrong) { "password" } else { "throttled" };
            // Omits the username, because users sometimes type their password into that field.
            sessions
                .record_refused(reason, String::new(), request_id(&request).as_deref(), address::of(&request))
                .await;
            return refused(complaint, problem);
        }
    };
    open(&sign_in, &request, &caller, Some(&return_to)).await
}

/// Opens a session for an authenticated user. Redirects browsers to `return_to`; scripts that accept JSON get 204.
pub(super) async fn open(
    sign_in: &SignIn,
    request: &HttpRequest,
    caller: &Caller,
    return_to: Option<&LocalPath>,
) -> HttpResponse {
    match sign_in.sessions.open_for_user(caller, browser(sign_in, request)).await {
        Ok(id) => {
            let mut response = if wants_json(request) { HttpResponse::NoContent() } else { HttpResponse::SeeOther() };
            for cookie in sign_in.cookies().of_session(&id, &sign_in.sessions.csrf_token(&id)) {
                response.cookie(cookie);
            }
            if !wants_json(request) {
                let target = return_to.map_or("/", LocalPath::as_str);
                response.insert_header((header::LOCATION, target));
            }
            response.finish()
        }
        Err(error) => page::failed(&Frame::of(sign_in, request), &error, return_to),
    }
}
