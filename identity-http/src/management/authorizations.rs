//! `/api/authorizations` and `/api/resources`: authorizations on resources (docs/reference/management-api.md §1.9,
//! §5.5).

use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Condition, Party, Scope};
use identity_core::service::{AuthorizationList, Authorizations, EntityAuthorization, GrantedOn, Resource};
use identity_core::value::{
    ClientId, GroupId, InvalidValue, MappingRuleId, PermissionName, ResourceTypeName, RoleId, Username,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use crate::authentication::Authenticated;
use crate::body::Body;
use crate::condition::{ComparisonBody, condition};
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/authorizations").get(list).post(add).put(replace).patch(extend))
        .service(resource("/resources").get(resources).post(register));
}

/// Type of an authorization's owner.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum EntityType {
    User,
    Group,
    Role,
    Application,
    MappingRule,
}

/// Permissions of an entity on a resource.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthorizationView {
    entity_id: String,
    entity_type: EntityType,
    #[schema(example = "*")]
    resource_key: String,
    #[schema(example = "process-definition")]
    resource_type: String,
    #[schema(example = json!(["READ"]))]
    permissions: Vec<String>,
    /// Additional condition of the authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<ComparisonBody>>)]
    condition: Option<Condition>,
    /// Version of the entry: the entity tag for `If-Match`, without quotation marks. Only on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "5f2b8a1c9d3e4f60")]
    version: Option<String>,
}

/// A permission to add to an entity's authorization on a resource.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"entityId": "clerk", "entityType": "ROLE", "resourceKey": "order", "resourceType": "process-definition",
    "permission": "READ"}))]
pub(crate) struct AuthorizationBody {
    #[schema(schema_with = schema::id)]
    entity_id: String,
    entity_type: EntityType,
    /// Exact resource key, or `*` for all resources.
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[schema(schema_with = schema::resource_type)]
    resource_type: String,
    #[schema(schema_with = schema::id)]
    permission: String,
    /// Additional condition; all comparisons must hold. Only allowed on custom resource types.
    condition: Option<Vec<ComparisonBody>>,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// Permissions to add to an entity's authorization on a resource.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AuthorizationExtension {
    #[schema(schema_with = schema::id)]
    entity_id: String,
    entity_type: EntityType,
    /// Exact resource key, or `*` for all resources.
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[schema(schema_with = schema::resource_type)]
    resource_type: String,
    #[schema(schema_with = schema::ids)]
    permissions: Vec<String>,
    /// Additional condition; all comparisons must hold. Only allowed on custom resource types.
    condition: Option<Vec<ComparisonBody>>,
}

/// Complete set of an entity's permissions on a resource. An empty set removes the authorization.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AuthorizationSet {
    #[schema(schema_with = schema::id)]
    entity_id: String,
    entity_type: EntityType,
    /// Exact resource key, or `*` for all resources.
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[schema(schema_with = schema::resource_type)]
    resource_type: String,
    #[schema(schema_with = schema::ids)]
    permissions: Vec<String>,
    /// Additional condition; all comparisons must hold. Only allowed on custom resource types.
    condition: Option<Vec<ComparisonBody>>,
    /// Existing authorization that this one replaces in the same change.
    #[serde(default)]
    replaces: Option<ReplacedSet>,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// Authorization of the same entity on the same resource type, for another resource or with another condition.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplacedSet {
    #[schema(schema_with = schema::id)]
    resource_key: String,
    condition: Option<Vec<ComparisonBody>>,
}

/// A resource.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResourceView {
    id: String,
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

/// A resource for authorizations.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResourceBody {
    #[schema(schema_with = schema::id)]
    key: String,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::resource_type)]
    kind: String,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

impl EntityType {
    pub(super) fn party(self, id: &str) -> Result<Party, InvalidValue> {
        match self {
            Self::User => Username::parse(id).map(Party::User),
            Self::Group => GroupId::parse(id).map(Party::Group),
            Self::Role => RoleId::parse(id).map(Party::Role),
            Self::Application => ClientId::parse(id).map(Party::Client),
            Self::MappingRule => MappingRuleId::parse(id).map(Party::MappingRule),
        }
    }

    fn of(party: &Party) -> Self {
        match party {
            Party::User(_) => Self::User,
            Party::Group(_) => Self::Group,
            Party::Role(_) => Self::Role,
            Party::Client(_) => Self::Application,
            Party::MappingRule(_) => Self::MappingRule,
        }
    }
}

impl AuthorizationView {
    fn new(authorization: EntityAuthorization, with_version: bool) -> Self {
        Self {
            version: with_version.then(|| authorization.version().to_string()),
            entity_id: authorization.owner.id().to_owned(),
            entity_type: EntityType::of(&authorization.owner),
            resource_key: authorization.scope.resource_id().unwrap_or_default().to_owned(),
            resource_type: authorization.resource_type.to_string(),
            permissions: authorization.permissions.iter().map(ToString::to_string).collect(),
            condition: authorization.condition,
        }
    }
}

impl From<Resource> for ResourceView {
    fn from(resource: Resource) -> Self {
        let kind = resource.resource_type.to_string();
        Self { id: format!("{kind}:{}", resource.key), key: resource.key, kind }
    }
}

/// Filters authorizations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct NarrowedQuery {
    /// Only authorizations of this entity. Requires `entityType`.
    entity_id: Option<String>,
    #[param(inline)]
    entity_type: Option<EntityType>,
    /// Only authorizations on this resource type.
    resource_type: Option<String>,
    /// Only authorizations on this resource, or with `*`, on all resources.
    resource_key: Option<String>,
    /// Only authorizations with this permission.
    permission: Option<String>,
    /// Whether entries have a version.
    #[serde(default)]
    versions: bool,
}

/// Lists the authorizations of all entities or of one.
///
/// `X-Total-Count` is the total number of entries.
#[utoipa::path(get, path = "/api/authorizations", tag = "authorizations", params(NarrowedQuery, ListQuery),
    responses((status = 200, body = Vec<AuthorizationView>), Failures))]
pub(crate) async fn list(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    query: Query<NarrowedQuery>,
) -> Result<HttpResponse, Problem> {
    let own = ["entityId", "entityType", "resourceType", "resourceKey", "permission", "versions"];
    let list = page::query_without::<ListQuery>(&request, &own)?.parse()?;
    let NarrowedQuery { entity_id, entity_type, resource_type, resource_key, permission, versions } =
        query.into_inner();
    let owner = match (entity_id, entity_type) {
        (Some(id), Some(kind)) => Some(one("entityId", kind.party(&id))?),
        (None, None) => None,
        _ => return Err(Problem::bad_request("entity", "entityId and entityType must be given together.")),
    };
    let resource_type = resource_type.map(|name| one("resourceType", ResourceTypeName::parse(&name))).transpose()?;
    let permission = permission.map(|name| one("permission", PermissionName::parse(&name))).transpose()?;
    let wanted = AuthorizationList { list, owner, resource_type, resource_id: resource_key, permission };
    let view = move |entry| AuthorizationView::new(entry, versions);
    page::answer(authorizations.list(&caller, &wanted).await?, view).await
}

/// Grants an entity a permission on a resource.
///
/// Succeeds if the entity already has the permission.
#[utoipa::path(post, path = "/api/authorizations", tag = "authorizations", request_body = AuthorizationBody,
    responses((status = 204), Failures))]
pub(crate) async fn add(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<AuthorizationBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let owner = findings.take("entityId", body.entity_type.party(&body.entity_id));
    let resource =
        parse_resource(&mut findings, ("resourceType", &body.resource_type), ("resourceKey", &body.resource_key));
    let permission = findings.take("permission", PermissionName::parse(&body.permission));
    let condition = condition(body.condition.as_deref(), &mut findings);
    let (Some(owner), Some((resource_type, scope)), Some(permission), Some(condition)) =
        (owner, resource, permission, condition)
    else {
        return Err(findings.problem());
    };
    let on = GrantedOn { resource_type, scope, condition };
    written(&request, authorizations.add(&caller, owner, on, [permission].into()).await?);
    Ok(crate::done())
}

/// Grants an entity several permissions on a resource, in one change.
///
/// Permissions that the entity already has there are kept.
#[utoipa::path(patch, path = "/api/authorizations", tag = "authorizations", request_body = AuthorizationExtension,
    responses((status = 204), Failures))]
pub(crate) async fn extend(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<AuthorizationExtension>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let owner = findings.take("entityId", body.entity_type.party(&body.entity_id));
    let resource =
        parse_resource(&mut findings, ("resourceType", &body.resource_type), ("resourceKey", &body.resource_key));
    let permissions = findings.all("permissions", body.permissions.iter().map(|text| PermissionName::parse(text)));
    let condition = condition(body.condition.as_deref(), &mut findings);
    let (Some(owner), Some((resource_type, scope)), Some(permissions), Some(condition)) =
        (owner, resource, permissions, condition)
    else {
        return Err(findings.problem());
    };
    let on = GrantedOn { resource_type, scope, condition };
    written(&request, authorizations.add(&caller, owner, on, permissions.into_iter().collect()).await?);
    Ok(crate::done())
}

/// Replaces the permissions of an entity on a resource.
#[utoipa::path(put, path = "/api/authorizations", tag = "authorizations", request_body = AuthorizationSet,
    responses((status = 204), Failures))]
pub(crate) async fn replace(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<AuthorizationSet>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let owner = findings.take("entityId", body.entity_type.party(&body.entity_id));
    let resource =
        parse_resource(&mut findings, ("resourceType", &body.resource_type), ("resourceKey", &body.resource_key));
    let permissions = findings.all("permissions", body.permissions.iter().map(|text| PermissionName::parse(text)));
    let new_condition = condition(body.condition.as_deref(), &mut findings);
    let replaced = body.replaces.as_ref().map(|replaced| {
        findings.within("replaces", |findings| {
            let scope = Scope::from_resource_id(&replaced.resource_key);
            let scope = findings.within("resourceKey", |at| at.here("replaces", scope));
            scope.zip(condition(replaced.condition.as_deref(), findings))
        })
    });
    let (Some(owner), Some((resource_type, scope)), Some(permissions), Some(condition), None | Some(Some(_))) =
        (owner, resource, permissions, new_condition, &replaced)
    else {
        return Err(findings.problem());
    };
    let from = replaced.flatten().map(|(scope, condition)| {
        let resource_type = resource_type.clone();
        GrantedOn { resource_type, scope, condition }
    });
    let permissions = permissions.into_iter().collect();
    let on = GrantedOn { resource_type, scope, condition };
    written(&request, authorizations.replace(&caller, owner, from, on, permissions).await?);
    Ok(crate::done())
}

/// Lists the resources that authorizations refer to.
#[utoipa::path(get, path = "/api/resources", tag = "authorizations", params(ListQuery),
    responses((status = 200, body = Vec<ResourceView>), Failures))]
pub(crate) async fn resources(
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    let found = authorizations.resources(&caller, list.search.as_deref(), list.page).await?;
    page::answer(found, ResourceView::from).await
}

/// Validates that authorizations can refer to a resource.
///
/// The resource is listed once it has an authorization.
#[utoipa::path(post, path = "/api/resources", tag = "authorizations", request_body = ResourceBody,
    responses((status = 200, body = ResourceView), Failures))]
pub(crate) async fn register(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<ResourceBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let Some((resource_type, _)) = parse_resource(&mut findings, ("type", &body.kind), ("key", &body.key)) else {
        return Err(findings.problem());
    };
    let resource = Resource { resource_type, key: body.key };
    written(&request, authorizations.register(&caller, &resource).await?);
    Ok(HttpResponse::Ok().json(ResourceView::from(resource)))
}

/// Parses a resource type and a resource key, each given with the name of its member for error messages.
fn parse_resource(
    findings: &mut Findings,
    (kind_field, kind): (&'static str, &str),
    (key_field, key): (&'static str, &str),
) -> Option<(ResourceTypeName, Scope)> {
    let kind = findings.take(kind_field, ResourceTypeName::parse(kind));
    let scope = findings.take(key_field, Scope::from_resource_id(key));
    Some((kind?, scope?))
}
