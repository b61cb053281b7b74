//! `PUT /api/me/password`: the password of the caller, a built-in user.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Actor, Principal};
use identity_core::service::cluster::ClusterUsers;
use identity_core::service::{Authentication, AuthenticationError, Caller};
use identity_core::value::{Secret, Username};
use identity_core::world::World;
use serde::Deserialize;
use tracing::warn;
use utoipa::ToSchema;

use super::Failures;
use crate::address;
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::Findings;
use crate::login;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::rule::Rule;
use crate::session::{self, SignIn};

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/me/password").put(change));
}

/// The current and the new password of the caller.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPassword {
    #[schema(format = Password)]
    current: String,
    /// 15 to 256 characters, and not easy to guess.
    #[schema(format = Password, min_length = 15, max_length = 256)]
    new: String,
}

/// Changes the caller's password. Needs no permission.
///
/// Wrong current passwords count against the rate limit of sign-ins. All other sessions of the caller end. A browser gets a
/// new session. Only in the profile `builtin`.
#[utoipa::path(put, path = "/api/me/password", tag = "me", request_body = OwnPassword,
    responses((status = 204), Failures))]
pub(crate) async fn change(
    request: HttpRequest,
    users: Data<ClusterUsers>,
    authentication: Data<Authentication>,
    Authenticated(caller): Authenticated,
    Body(OwnPassword { current, new }): Body<OwnPassword>,
) -> Result<HttpResponse, Problem> {
    let Actor::Principal(Principal::User(username)) = &caller.actor else {
        return Err(Problem::bad_request("invalid", "The caller has no password."));
    };
    let mut findings = Findings::of_body();
    if current == new {
        findings.within("new", |at| at.refuse("new", Rule::same()));
    }
    let known = known_about(&request, &caller.world, username);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let Some(new) = findings.take("new", Secret::new_password(new, &known)).filter(|_| findings.is_empty()) else {
        return Err(findings.problem());
    };
    let (address, request_id) = (address::of(&request), caller.request_id.clone());
    let verified = authentication.basic(username.as_str(), &Secret::new(current), address, request_id).await;
    let verified = match verified {
        Ok(verified) => verified,
        Err(AuthenticationError::Password) => {
            users.record_wrong_password(&caller, address).await;
            findings.within("current", |at| at.refuse("current", Rule::wrong()));
            return Err(findings.problem());
        }
        Err(error) => return Err(Problem::from_authentication(&error, Vec::new())),
    };
    written(&request, users.set_own_password(&verified, &new).await?);
    let mut response = HttpResponse::NoContent();
    if let Some(sign_in) = request.app_data::<Data<SignIn>>() {
        renew_sessions(sign_in, &users, &request, &caller, &mut response).await?;
    }
    Ok(response.finish())
}

/// Gives the session of the request a new id, and ends all other sessions of the caller.
async fn renew_sessions(
    sign_in: &SignIn,
    users: &ClusterUsers,
    request: &HttpRequest,
    caller: &Caller,
    response: &mut actix_web::HttpResponseBuilder,
) -> Result<(), Problem> {
    // The sessions of built-in users have no tokens to revoke.
    let _ended = sign_in.sessions.end_others(caller, None).await?;
    if session::of(request).is_none() {
        return Ok(());
    }
    let renewed = Caller { world: users.world(), ..caller.clone() };
    match sign_in.sessions.open_for_user(&renewed, login::browser(sign_in, request)).await {
        Ok(id) => {
            for cookie in sign_in.cookies().of_session(&id, &sign_in.sessions.csrf_token(&id)) {
                response.cookie(cookie);
            }
        }
        // The password is changed. The user has to sign in with it.
        Err(error) => warn!(error = &error as &dyn std::error::Error, "session.renewal.failed"),
    }
    Ok(())
}

/// Returns texts that a new password of a user must not mainly consist of: the names of the user and of this server.
pub(super) fn known_about(request: &HttpRequest, world: &World, username: &Username) -> Vec<String> {
    let user = world.user(username.as_str());
    let name = user.and_then(|user| user.name.as_ref()).map(ToString::to_string);
    let email = user.and_then(|user| user.email.as_ref()).map(ToString::to_string);
    let host = request.connection_info().host().to_owned();
    [Some(username.to_string()), name, email, Some(host)].into_iter().flatten().collect()
}
