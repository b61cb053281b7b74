//! `/auth`: sign-in and sign-out of browsers (docs/reference/management-api.md §9.1,
//! docs/reference/orchestration-cluster.md §5.9 to §5.11).
//!
//! The pages are plain HTML without scripts. Browsers receive only a session id, never a token.

mod callback;
mod form;
mod logout;
mod page;
mod provider_logout;
mod set_up;
mod sign_in_page;
mod start;
mod texts;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest};
use identity_core::service::session::Browser;

use crate::problem::no_such_path;
use crate::request::RequestId;
use crate::session::SignIn;

pub(crate) fn mount(sign_in: &SignIn, config: &mut ServiceConfig) {
    config.app_data(Data::new(sign_in.clone()));
    config.service(
        web::scope("/auth")
            .route("/style.css", web::get().to(page::style))
            .route("/login", web::get().to(start::start))
            .route("/login", web::post().to(form::sign_in))
            .route("/setup", web::get().to(set_up::ask))
            .route("/setup", web::post().to(set_up::create))
            .route("/login-callback", web::get().to(callback::callback))
            .route("/logout", web::get().to(logout::ask))
            .route("/logout", web::post().to(logout::sign_out))
            .route("/logged-out", web::get().to(logout::signed_out))
            .route("/back-channel-logout", web::post().to(provider_logout::back_channel))
            .route("/front-channel-logout", web::get().to(provider_logout::front_channel))
            .default_service(web::to(no_such_path)),
    );
}

/// Collects the browser data that is stored with a new session: user agent, client address and previous session.
pub(crate) fn browser(sign_in: &SignIn, request: &HttpRequest) -> Browser {
    let header = request.headers().get(actix_web::http::header::USER_AGENT);
    Browser {
        user_agent: header.and_then(|value| value.to_str().ok()).map(str::to_owned),
        former: sign_in.cookies().session(request),
        request_id: request_id(request),
        address: crate::address::of(request),
    }
}

fn request_id(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.0.to_string())
}

/// Whether the client accepts JSON, as scripts do, instead of an HTML page.
fn wants_json(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(actix_web::http::header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|types| types.contains("application/json"))
}
