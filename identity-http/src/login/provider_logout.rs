//! Sign-out that the identity provider initiates, either from server to server (OpenID Connect Back-Channel Logout 1.0)
//! or through the browser (OpenID Connect Front-Channel Logout 1.0).
//!
//! Front-channel logout requires a browser that sends this site's cookies in frames of other sites.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::service::session::LogoutError;
use serde::Deserialize;
use serde_json::json;

use super::request_id;
use crate::body::Form;
use crate::problem::Problem;
use crate::session::SignIn;

#[derive(Deserialize)]
pub(super) struct LogoutTokenForm {
    logout_token: String,
}

pub(super) async fn back_channel(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    form: Result<Form<LogoutTokenForm>, Problem>,
) -> HttpResponse {
    let refuse = |status: StatusCode, reason: &str| {
        HttpResponse::build(status)
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({"error": "invalid_request", "error_description": reason}))
    };
    let form = match form {
        Ok(Form(form)) => form,
        Err(problem) => return problem.error_response(),
    };
    let Some(form) = form else { return refuse(StatusCode::BAD_REQUEST, "logout_token_missing") };
    match sign_in.sessions.back_channel(&form.logout_token, request_id(&request).as_deref()).await {
        Ok(ended) => {
            actix_web::rt::spawn(ended.revoke());
            HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish()
        }
        Err(error @ (LogoutError::Unavailable | LogoutError::Store(_))) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, error.code())
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, error.code()),
    }
}

#[derive(Deserialize)]
pub(super) struct FrontChannelQuery {
    iss: Option<String>,
    sid: Option<String>,
}

pub(super) async fn front_channel(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    Query(query): Query<FrontChannelQuery>,
) -> HttpResponse {
    let cookies = sign_in.cookies();
    if let (Some(id), Some(issuer), Some(sid)) = (cookies.session(&request), query.iss, query.sid) {
        match sign_in.sessions.front_channel(&id, &issuer, &sid, request_id(&request).as_deref()).await {
            Ok(ended) => {
                actix_web::rt::spawn(ended.revoke());
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "session.front_channel.failed"),
        }
    }
    // The provider shows this page in a hidden frame.
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors *"))
        .content_type("text/html; charset=utf-8")
        .body("<!doctype html><title>Signed out</title>")
}
