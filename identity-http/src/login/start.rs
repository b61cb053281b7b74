//! `GET /auth/login`: to the provider, or the page that lets people choose one or give their password.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::value::LocalPath;
use serde::Deserialize;

use super::page::{self, Frame};
use super::{SignIn, csrf, form, request_id};
use crate::address;

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    /// Where to go afterwards, on this site.
    pub(super) return_to: Option<String>,
    /// At which provider.
    provider: Option<String>,
    /// `login`: ask for credentials even if the provider knows the browser.
    prompt: Option<String>,
}

pub(super) async fn start(request: HttpRequest, sign_in: Data<SignIn>, query: Query<LoginQuery>) -> HttpResponse {
    let Some(return_to) = return_target(&sign_in, query.return_to.as_deref()) else {
        return foreign_target(&sign_in, &request).await;
    };
    if sign_in.open_setup().is_some() {
        return HttpResponse::SeeOther().insert_header((header::LOCATION, sign_in.path("/auth/setup"))).finish();
    }
    if sign_in.passwords {
        return form_page(&sign_in, &request, &return_to, StatusCode::OK, None);
    }
    let several = sign_in.sessions.providers().count() > 1;
    if several && query.provider.is_none() {
        return page::choose(&Frame::of(&sign_in, &request), &return_to);
    }
    let again = query.prompt.as_deref() == Some("login");
    match sign_in.sessions.start(query.provider.as_deref(), &return_to, again).await {
        Ok(started) => {
            let cookies = sign_in.cookies();
            let mut response = HttpResponse::SeeOther();
            for stale in cookies.stale_transactions(&request) {
                response.cookie(stale);
            }
            let location = (header::LOCATION, started.location.as_str());
            response.cookie(cookies.of_transaction(&started)).insert_header(location).finish()
        }
        Err(error) => page::failed(&Frame::of(&sign_in, &request), &error, Some(&return_to)),
    }
}

/// The form for a username and a password, with the token that comes back with it.
pub(super) fn form_page(
    sign_in: &SignIn,
    request: &HttpRequest,
    return_to: &LocalPath,
    status: StatusCode,
    complaint: Option<&form::Complaint>,
) -> HttpResponse {
    let frame = Frame::of(sign_in, request);
    with_token(sign_in, request, |token| page::form(&frame, return_to, token, status, complaint))
}

/// A page with a form, with the token that comes back with it.
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
    // A cookie that cannot be written leaves a form that is refused: nothing worse.
    let _added = response.add_cookie(&sign_in.cookies().of_form(&nonce));
    response
}

/// Where to go after the sign-in; `None` when that is no place on this site.
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
