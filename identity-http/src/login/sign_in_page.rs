//! Builds pages with forms and their CSRF tokens, and validates the redirect target after sign-in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use identity_core::value::LocalPath;

use super::page::{self, Complaint, Frame};
use super::request_id;
use crate::address;
use crate::session::{SignIn, csrf};

/// Builds the sign-in page for username and password, with a CSRF token.
pub(super) fn form_page(
    sign_in: &SignIn,
    request: &HttpRequest,
    return_to: &LocalPath,
    status: StatusCode,
    complaint: Option<&Complaint>,
) -> HttpResponse {
    let frame = Frame::of(sign_in, request);
    with_token(sign_in, request, |token| page::form(&frame, return_to, token, status, complaint))
}

/// Builds a page with a form. Passes a CSRF token to `page`, and sets the cookie that the token derives from.
pub(super) fn with_token(
    sign_in: &SignIn,
    request: &HttpRequest,
    page: impl FnOnce(&str) -> HttpResponse,
) -> HttpResponse {
    let known = sign_in.cookies().form(request).map(|nonce| nonce.expose().to_owned());
    let Some(nonce) = known.or_else(|| sign_in.sessions.random_text()) else {
        return HttpResponse::ServiceUnavailable().finish();
    };
    let token = sign_in.sessions.form_token(&nonce);
    let mut response = page(token.expose());
    csrf::hand_out(&mut response, token.expose());
    // Without the cookie, the submitted form is rejected; there is no other effect.
    let _added = response.add_cookie(&sign_in.cookies().of_form(&nonce));
    response
}

/// Parses the redirect target after sign-in; `None` if it is not a path on this site. The default is the home page.
pub(super) fn return_target(sign_in: &SignIn, text: Option<&str>) -> Option<LocalPath> {
    match text {
        Some(text) => LocalPath::parse(text).ok(),
        None => sign_in.home(),
    }
}

pub(super) async fn foreign_target(sign_in: &SignIn, request: &HttpRequest) -> HttpResponse {
    sign_in
        .sessions
        .record_refused("return_target", String::new(), request_id(request).as_deref(), address::of(request))
        .await;
    page::foreign_target(&Frame::of(sign_in, request))
}
