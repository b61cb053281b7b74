//! `/api/resource-types`: built-in and custom resource types (docs/reference/management-api.md §1.9).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::catalog::Family;
use identity_core::entity::{CustomType, EntityKind};
use identity_core::service::{Authorizations, ResourceKind};
use identity_core::value::{PermissionName, PropertyName, ResourceTypeName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition::{self, stored_version};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/resource-types").get(list).post(create))
        .service(resource("/resource-types/{type}").get(find).put(replace).delete(delete));
}

/// A resource type.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceTypeView {
    #[serde(rename = "type")]
    kind: String,
    supported_permissions: Vec<String>,
    /// Properties that conditions may use. Only present for custom types.
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<String>>,
}

/// A custom resource type to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResourceTypeBody {
    /// Letters, digits, `_`, `-` and `.`.
    #[serde(rename = "type")]
    #[schema(example = "invoice")]
    kind: String,
    #[schema(example = json!(["approve", "read"]))]
    supported_permissions: Vec<String>,
    /// Properties of a resource that conditions may use.
    #[serde(default)]
    #[schema(example = json!(["owner"]))]
    properties: Vec<String>,
}

/// Permissions and properties of a custom resource type.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResourceTypeParts {
    supported_permissions: Vec<String>,
    /// Properties of a resource that conditions may use.
    #[serde(default)]
    properties: Vec<String>,
}

impl From<ResourceKind> for ResourceTypeView {
    fn from(kind: ResourceKind) -> Self {
        let properties = kind.properties.iter().map(ToString::to_string).collect();
        Self {
            kind: kind.name.to_string(),
            supported_permissions: kind.permissions.iter().map(ToString::to_string).collect(),
            properties: (kind.family == Family::Custom).then_some(properties),
        }
    }
}

fn parse(name: &str, permissions: &[String], properties: &[String]) -> Result<CustomType, Problem> {
    let mut findings = Findings::of_body();
    let name = findings.take("type", ResourceTypeName::parse(name));
    let permissions = permissions.iter().map(|text| PermissionName::parse(text));
    let permissions = findings.all("supportedPermissions", permissions);
    let properties = findings.all("properties", properties.iter().map(|text| PropertyName::parse(text)));
    match (name, permissions, properties) {
        (Some(name), Some(permissions), Some(properties)) => Ok(CustomType {
            name,
            permissions: permissions.into_iter().collect(),
            properties: properties.into_iter().collect(),
        }),
        _ => Err(findings.problem()),
    }
}

fn view(kind: &CustomType) -> ResourceTypeView {
    ResourceTypeView::from(ResourceKind::from(kind))
}

/// Selects resource types by origin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FamilyQuery {
    /// Whether to include the types of the Orchestration Cluster. Authorizations on them cannot be granted with this
    /// API.
    #[serde(default)]
    cluster: bool,
}

/// Lists resource types with their permissions: custom types ordered by name, then built-in types.
///
/// `X-Total-Count` is the total number of types.
#[utoipa::path(get, path = "/api/resource-types", tag = "resource-types", params(FamilyQuery, ListQuery),
    responses((status = 200, body = Vec<ResourceTypeView>), Failures))]
pub(crate) async fn list(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    family: Query<FamilyQuery>,
) -> Result<HttpResponse, Problem> {
    let list = page::query_without::<ListQuery>(&request, &["cluster"])?.parse()?;
    let found = authorizations.resource_types(&caller, &list, family.cluster).await?;
    Ok(page::respond(found, ResourceTypeView::from))
}

/// Returns a built-in or custom resource type.
#[utoipa::path(get, path = "/api/resource-types/{type}", tag = "resource-types", params(("type" = String, Path)),
    responses((status = 200, body = ResourceTypeView), Failures))]
pub(crate) async fn find(
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let name = one("type", ResourceTypeName::parse(&name))?;
    let kind = authorizations.resource_type(&caller, &name).await?;
    let version = stored_version(&caller, EntityKind::ResourceType, name.as_str());
    Ok(precondition::respond(version, &ResourceTypeView::from(kind)))
}

/// Creates a custom resource type.
#[utoipa::path(post, path = "/api/resource-types", tag = "resource-types", request_body = ResourceTypeBody,
    responses((status = 201, body = ResourceTypeView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<ResourceTypeBody>,
) -> Result<HttpResponse, Problem> {
    let kind = parse(&body.kind, &body.supported_permissions, &body.properties)?;
    written(&request, authorizations.create_type(&caller, kind.clone()).await?);
    Ok(HttpResponse::Created().json(view(&kind)))
}

/// Replaces the permissions and properties of a custom resource type.
///
/// Permissions that are still granted and properties that conditions use cannot be removed.
#[utoipa::path(put, path = "/api/resource-types/{type}", tag = "resource-types", request_body = ResourceTypeParts,
    params(("type" = String, Path)), responses((status = 200, body = ResourceTypeView), Failures))]
pub(crate) async fn replace(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
    Body(body): Body<ResourceTypeParts>,
) -> Result<HttpResponse, Problem> {
    let kind = parse(&name, &body.supported_permissions, &body.properties)?;
    written(&request, authorizations.update_type(&caller, kind.clone()).await?);
    Ok(HttpResponse::Ok().json(view(&kind)))
}

/// Deletes a custom resource type and all authorizations on it.
#[utoipa::path(delete, path = "/api/resource-types/{type}", tag = "resource-types", params(("type" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let name = one("type", ResourceTypeName::parse(&name))?;
    written(&request, authorizations.delete_type(&caller, name).await?);
    Ok(crate::done())
}
