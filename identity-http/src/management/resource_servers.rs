//! `/api/resource-servers`: APIs and the permissions they define (docs/reference/management-api.md §1.7).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Api, ApiPermission};
use identity_core::service::Apis;
use identity_core::value::{Audience, Description, Name, PermissionName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failures;
use crate::authentication::Authenticated;
use crate::body::{Body, null_as_default};
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/resource-servers").get(list).post(create))
        .service(resource("/resource-servers/{id}").get(find).put(rename).delete(delete))
        .service(resource("/resource-servers/{id}/permissions").get(permissions).post(add_permission))
        .service(resource("/resource-servers/{id}/permissions/{definition}").delete(remove_permission));
}

/// An API.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiView {
    /// Key of the API in the directory.
    id: String,
    name: String,
    #[schema(example = "optimize-api")]
    audience: String,
}

impl From<Api> for ApiView {
    fn from(api: Api) -> Self {
        Self { id: api.key.to_string(), name: api.name.to_string(), audience: api.audience.to_string() }
    }
}

/// A permission that an API defines.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ApiPermissionView {
    #[schema(example = "write:*")]
    definition: String,
    #[serde(default, deserialize_with = "null_as_default")]
    description: String,
}

impl From<ApiPermission> for ApiPermissionView {
    fn from(permission: ApiPermission) -> Self {
        Self { definition: permission.definition.to_string(), description: permission.description.as_str().to_owned() }
    }
}

impl ApiPermissionView {
    fn parse(&self, findings: &mut Findings) -> Option<ApiPermission> {
        let definition = findings.take("definition", PermissionName::parse(&self.definition));
        let description = findings.take("description", Description::parse(&self.description));
        Some(ApiPermission { definition: definition?, description: description? })
    }
}

/// An API to create.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ApiBody {
    name: String,
    audience: String,
    #[serde(default, deserialize_with = "null_as_default")]
    permissions: Vec<ApiPermissionView>,
}

/// New name of an API.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ApiName {
    name: String,
}

/// Lists APIs, ordered by audience.
#[utoipa::path(get, path = "/api/resource-servers", tag = "resource-servers", params(ListQuery),
    responses((status = 200, body = Vec<ApiView>), Failures))]
pub(crate) async fn list(
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    Ok(page::respond(apis.list(&caller, &list).await?, ApiView::from))
}

/// Creates an API with its permissions.
#[utoipa::path(post, path = "/api/resource-servers", tag = "resource-servers", request_body = ApiBody,
    responses((status = 201, body = ApiView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    Body(body): Body<ApiBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let name = findings.take("name", Name::parse(body.name.trim()));
    let audience = findings.take("audience", Audience::parse(body.audience.trim()));
    let permissions: Option<Vec<ApiPermission>> =
        body.permissions.iter().map(|permission| permission.parse(&mut findings)).collect();
    let (Some(name), Some(audience), Some(permissions)) = (name, audience, permissions) else {
        return Err(findings.problem());
    };
    let api = written(&request, apis.create(&caller, &audience, &name, &permissions).await?);
    Ok(HttpResponse::Created().json(ApiView::from(api)))
}

/// Returns an API.
#[utoipa::path(get, path = "/api/resource-servers/{id}", tag = "resource-servers", params(("id" = String, Path)),
    responses((status = 200, body = ApiView), Failures))]
pub(crate) async fn find(
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let api = apis.find(&caller, &id).await?;
    Ok(precondition::respond(Some(api.version()), &ApiView::from(api)))
}

/// Renames an API.
///
/// Its audience cannot be changed.
#[utoipa::path(put, path = "/api/resource-servers/{id}", tag = "resource-servers", params(("id" = String, Path)),
    request_body = ApiName, responses((status = 204), Failures))]
pub(crate) async fn rename(
    request: HttpRequest,
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<ApiName>,
) -> Result<HttpResponse, Problem> {
    let name = one("name", Name::parse(body.name.trim()))?;
    written(&request, apis.rename(&caller, &id, &name).await?);
    Ok(crate::done())
}

/// Deletes an API and its permissions, which are revoked from all holders.
///
/// This service's own API cannot be deleted.
#[utoipa::path(delete, path = "/api/resource-servers/{id}", tag = "resource-servers",
    params(("id" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    written(&request, apis.delete(&caller, &id).await?);
    Ok(crate::done())
}

/// Lists the permissions that an API defines, ordered by name.
#[utoipa::path(get, path = "/api/resource-servers/{id}/permissions", tag = "resource-servers",
    params(("id" = String, Path)), responses((status = 200, body = Vec<ApiPermissionView>), Failures))]
pub(crate) async fn permissions(
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let permissions = apis.permissions(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(permissions.into_iter().map(ApiPermissionView::from).collect::<Vec<_>>()))
}

/// Adds a permission to an API.
#[utoipa::path(post, path = "/api/resource-servers/{id}/permissions", tag = "resource-servers",
    params(("id" = String, Path)), request_body = ApiPermissionView, responses((status = 204), Failures))]
pub(crate) async fn add_permission(
    request: HttpRequest,
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<ApiPermissionView>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let Some(permission) = body.parse(&mut findings) else { return Err(findings.problem()) };
    written(&request, apis.add_permission(&caller, &id, &permission).await?);
    Ok(crate::done())
}

/// Removes a permission from an API and revokes it from all holders.
#[utoipa::path(delete, path = "/api/resource-servers/{id}/permissions/{definition}", tag = "resource-servers",
    params(("id" = String, Path), ("definition" = String, Path)), responses((status = 204), Failures))]
pub(crate) async fn remove_permission(
    request: HttpRequest,
    apis: Data<Apis>,
    Authenticated(caller): Authenticated,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let definition = one("definition", PermissionName::parse(&path.1))?;
    written(&request, apis.remove_permission(&caller, &path.0, &definition).await?);
    Ok(crate::done())
}
