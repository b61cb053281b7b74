//! The pages of sign-in and sign-out.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use identity_core::port::RefusedSignIn;
use identity_core::service::session::SignInError;
use identity_core::value::{LocalPath, Secret};
use maud::{DOCTYPE, Markup, html};

use super::SignIn;
use super::form::Complaint;

/// No script, no frame, nothing from elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(include_str!("style.css"))
}

fn page(sign_in: &SignIn, status: StatusCode, title: &str, content: &Markup) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Identity" }
                link rel="stylesheet" href=(sign_in.path("/auth/style.css"));
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

/// The form for a username and a password.
pub(super) fn form(
    sign_in: &SignIn,
    return_to: &LocalPath,
    token: &str,
    status: StatusCode,
    complaint: Option<&Complaint>,
) -> HttpResponse {
    let complaint = complaint.map(|complaint| match complaint {
        Complaint::Wrong => "The username or the password is wrong.".to_owned(),
        Complaint::Throttled(pause) => {
            format!("Too many attempts have failed. Try again in {} seconds.", pause.as_secs().max(1))
        }
        Complaint::Forged => "This form was too old. Please try again.".to_owned(),
    });
    let content = html! {
        @if let Some(complaint) = &complaint {
            p.complaint role="alert" { (complaint) }
        }
        form method="post" action=(sign_in.path("/auth/login")) {
            input type="hidden" name="_csrf" value=(token);
            input type="hidden" name="return_to" value=(return_to);
            label for="username" { "Username" }
            input #username name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus;
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password" required;
            button type="submit" { "Sign in" }
        }
    };
    page(sign_in, status, "Sign in", &content)
}

/// The providers to choose from.
pub(super) fn choose(sign_in: &SignIn, return_to: &LocalPath) -> HttpResponse {
    let link = |provider: &str| {
        let query = [("provider", provider), ("return_to", return_to.as_str())];
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        sign_in.path(&format!("/auth/login?{query}"))
    };
    let content = html! {
        ul.providers {
            @for (id, name) in sign_in.sessions.providers() {
                li { a.button href=(link(id)) { "Sign in with " (name) } }
            }
        }
    };
    page(sign_in, StatusCode::OK, "Sign in", &content)
}

/// Why nobody is signed in, and what to do about it.
pub(super) fn failed(sign_in: &SignIn, error: &SignInError, return_to: Option<&LocalPath>) -> HttpResponse {
    let advice = match error {
        SignInError::Unavailable { .. } => "The sign-in provider cannot be reached. Try again in a moment.",
        SignInError::Store(_) | SignInError::NoRandomness => {
            "Something went wrong on the server. Try again in a moment."
        }
        SignInError::UnknownProvider => "There is no such sign-in provider.",
        SignInError::Declined(_) => "The sign-in provider did not let you in. Ask your administrator, or try again.",
        SignInError::Refused(RefusedSignIn::Grant) => {
            "This sign-in was used before or took too long. Please try again."
        }
        SignInError::Refused(_) => {
            "What the sign-in provider answered cannot be accepted. Tell your administrator the code below."
        }
        _ => "This sign-in was not begun in this browser, was used before, or took too long. Please try again.",
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
    } else {
        tracing::info!(reason = error.code(), "sign_in.refused");
    }
    let content = html! {
        p { (advice) }
        p { a.button href=(sign_in.path(&again)) { "Try again" } }
        p.code { "Code: " code { (error.code()) } }
    };
    page(sign_in, status_of(error), "You are not signed in", &content)
}

pub(super) fn foreign_target(sign_in: &SignIn) -> HttpResponse {
    let content = html! {
        p { "The link that you followed leads to another site after the sign-in. It was not followed." }
        p { a.button href=(sign_in.path("/auth/login")) { "Sign in" } }
        p.code { "Code: " code { "return_target" } }
    };
    page(sign_in, StatusCode::BAD_REQUEST, "You are not signed in", &content)
}

/// Asks whether to sign out.
pub(super) fn sign_out(sign_in: &SignIn, token: &Secret) -> HttpResponse {
    let content = html! {
        form method="post" action=(sign_in.path("/auth/logout")) {
            input type="hidden" name="_csrf" value=(token.expose());
            button type="submit" { "Sign out" }
        }
        p { a href=(sign_in.path("/")) { "Stay signed in" } }
    };
    page(sign_in, StatusCode::OK, "Do you want to sign out?", &content)
}

/// The way to the provider's own sign-out. No redirect: browsers would count it as the form's, which may only go to this site.
pub(super) fn on_to_the_provider(sign_in: &SignIn, location: &str) -> HttpResponse {
    let content = html! {
        p { "You are signed out here. Your provider signs you out next." }
        p { a.button href=(location) { "Continue" } }
    };
    let mut response = page(sign_in, StatusCode::OK, "Signing out", &content);
    if let Ok(value) = format!("0; url={location}").parse() {
        response.headers_mut().insert(actix_web::http::header::HeaderName::from_static("refresh"), value);
    }
    response
}

pub(super) fn signed_out(sign_in: &SignIn) -> HttpResponse {
    let content = html! { p { a.button href=(sign_in.path("/auth/login")) { "Sign in again" } } };
    page(sign_in, StatusCode::OK, "You are signed out", &content)
}

/// The status of an answer to somebody who is not signed in.
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
