//! Groups, their users, roles and authorizations (management reference §1.4).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::service::Groups;
use identity_core::value::{GroupId, Name, RoleId, Username};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Failures;
use super::view::{GroupView, ResourceAuthorizationView, RoleView, UserView};
use crate::authentication::Authenticated;
use crate::body::{Body, one};
use crate::page::{self, ListQuery};
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

/// A group to create, or its new name.
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

/// A user to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupUserBody {
    #[schema(schema_with = schema::id)]
    user_id: String,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// A role to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupRoleBody {
    #[schema(schema_with = schema::id)]
    role_name: String,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// Lists the groups, by id. `X-Total-Count` says how many there are.
#[utoipa::path(get, path = "/api/groups", tag = "groups", params(ListQuery),
    responses((status = 200, body = Vec<GroupView>), Failures))]
pub(crate) async fn list(
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    Ok(page::respond(groups.list(&caller, &list).await?, GroupView::from))
}

/// Creates a group; its id is in the answer.
#[utoipa::path(post, path = "/api/groups", tag = "groups", request_body = GroupBody,
    responses((status = 201, body = GroupView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    Body(body): Body<GroupBody>,
) -> Result<HttpResponse, Problem> {
    let name = one("name", Name::parse(body.name.trim()))?;
    let group = written(&request, groups.create(&caller, name).await?);
    Ok(HttpResponse::Created().json(GroupView::from(group)))
}

/// Shows a group.
#[utoipa::path(get, path = "/api/groups/{id}", tag = "groups", params(("id" = String, Path)),
    responses((status = 200, body = GroupView), Failures))]
pub(crate) async fn find(
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(GroupView::from(groups.find(&caller, &id).await?)))
}

/// Gives a group another name.
#[utoipa::path(put, path = "/api/groups/{id}", tag = "groups", params(("id" = String, Path)),
    request_body = GroupBody, responses((status = 204), Failures))]
pub(crate) async fn rename(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupBody>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    let name = one("name", Name::parse(body.name.trim()))?;
    written(&request, groups.rename(&caller, &id, name).await?);
    Ok(crate::done())
}

/// Deletes a group, with its memberships and authorizations.
#[utoipa::path(delete, path = "/api/groups/{id}", tag = "groups", params(("id" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    written(&request, groups.delete(&caller, id).await?);
    Ok(crate::done())
}

/// Lists a group's users, by id. A search is ignored.
#[utoipa::path(get, path = "/api/groups/{id}/users", tag = "groups", params(("id" = String, Path), ListQuery),
    responses((status = 200, body = Vec<UserView>), Failures))]
pub(crate) async fn users(
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    Ok(page::respond(groups.users(&caller, &id, &list).await?, UserView::from))
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/groups/{id}/users", tag = "groups", params(("id" = String, Path)),
    request_body = GroupUserBody, responses((status = 204), Failures))]
pub(crate) async fn add_user(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupUserBody>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    let user = one("userId", Username::parse(&body.user_id))?;
    written(&request, groups.change_user(&caller, id, user, true).await?);
    Ok(crate::done())
}

/// Removes a user from a group.
#[utoipa::path(delete, path = "/api/groups/{id}/users/{userId}", tag = "groups",
    params(("id" = String, Path), ("userId" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_user(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&path.0))?;
    let user = one("userId", Username::parse(&path.1))?;
    written(&request, groups.change_user(&caller, id, user, false).await?);
    Ok(crate::done())
}

/// Lists a group's roles.
#[utoipa::path(get, path = "/api/groups/{id}/roles", tag = "groups", params(("id" = String, Path)),
    responses((status = 200, body = Vec<RoleView>), Failures))]
pub(crate) async fn roles(
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let roles = groups.roles(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(roles.into_iter().map(RoleView::from).collect::<Vec<_>>()))
}

/// Gives a group a role.
#[utoipa::path(post, path = "/api/groups/{id}/roles", tag = "groups", params(("id" = String, Path)),
    request_body = GroupRoleBody, responses((status = 204), Failures))]
pub(crate) async fn add_role(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<GroupRoleBody>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&id))?;
    let role = one("roleName", RoleId::parse(&body.role_name))?;
    written(&request, groups.change_role(&caller, id, role, true).await?);
    Ok(crate::done())
}

/// Takes a role from a group.
#[utoipa::path(delete, path = "/api/groups/{id}/roles/{roleName}", tag = "groups",
    params(("id" = String, Path), ("roleName" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_role(
    request: HttpRequest,
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = one("groupId", GroupId::parse(&path.0))?;
    let role = one("roleName", RoleId::parse(&path.1))?;
    written(&request, groups.change_role(&caller, id, role, false).await?);
    Ok(crate::done())
}

/// Lists what a group may do with resources.
#[utoipa::path(get, path = "/api/groups/{id}/authorizations", tag = "groups", params(("id" = String, Path)),
    responses((status = 200, body = Vec<ResourceAuthorizationView>), Failures))]
pub(crate) async fn authorizations(
    groups: Data<Groups>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let authorizations = groups.authorizations(&caller, &id).await?;
    let views: Vec<_> = authorizations.into_iter().filter_map(ResourceAuthorizationView::of).collect();
    Ok(HttpResponse::Ok().json(views))
}
