//! HTML pages for sign-in, sign-out and setup.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::RejectedToken;
use identity_core::port::RefusedSignIn;
use identity_core::service::session::SignInError;
use identity_core::value::{LocalPath, Secret};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use super::texts::{Texts, filled};
use crate::session::SignIn;

/// Error message about the previous attempt, shown above the sign-in form.
pub(super) enum Complaint {
    /// Wrong username or password.
    Wrong,
    /// Too many attempts. Contains the time until the next attempt is allowed.
    Throttled(Duration),
    /// The CSRF token is missing or wrong. Users see that the form has expired.
    Forged,
}

/// Fields of the setup form. A rejected form is shown again with all values except the password.
#[derive(Default, Deserialize)]
pub(super) struct Wanted {
    pub(super) username: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) password: String,
    #[serde(rename = "_csrf")]
    pub(super) csrf: Option<String>,
}

/// Content security policy of all pages: no scripts, no framing and no resources from other origins.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Settings and translated texts that all pages need.
pub(super) struct Frame<'f> {
    pub(super) sign_in: &'f SignIn,
    pub(super) texts: &'static Texts,
}

impl<'f> Frame<'f> {
    /// Selects the texts in the language of the request.
    pub(super) fn of(sign_in: &'f SignIn, request: &HttpRequest) -> Self {
        Self { sign_in, texts: Texts::for_reader(request) }
    }
}

pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(include_str!("style.css"))
}

fn page(frame: &Frame<'_>, status: StatusCode, title: &str, content: &Markup) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang=(frame.texts.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Identity" }
                link rel="stylesheet" href=(frame.sign_in.path("/auth/style.css"));
                link rel="icon" href="data:,";
            }
            body {
                main {
                    p.product { "Identity" }
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page.into_string())
}

/// Sign-in form for username and password. `token` is the CSRF token, `status` the HTTP status of the response.
pub(super) fn form(
    frame: &Frame<'_>,
    return_to: &LocalPath,
    token: &str,
    status: StatusCode,
    complaint: Option<&Complaint>,
) -> HttpResponse {
    let texts = frame.texts;
    let complaint = complaint.map(|complaint| match complaint {
        Complaint::Wrong => texts.wrong.to_owned(),
        Complaint::Throttled(pause) => filled(texts.throttled, &pause.as_secs().max(1).to_string()),
        Complaint::Forged => texts.too_old.to_owned(),
    });
    let content = html! {
        @if let Some(complaint) = &complaint {
            p.complaint role="alert" { (complaint) }
        }
        form method="post" action=(frame.sign_in.path("/auth/login")) {
            input type="hidden" name="_csrf" value=(token);
            input type="hidden" name="return_to" value=(return_to);
            label for="username" { (texts.username) }
            input #username name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus;
            label for="password" { (texts.password) }
            input #password name="password" type="password" autocomplete="current-password" required;
            button type="submit" { (texts.sign_in) }
        }
    };
    page(frame, status, texts.sign_in, &content)
}

/// Form to create the first administrator. `complaint` is the error of the previous attempt.
pub(super) fn set_up(
    frame: &Frame<'_>,
    wanted: &Wanted,
    token: &str,
    status: StatusCode,
    complaint: Option<&str>,
) -> HttpResponse {
    let texts = frame.texts;
    let content = html! {
        p { (texts.set_up_lead) }
        @if let Some(complaint) = complaint {
            p.complaint role="alert" { (filled(texts.set_up_failed, complaint)) }
        }
        form method="post" action=(frame.sign_in.path("/auth/setup")) {
            input type="hidden" name="_csrf" value=(token);
            label for="username" { (texts.username) }
            input #username name="username" value=(wanted.username) autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus;
            label for="name" { (texts.name) }
            input #name name="name" value=(wanted.name) autocomplete="name";
            label for="email" { (texts.email) }
            input #email name="email" type="email" value=(wanted.email) autocomplete="email";
            label for="password" { (texts.password) }
            input #password name="password" type="password" autocomplete="new-password" required;
            button type="submit" { (texts.set_up_button) }
        }
    };
    page(frame, status, texts.set_up, &content)
}

/// Page with a sign-in link for each identity provider.
pub(super) fn choose(frame: &Frame<'_>, return_to: &LocalPath) -> HttpResponse {
    let texts = frame.texts;
    let link = |provider: &str| {
        let query = [("provider", provider), ("return_to", return_to.as_str())];
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        frame.sign_in.path(&format!("/auth/login?{query}"))
    };
    let content = html! {
        ul.providers {
            @for (id, name) in frame.sign_in.sessions.providers() {
                li { a.button href=(link(id)) { (filled(frame.texts.sign_in_with, name)) } }
            }
        }
    };
    page(frame, StatusCode::OK, texts.sign_in, &content)
}

/// Error page for a failed sign-in, with advice and an error code for the user. Logs the error.
pub(super) fn failed(frame: &Frame<'_>, error: &SignInError, return_to: Option<&LocalPath>) -> HttpResponse {
    let texts = frame.texts;
    let advice = match error {
        SignInError::Unavailable { .. } => texts.unavailable,
        SignInError::Store(_) | SignInError::NoRandomness => texts.server_failed,
        SignInError::UnknownProvider => texts.unknown_provider,
        SignInError::Declined(_) => texts.declined,
        SignInError::Refused(RefusedSignIn::Grant) => texts.used_before,
        SignInError::Refused(_) => texts.unacceptable,
        _ => texts.not_begun_here,
    };
    let again = return_to.map_or_else(
        || "/auth/login".to_owned(),
        |target| {
            let query = [("return_to", target.as_str())];
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            format!("/auth/login?{query}")
        },
    );
    if let SignInError::Store(error) = error {
        tracing::error!(error = error as &dyn std::error::Error, "sign_in.store.failed");
    } else if let SignInError::Refused(RefusedSignIn::Token(reason)) = error {
        tracing::info!(reason = error.code(), detail = %reason, "sign_in.refused");
    } else {
        tracing::info!(reason = error.code(), "sign_in.refused");
    }
    let detail = match error {
        SignInError::Refused(RefusedSignIn::Token(reason @ RejectedToken::TooLarge(_))) => Some(reason.to_string()),
        _ => None,
    };
    let content = html! {
        p { (advice) }
        p { a.button href=(frame.sign_in.path(&again)) { (texts.try_again) } }
        p.code { (texts.code) code { (error.code()) } }
        @if let Some(detail) = detail { p.code { code { (detail) } } }
    };
    page(frame, status_of(error), texts.not_signed_in, &content)
}

pub(super) fn foreign_target(frame: &Frame<'_>) -> HttpResponse {
    let texts = frame.texts;
    let content = html! {
        p { (texts.foreign_target) }
        p { a.button href=(frame.sign_in.path("/auth/login")) { (texts.sign_in) } }
        p.code { (texts.code) code { "return_target" } }
    };
    page(frame, StatusCode::BAD_REQUEST, texts.not_signed_in, &content)
}

/// Page that asks the user to confirm the sign-out.
pub(super) fn sign_out(frame: &Frame<'_>, token: &Secret) -> HttpResponse {
    let texts = frame.texts;
    let content = html! {
        form method="post" action=(frame.sign_in.path("/auth/logout")) {
            input type="hidden" name="_csrf" value=(token.expose());
            button type="submit" { (texts.sign_out) }
        }
        p { a href=(frame.sign_in.path("/")) { (texts.stay) } }
    };
    page(frame, StatusCode::OK, texts.sign_out_question, &content)
}

/// Page that forwards the browser to the sign-out page of the identity provider at `location`.
///
/// A redirect would be blocked: browsers apply `form-action 'self'` of the submitting page to redirects as well.
pub(super) fn on_to_the_provider(frame: &Frame<'_>, location: &str) -> HttpResponse {
    let texts = frame.texts;
    let content = html! {
        p { (texts.provider_next) }
        p { a.button href=(location) { (texts.go_on) } }
    };
    let mut response = page(frame, StatusCode::OK, texts.signing_out, &content);
    if let Ok(value) = format!("0; url={location}").parse() {
        response.headers_mut().insert(actix_web::http::header::HeaderName::from_static("refresh"), value);
    }
    response
}

pub(super) fn signed_out(frame: &Frame<'_>) -> HttpResponse {
    let texts = frame.texts;
    let content = html! { p { a.button href=(frame.sign_in.path("/auth/login")) { (texts.sign_in_again) } } };
    page(frame, StatusCode::OK, texts.signed_out, &content)
}

/// Returns the HTTP status of the error page for a failed sign-in.
fn status_of(error: &SignInError) -> StatusCode {
    match error {
        SignInError::Unavailable { .. } | SignInError::Store(_) | SignInError::NoRandomness => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        SignInError::UnknownProvider => StatusCode::NOT_FOUND,
        SignInError::Declined(_) => StatusCode::FORBIDDEN,
        SignInError::Refused(RefusedSignIn::Client | RefusedSignIn::Provider(_) | RefusedSignIn::Malformed(_)) => {
            StatusCode::BAD_GATEWAY
        }
        _ => StatusCode::BAD_REQUEST,
    }
}
