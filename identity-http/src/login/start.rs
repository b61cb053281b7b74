//! `GET /auth/login`: redirects to the identity provider, or shows a page to choose a provider or enter a password.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page::{self, Frame};
use super::sign_in_page::{foreign_target, form_page, return_target};
use crate::session::SignIn;

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    /// Path on this site to redirect to after sign-in.
    pub(super) return_to: Option<String>,
    /// Id of the identity provider. Required only if several are configured; without it, the user chooses on a page.
    provider: Option<String>,
    /// `login` forces a new authentication even if the browser has a session at the provider (OpenID Connect Core
    /// §3.1.2.1).
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
