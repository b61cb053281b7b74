//! `/api/groups`: groups with their users, roles and authorizations (docs/reference/management-api.md §1.4).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::service::Groups;
use identity_core::value::{GroupId, Name, RoleId, Username};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Failures;
use super::view::{GroupView, ResourceAuthorizationView, RoleView, UserView};
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::one;
use crate::page::{self, ListQuery};
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/groups").get(list).post(create))
        .service(resource("/groups/{id}").get(find).put(rename).delete(delete))
        .service(resource("/groups/{id}/users").get(users).post(add_user))
        .service(resource("/groups/{id}/users/{userId}").delete(remove_user))
        .service(resource("/groups/{id}/roles").get(roles).post(add_role))
        .service(resource("/groups/{id}/roles/{roleName}").delete(remove_role))
        .service(resource("/groups/{id}/authorizations").get(authorizations));
}

/// Name of a group to create or rename.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Sales"}))]
pub(crate) struct GroupBody {
    #[schema(schema_with = schema::name)]
    name: String,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// A user to add to a group.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupUserBody {
    #[schema(schema_with = schema::id)]
    user_id: String,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// A role to assign to a group.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupRoleBody {
    #[schema(schema_with = schema::id)]
    role_name: String,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// Lists groups, ordered by id.
///
/// `X-Total-Count` is the total number of groups.
#[utoipa::path(get, path = "/api/groups", tag = "groups", params(ListQuery),
    responses((status = 200, body = Vec<GroupView>), Failures))]
pub(crate) async fn list(
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    page::answer(groups.list(&caller, &list).await?, GroupView::from).await
}

/// Creates a group.
///
/// The response contains its generated id.
#[utoipa::path(post, path = "/api/groups", tag = "groups", request_body = GroupBody,
    responses((status = 201, body = GroupView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    Body(body): Body<GroupBody>,
) -> Result<HttpResponse, Problem> {
    let name = one("name", Name::parse(body.name.trim()))?;
    let group = written(&request, groups.create(&caller, name).await?);
    Ok(HttpResponse::Created().json(GroupView::from(group)))
}

/// Returns a group.
#[utoipa::path(get, path = "/api/groups/{id}", tag = "groups", params(("id" = String, Path)),
    responses((status = 200, body = GroupView), Failures))]
pub(crate) async fn find(
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let group = groups.find(&caller, &id).await?;
    Ok(precondition::respond(Some(group.version()), &GroupView::from(group)))
}

/// Renames a group.
#[utoipa::path(put, path = "/api/groups/{id}", tag = "groups", params(("id" = String, Path)),
    request_body = GroupBody, responses((status = 204), Failures))]
pub(crate) async fn rename(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupBody>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    let name = one("name", Name::parse(body.name.trim()))?;
    written(&request, groups.rename(&caller, &id, name).await?);
    Ok(crate::done())
}

/// Deletes a group with its memberships and authorizations.
#[utoipa::path(delete, path = "/api/groups/{id}", tag = "groups", params(("id" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    written(&request, groups.delete(&caller, id).await?);
    Ok(crate::done())
}

/// Lists the users of a group, ordered by id.
///
/// The parameter `search` is ignored.
#[utoipa::path(get, path = "/api/groups/{id}/users", tag = "groups", params(("id" = String, Path), ListQuery),
    responses((status = 200, body = Vec<UserView>), Failures))]
pub(crate) async fn users(
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    page::answer(groups.users(&caller, &id, &list).await?, UserView::from).await
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/groups/{id}/users", tag = "groups", params(("id" = String, Path)),
    request_body = GroupUserBody, responses((status = 204), Failures))]
pub(crate) async fn add_user(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupUserBody>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    let user = one("userId", Username::parse(&body.user_id))?;
    written(&request, groups.add_user(&caller, id, user).await?);
    Ok(crate::done())
}

/// Removes a user from a group.
#[utoipa::path(delete, path = "/api/groups/{id}/users/{userId}", tag = "groups",
    params(("id" = String, Path), ("userId" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_user(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&path.0))?;
    let user = one("userId", Username::parse(&path.1))?;
    written(&request, groups.remove_user(&caller, id, user).await?);
    Ok(crate::done())
}

/// Lists the roles of a group.
#[utoipa::path(get, path = "/api/groups/{id}/roles", tag = "groups", params(("id" = String, Path)),
    responses((status = 200, body = Vec<RoleView>), Failures))]
pub(crate) async fn roles(
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    page::answer(groups.roles(&caller, &id).await?, RoleView::from).await
}

/// Assigns a role to a group.
#[utoipa::path(post, path = "/api/groups/{id}/roles", tag = "groups", params(("id" = String, Path)),
    request_body = GroupRoleBody, responses((status = 204), Failures))]
pub(crate) async fn add_role(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupRoleBody>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    let role = one("roleName", RoleId::parse(&body.role_name))?;
    written(&request, groups.assign_role(&caller, id, role).await?);
    Ok(crate::done())
}

/// Unassigns a role from a group.
#[utoipa::path(delete, path = "/api/groups/{id}/roles/{roleName}", tag = "groups",
    params(("id" = String, Path), ("roleName" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_role(
    request: HttpRequest,
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&path.0))?;
    let role = one("roleName", RoleId::parse(&path.1))?;
    written(&request, groups.unassign_role(&caller, id, role).await?);
    Ok(crate::done())
}

/// Lists the authorizations of a group.
#[utoipa::path(get, path = "/api/groups/{id}/authorizations", tag = "groups", params(("id" = String, Path)),
    responses((status = 200, body = Vec<ResourceAuthorizationView>), Failures))]
pub(crate) async fn authorizations(
    groups: Data<dyn Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    page::answer_some(groups.authorizations(&caller, &id).await?, ResourceAuthorizationView::of).await
}
