//! `/api/roles`: roles and their permissions (docs/reference/management-api.md §1.5). The member `name` of a role is
//! its id in this API, and `displayName` is its name.

use std::collections::BTreeSet;

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::Permission;
use identity_core::service::Roles;
use identity_core::value::{Audience, Description, Name, PermissionName, RoleId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::creation::CreationQuery;
use super::view::RoleView;
use crate::authentication::Authenticated;
use crate::body::{Body, null_as_default};
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/roles").get(list).post(create))
        .service(resource("/roles/{name}").get(find).put(describe).delete(delete))
        .service(resource("/roles/{name}/permissions").get(permissions).post(grant))
        .service(resource("/roles/{name}/permissions/{resourceServerAudience}/{definition}").delete(revoke));
}

/// A permission of an API.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"definition": "write:*", "resourceServerAudience": "optimize-api"}))]
pub(crate) struct PermissionView {
    #[schema(schema_with = schema::id)]
    pub(super) definition: String,
    #[schema(schema_with = schema::id)]
    pub(super) resource_server_audience: String,
}

impl From<Permission> for PermissionView {
    fn from(permission: Permission) -> Self {
        Self {
            definition: permission.definition.to_string(),
            resource_server_audience: permission.audience.to_string(),
        }
    }
}

impl PermissionView {
    pub(super) fn parse(&self, findings: &mut Findings) -> Option<Permission> {
        let definition = findings.take("definition", PermissionName::parse(&self.definition));
        let audience = findings.take("resourceServerAudience", Audience::parse(&self.resource_server_audience));
        Some(Permission { audience: audience?, definition: definition? })
    }

    /// Parses the member `permissions` of a role. Violated rules are recorded with the index of the permission.
    pub(super) fn parse_all(permissions: &[Self], findings: &mut Findings) -> Option<BTreeSet<Permission>> {
        findings.within("permissions", |findings| {
            let items = permissions.iter().enumerate();
            let parsed = items.map(|(index, item)| findings.within(&index.to_string(), |at| item.parse(at)));
            parsed.collect::<Vec<_>>().into_iter().collect()
        })
    }
}

/// A role to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Clerk", "permissions": [{"definition": "read:*", "resourceServerAudience": "orders-api"}]}))]
pub(crate) struct RoleBody {
    /// Key of the role. Cannot be changed.
    #[schema(schema_with = schema::name)]
    name: String,
    /// Display name. Defaults to the key. Not supported for roles in Keycloak.
    #[schema(schema_with = schema::name)]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::description)]
    description: String,
    #[serde(default, deserialize_with = "null_as_default")]
    permissions: Vec<PermissionView>,
}

/// New description and display name of a role.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleChange {
    /// Display name. Unchanged if absent.
    #[schema(schema_with = schema::name)]
    display_name: Option<String>,
    #[schema(schema_with = schema::description)]
    description: String,
    /// Current name of the role. Names cannot be changed.
    name: Option<String>,
}

/// Selects the roles to list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct RolesQuery {
    /// Whether to include the default roles of the Orchestration Cluster, such as `admin`. This API can neither create
    /// nor change them.
    cluster_roles: Option<bool>,
}

/// Lists roles, ordered by name.
///
/// `X-Total-Count` is the total number of roles.
#[utoipa::path(get, path = "/api/roles", tag = "roles", params(ListQuery, RolesQuery),
    responses((status = 200, body = Vec<RoleView>), Failures))]
pub(crate) async fn list(
    request: HttpRequest,
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    query: Query<RolesQuery>,
) -> Result<HttpResponse, Problem> {
    let list: ListQuery = page::query_without(&request, &["clusterRoles"])?;
    let with_cluster_roles = query.cluster_roles.unwrap_or_default();
    page::answer(roles.list(&caller, &list.parse()?, with_cluster_roles).await?, RoleView::from).await
}

/// Creates a role.
#[utoipa::path(post, path = "/api/roles", tag = "roles", params(CreationQuery), request_body = RoleBody,
    responses((status = 201, body = RoleView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    query: Query<CreationQuery>,
    Body(body): Body<RoleBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let id = findings.take("name", RoleId::parse(body.name.trim()));
    let display_name = body.display_name.map(|name| findings.take("displayName", Name::parse(name.trim())));
    let description = findings.take("description", Description::parse(&body.description));
    let permissions = PermissionView::parse_all(&body.permissions, &mut findings);
    let (Some(id), Some(description), Some(permissions), None | Some(Some(_))) =
        (id, description, permissions, &display_name)
    else {
        return Err(findings.problem());
    };
    let words = (display_name.flatten(), description);
    let role = written(&request, roles.create(&caller, id, words, permissions, query.leftovers()).await?);
    Ok(HttpResponse::Created().json(RoleView::from(role)))
}

/// Returns a role.
#[utoipa::path(get, path = "/api/roles/{name}", tag = "roles", params(("name" = String, Path)),
    responses((status = 200, body = RoleView), Failures))]
pub(crate) async fn find(
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let role = roles.find(&caller, &name).await?;
    Ok(precondition::respond(Some(role.version()), &RoleView::from(role)))
}

/// Updates the description and display name of a role.
#[utoipa::path(put, path = "/api/roles/{name}", tag = "roles", params(("name" = String, Path)),
    request_body = RoleChange, responses((status = 204), Failures))]
pub(crate) async fn describe(
    request: HttpRequest,
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
    Body(body): Body<RoleChange>,
) -> Result<HttpResponse, Problem> {
    let id = one("roleName", RoleId::parse(&name))?;
    let description = one("description", Description::parse(&body.description))?;
    let display_name = body.display_name.map(|name| one("displayName", Name::parse(name.trim()))).transpose()?;
    if body.name.is_some_and(|name| name != id.as_str()) {
        return Err(Problem::bad_request("role_name", "A role's name is its key and cannot be changed."));
    }
    written(&request, roles.describe(&caller, &id, (display_name, description)).await?);
    Ok(crate::done())
}

/// Deletes a role with its memberships and authorizations.
#[utoipa::path(delete, path = "/api/roles/{name}", tag = "roles", params(("name" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = one("roleName", RoleId::parse(&name))?;
    written(&request, roles.delete(&caller, id).await?);
    Ok(crate::done())
}

/// Lists the permissions of a role.
#[utoipa::path(get, path = "/api/roles/{name}/permissions", tag = "roles", params(("name" = String, Path)),
    responses((status = 200, body = Vec<PermissionView>), Failures))]
pub(crate) async fn permissions(
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let role = roles.find(&caller, &name).await?;
    Ok(HttpResponse::Ok().json(role.permissions.into_iter().map(PermissionView::from).collect::<Vec<_>>()))
}

/// Adds a permission to a role.
///
/// Succeeds if the role already has the permission.
#[utoipa::path(post, path = "/api/roles/{name}/permissions", tag = "roles", params(("name" = String, Path)),
    request_body = PermissionView, responses((status = 204), Failures))]
pub(crate) async fn grant(
    request: HttpRequest,
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
    Body(body): Body<PermissionView>,
) -> Result<HttpResponse, Problem> {
    let (id, permission) = parsed(&name, &body)?;
    written(&request, roles.grant_permission(&caller, id, permission).await?);
    Ok(crate::done())
}

/// Removes a permission from a role.
#[utoipa::path(delete, path = "/api/roles/{name}/permissions/{resourceServerAudience}/{definition}", tag = "roles",
    params(("name" = String, Path), ("resourceServerAudience" = String, Path), ("definition" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn revoke(
    request: HttpRequest,
    roles: Data<dyn Roles>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let (name, resource_server_audience, definition) = path.into_inner();
    let (id, permission) = parsed(&name, &PermissionView { definition, resource_server_audience })?;
    written(&request, roles.revoke_permission(&caller, id, permission).await?);
    Ok(crate::done())
}

fn parsed(name: &str, permission: &PermissionView) -> Result<(RoleId, Permission), Problem> {
    let mut findings = Findings::of_body();
    let id = findings.take("roleName", RoleId::parse(name));
    let permission = permission.parse(&mut findings);
    id.zip(permission).ok_or_else(|| findings.problem())
}
