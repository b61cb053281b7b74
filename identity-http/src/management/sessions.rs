//! `/api/sessions`, `/api/me/session` and `/api/me/sessions`: lists and ends browser sessions.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::Principal;
use identity_core::port::{ClaimSource, SessionQuery};
use identity_core::service::session::{EndedSessions, SessionView, Sessions};
use identity_core::service::{ListRequest, ServiceError};
use identity_core::value::Username;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use crate::authentication::Authenticated;
use crate::findings::one;
use crate::page::{self, ListQuery, PageQuery};
use crate::problem::Problem;
use crate::route::resource;
use crate::schema;
use crate::session;
use crate::timestamp;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/me/session").get(own_session))
        .service(resource("/me/sessions").get(own).delete(end_others))
        .service(resource("/me/sessions/{key}").delete(end_own))
        .service(resource("/sessions").get(list).delete(end_all_of))
        .service(resource("/sessions/{key}").delete(end_one));
}

/// A browser session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionItem {
    /// Key for ending the session. It is not the session cookie.
    key: String,
    /// Username.
    username: String,
    /// Issuer that the user signed in with. Null for sign-in with a password.
    #[schema(required)]
    issuer: Option<String>,
    /// User agent of the browser.
    #[schema(required)]
    user_agent: Option<String>,
    /// Time of sign-in (RFC 3339).
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    created_at: OffsetDateTime,
    /// Time of the last activity, with a precision of one minute.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    last_active_at: OffsetDateTime,
    /// Time at which the session ends without further activity.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: OffsetDateTime,
    /// Whether this is the session of the current request.
    current: bool,
}

impl SessionItem {
    fn new(session: SessionView, current: Option<&str>) -> Self {
        Self {
            current: current == Some(session.key.as_str()),
            username: session.principal.id().to_owned(),
            key: session.key,
            issuer: session.issuer,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_active_at: session.last_active_at,
            expires_at: session.expires_at,
        }
    }
}

/// Claims about the user and their sources.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionClaimsView {
    /// Top-level claims by name.
    claims: BTreeMap<String, SourcedClaim>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SourcedClaim {
    /// Value of the claim.
    #[schema(value_type = Object)]
    value: Value,
    /// Source of the claim.
    #[schema(value_type = Option<String>, required, example = "ID_TOKEN")]
    source: Option<ClaimSource>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhoseQuery {
    /// Username of the sessions to end.
    #[param(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$"
    )]
    username: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// Username of the sessions to list. Default: all users.
    #[param(schema_with = schema::id)]
    username: Option<String>,
    /// Only sessions of users whose username contains this text. Not case-sensitive in ASCII letters.
    #[param(max_length = 256)]
    search: Option<String>,
    /// Page number, starting at 0. Default: the first page.
    #[param(maximum = 4294967295.0)]
    page: Option<u32>,
    /// Page size, 1 to 10 000. Default 50 if `page` is given, otherwise 10 000.
    #[param(minimum = 1, maximum = 10000)]
    result_size: Option<usize>,
}

/// Returns the claims in the caller's session and their sources.
///
/// Mapping rules evaluate these claims.
#[utoipa::path(get, path = "/api/me/session", tag = "sessions",
    responses((status = 200, body = SessionClaimsView), Failures))]
pub(crate) async fn own_session(
    request: HttpRequest,
    sessions: Data<Sessions>,
    _caller: Authenticated,
) -> Result<HttpResponse, Problem> {
    let claims = match session::of(&request) {
        Some(session) => sessions.claims(&session.id).await?,
        None => None,
    };
    let claims = claims.map(|claims| claims.0).unwrap_or_default();
    let claims = claims.into_iter().map(|(name, (value, source))| (name, SourcedClaim { value, source })).collect();
    Ok(HttpResponse::Ok().json(SessionClaimsView { claims }))
}

/// Lists the caller's sessions, newest first.
#[utoipa::path(get, path = "/api/me/sessions", tag = "sessions", params(PageQuery),
    responses((status = 200, body = Vec<SessionItem>), Failures))]
pub(crate) async fn own(
    request: HttpRequest,
    sessions: Data<Sessions>,
    Authenticated(caller): Authenticated,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.into_inner().parse()?;
    let current = session::of(&request).map(|session| session.key);
    Ok(page::respond(sessions.own(&caller, page).await?, move |item| SessionItem::new(item, current.as_deref())))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/api/me/sessions/{key}", tag = "sessions", params(("key" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn end_own(
    sessions: Data<Sessions>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    done(sessions.end_own(&caller, &key).await)
}

/// Ends all of the caller's sessions except the current one.
#[utoipa::path(delete, path = "/api/me/sessions", tag = "sessions", responses((status = 204), Failures))]
pub(crate) async fn end_others(
    request: HttpRequest,
    sessions: Data<Sessions>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let current = session::of(&request).map(|session| session.key);
    done(sessions.end_others(&caller, current.as_deref()).await)
}

/// Lists the sessions of one user or of all users, newest first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(SessionsQuery),
    responses((status = 200, body = Vec<SessionItem>), Failures))]
pub(crate) async fn list(
    request: HttpRequest,
    sessions: Data<Sessions>,
    Authenticated(caller): Authenticated,
    query: Query<SessionsQuery>,
) -> Result<HttpResponse, Problem> {
    let SessionsQuery { username, search, page, result_size } = query.into_inner();
    let ListRequest { search, page } = ListQuery::new(search, PageQuery { page, result_size }).parse()?;
    let of = username.map(|username| user(&username)).transpose()?;
    let current = session::of(&request).map(|session| session.key);
    Ok(page::respond(sessions.list(&caller, SessionQuery { of, search, page }).await?, move |item| {
        SessionItem::new(item, current.as_deref())
    }))
}

/// Ends a session of any user.
#[utoipa::path(delete, path = "/api/sessions/{key}", tag = "sessions", params(("key" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn end_one(
    sessions: Data<Sessions>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    done(sessions.end_one(&caller, &key).await)
}

/// Ends all sessions of a user.
#[utoipa::path(delete, path = "/api/sessions", tag = "sessions", params(WhoseQuery),
    responses((status = 204), Failures))]
pub(crate) async fn end_all_of(
    sessions: Data<Sessions>,
    Authenticated(caller): Authenticated,
    query: Query<WhoseQuery>,
) -> Result<HttpResponse, Problem> {
    let of = user(&query.username)?;
    done(sessions.end_all_of(&caller, of).await)
}

fn user(username: &str) -> Result<Principal, Problem> {
    one("username", Username::parse(username)).map(Principal::User)
}

/// Responds with 204 immediately. The refresh tokens of the ended sessions are revoked in the background.
fn done(ended: Result<EndedSessions, ServiceError>) -> Result<HttpResponse, Problem> {
    actix_web::rt::spawn(ended?.revoke());
    Ok(crate::done())
}
