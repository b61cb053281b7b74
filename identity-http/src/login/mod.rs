//! `/auth`: sign-in and sign-out of browsers (management reference §9.1, orchestration reference §5.9 to §5.11).
//!
//! Pages are plain HTML without script. What a browser holds is the id of its session; nothing of a token ever reaches it.

mod callback;
pub(crate) mod cookies;
pub(crate) mod csrf;
mod form;
mod logout;
mod page;
mod provider_logout;
pub(crate) mod session;
mod set_up;
mod start;
mod texts;

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest};
use identity_core::service::cluster::Setup;
use identity_core::service::session::{Browser, Sessions};
use identity_core::value::LocalPath;

use crate::IdRules;
use crate::request::RequestId;
use cookies::Cookies;

/// The sign-in of browsers.
#[derive(Clone)]
pub struct SignIn {
    /// Their sessions.
    pub sessions: Arc<Sessions>,
    /// Whether people sign in with a username and a password of this server's.
    pub passwords: bool,
    /// Makes the first administrator, where users live here.
    pub setup: Option<FirstAdministrator>,
    /// Whether browsers reach this server by HTTPS.
    pub https: bool,
    /// The path under which everything is: empty, or with a slash at its beginning and none at its end.
    pub base_path: String,
}

/// Makes the first administrator.
#[derive(Clone)]
pub struct FirstAdministrator {
    /// Makes them.
    pub setup: Arc<Setup>,
    /// What usernames may look like.
    pub ids: IdRules,
}

impl SignIn {
    pub(crate) fn mount(&self, config: &mut ServiceConfig) {
        config.app_data(Data::new(self.clone()));
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
                .route("/front-channel-logout", web::get().to(provider_logout::front_channel)),
        );
    }

    pub(crate) fn cookies(&self) -> Cookies<'_> {
        Cookies::new(self.https, &self.base_path)
    }

    /// A path of this server as browsers see it.
    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base_path)
    }

    /// Where browsers go that wanted nothing else.
    fn home(&self) -> Option<LocalPath> {
        LocalPath::parse(&self.path("/")).ok()
    }
}

/// What is known of the browser that signs in.
fn browser(sign_in: &SignIn, request: &HttpRequest) -> Browser {
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

/// Whether whoever asks is a script, which wants data and no page.
fn wants_json(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(actix_web::http::header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|types| types.contains("application/json"))
}
