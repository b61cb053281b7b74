//! `/api/users`: users in an external directory (docs/reference/management-api.md §1.2). Built-in users:
//! `stored_users.rs`.

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{DirectoryUserChange, NewDirectoryUser, Principal};
use identity_core::service::session::Sessions;
use identity_core::service::{Caller, People, UserSummary};
use identity_core::value::{Email, InvalidValue, Name, RoleId, Secret, Username};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::view::{GroupReference, ResourceAuthorizationView, RoleView, UserView};
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::rule::Rule;

/// Maximum number of ids in the query parameter `userIds`.
const MAX_IDS: usize = 1000;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/users").get(list).post(create))
        .service(resource("/users/{id}").get(find).put(update))
        .service(resource("/users/{id}/roles").get(roles).post(add_role))
        .service(resource("/users/{id}/roles/{roleName}").delete(remove_role))
        .service(resource("/users/{id}/groups").get(groups))
        .service(resource("/users/{id}/authorizations").get(authorizations));
}

/// Selects users by id.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct IdsQuery {
    /// Comma-separated ids, at most 1000. Only these users are returned, in this order. Responds with 404 if a user
    /// does not exist.
    user_ids: Option<String>,
}

/// A user to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserBody {
    username: String,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    /// Without a password, sign-in depends on the directory's configuration, for example on another identity provider.
    #[schema(format = Password)]
    password: Option<String>,
    /// Whether the user can sign in. Default `true`.
    enabled: Option<bool>,
}

/// Changes to a user. Absent members remain unchanged; null removes a value.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserChange {
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<String>)]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<String>)]
    last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// Whether the user can sign in and has access.
    pub(super) enabled: Option<bool>,
    /// New password of a built-in user: 15 to 256 characters, and not easy to guess.
    #[schema(format = Password, min_length = 15, max_length = 256)]
    pub(super) password: Option<String>,
}

impl UserChange {
    /// Returns the names of the given members that only users in a directory have.
    pub(super) fn names_of_directory_fields(&self) -> impl Iterator<Item = &'static str> {
        let fields = [("firstName", &self.first_name), ("lastName", &self.last_name), ("email", &self.email)];
        fields.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name)
    }
}

impl IdsQuery {
    /// Parses the ids; `None` if none are given.
    pub(super) fn parse(self) -> Result<Option<Vec<Username>>, Problem> {
        let Some(ids) = self.user_ids else { return Ok(None) };
        let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.len() > MAX_IDS {
            return Err(Problem::bad_request("user_ids", "userIds must not have more than 1000 ids."));
        }
        one("userIds", ids.into_iter().map(Username::parse).collect::<Result<_, _>>()).map(Some)
    }
}

/// A role to assign to a user.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRoleBody {
    role_name: String,
}

/// Lists users, ordered by username.
///
/// For built-in users, the caller needs the authorizations of `/v2/users`; others are omitted.
///
/// `X-Total-Count` is the total number of users.
#[utoipa::path(get, path = "/api/users", tag = "users", params(ListQuery, IdsQuery),
    responses((status = 200, body = Vec<UserView>), Failures))]
pub(crate) async fn list(
    people: Data<People>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ids: IdsQuery = page::query(&request)?;
    let list: ListQuery = page::query_without(&request, &["userIds"])?;
    let view = |person| UserView::from(UserSummary::from(person));
    let Some(ids) = ids.parse()? else {
        return Ok(page::respond(people.list(&caller, &list.parse()?).await?, view));
    };
    let found = people.find_all(&caller, &ids).await?;
    Ok(HttpResponse::Ok().json(found.into_iter().map(view).collect::<Vec<_>>()))
}

/// Creates a user.
///
/// The response contains the generated id.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = UserBody,
    responses((status = 201, body = UserView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    people: Data<People>,
    Authenticated(caller): Authenticated,
    Body(body): Body<UserBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let username = findings.take("username", Name::parse(body.username.trim()));
    let first_name = findings.take("firstName", optional(body.first_name.as_deref(), Name::parse));
    let last_name = findings.take("lastName", optional(body.last_name.as_deref(), Name::parse));
    let email = findings.take("email", optional(body.email.as_deref(), Email::parse));
    let password = body.password.filter(|password| !password.is_empty());
    let password = password.map(|text| Secret::of_length("password", text, Secret::PASSWORD_MIN)).transpose();
    let password = findings.take("password", password);
    let (Some(username), Some(first_name), Some(last_name), Some(email), Some(password)) =
        (username, first_name, last_name, email, password)
    else {
        return Err(findings.problem());
    };
    let enabled = body.enabled.unwrap_or(true);
    let new = NewDirectoryUser { username, first_name, last_name, email, enabled, password };
    let person = written(&request, people.create(&caller, &new).await?);
    Ok(HttpResponse::Created().json(UserView::from(UserSummary::from(person))))
}

/// Returns a user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = UserView), Failures))]
pub(crate) async fn find(
    people: Data<People>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let user = people.find(&caller, &id).await?;
    Ok(precondition::respond(Some(user.version()), &UserView::from(UserSummary::from(user))))
}

/// Updates a user's names and email address, and enables or disables sign-in.
///
/// Disabling ends the user's sessions. Of built-in users, only `enabled` and `password` can be changed here.
#[utoipa::path(put, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)),
    request_body = UserChange, responses((status = 204), Failures))]
pub(crate) async fn update(
    request: HttpRequest,
    people: Data<People>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<UserChange>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let name = |text: Option<Option<String>>| text.map(|text| optional(text.as_deref(), Name::parse)).transpose();
    let first_name = findings.take("firstName", name(body.first_name));
    let last_name = findings.take("lastName", name(body.last_name));
    if body.password.is_some() {
        findings.within("password", |at| at.refuse("password", Rule::elsewhere("the directory")));
    }
    let (Some(first_name), Some(last_name), true) = (first_name, last_name, findings.is_empty()) else {
        return Err(findings.problem());
    };
    // Passes the email address on without parsing it: a new one must be valid, but an invalid current one may be kept.
    let change = DirectoryUserChange { first_name, last_name, email: body.email, enabled: body.enabled };
    written(&request, people.update(&caller, &id, change).await?);
    if body.enabled == Some(false) {
        end_sessions(&request, &caller, one("id", Username::parse(&id))?).await?;
    }
    Ok(crate::done())
}

/// Ends the sessions of a user that the caller has just disabled.
pub(super) async fn end_sessions(request: &HttpRequest, caller: &Caller, who: Username) -> Result<(), Problem> {
    if let Some(sessions) = request.app_data::<Data<Sessions>>() {
        actix_web::rt::spawn(sessions.end_of_disabled(caller, Principal::User(who)).await?.revoke());
    }
    Ok(())
}

/// Lists the roles assigned directly to a user, ordered by name.
#[utoipa::path(get, path = "/api/users/{id}/roles", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = Vec<RoleView>), Failures))]
pub(crate) async fn roles(
    people: Data<People>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let roles = people.roles(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(roles.into_iter().map(RoleView::from).collect::<Vec<_>>()))
}

/// Assigns a role to a user.
///
/// Succeeds if the user already has the role.
#[utoipa::path(post, path = "/api/users/{id}/roles", tag = "users", params(("id" = String, Path)),
    request_body = UserRoleBody, responses((status = 204), Failures))]
pub(crate) async fn add_role(
    request: HttpRequest,
    people: Data<People>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<UserRoleBody>,
) -> Result<HttpResponse, Problem> {
    let role = one("roleName", RoleId::parse(&body.role_name))?;
    written(&request, people.assign_role(&caller, &id, &role).await?);
    Ok(crate::done())
}

/// Unassigns a role from a user.
#[utoipa::path(delete, path = "/api/users/{id}/roles/{roleName}", tag = "users",
    params(("id" = String, Path), ("roleName" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_role(
    request: HttpRequest,
    people: Data<People>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let role = one("roleName", RoleId::parse(&path.1))?;
    written(&request, people.unassign_role(&caller, &path.0, &role).await?);
    Ok(crate::done())
}

/// Lists the groups of a user, ordered by name.
#[utoipa::path(get, path = "/api/users/{id}/groups", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = Vec<GroupReference>), Failures))]
pub(crate) async fn groups(
    people: Data<People>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let groups = people.groups(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(groups.into_iter().map(GroupReference::from).collect::<Vec<_>>()))
}

/// Lists the authorizations owned directly by a user.
#[utoipa::path(get, path = "/api/users/{id}/authorizations", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = Vec<ResourceAuthorizationView>), Failures))]
pub(crate) async fn authorizations(
    people: Data<People>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    page::answer_some(people.authorizations(&caller, &id).await?, ResourceAuthorizationView::of).await
}

/// Trims and parses an optional value. A blank text counts as absent.
fn optional<T>(
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
) -> Result<Option<T>, InvalidValue> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(parse).transpose()
}
