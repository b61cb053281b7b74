//! Resource authorizations (management reference §1.9, §5.5).

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
use crate::body::{Body, Findings, one};
use crate::page::{self, ListQuery};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/authorizations").get(list).post(add).put(replace))
        .service(resource("/resources").get(resources).post(register));
}

/// What an authorization's owner is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum EntityType {
    User,
    Group,
    Role,
    Application,
    MappingRule,
}

/// What somebody may do with a resource.
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
    /// What must hold besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<ComparisonView>>)]
    condition: Option<Condition>,
}

/// A property, and what it must be.
#[derive(ToSchema)]
#[schema(as = Comparison)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ComparisonView {
    /// `subject.`, `resource.` or `action.` and the property's name.
    #[schema(example = "resource.owner")]
    property: String,
    operator: ComparisonOperator,
    /// For `EQUAL` and `NOT_EQUAL`: a text, a number or a boolean.
    value: Option<serde_json::Value>,
    /// For `IN`: texts, numbers and booleans.
    values: Option<Vec<serde_json::Value>>,
    /// For `EQUAL`, `NOT_EQUAL` and `IN`: another property, in place of a value.
    other: Option<String>,
}

/// How a property is compared. A missing property satisfies nothing.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) enum ComparisonOperator {
    Equal,
    NotEqual,
    In,
    ContainsCaller,
    ContainsCallersGroup,
}

/// One more thing that somebody may do with a resource.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"entityId": "clerk", "entityType": "ROLE", "resourceKey": "order", "resourceType": "process-definition",
    "permission": "READ"}))]
pub(crate) struct AuthorizationBody {
    #[schema(schema_with = schema::id)]
    entity_id: String,
    entity_type: EntityType,
    /// An exact key, or `*` for all.
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[schema(schema_with = schema::resource_type)]
    resource_type: String,
    #[schema(schema_with = schema::id)]
    permission: String,
    /// What must hold besides, all of it; on the operator's own types only.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ComparisonView>>)]
    condition: Option<Condition>,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// All that somebody may do with a resource. No permission ends it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AuthorizationSet {
    #[schema(schema_with = schema::id)]
    entity_id: String,
    entity_type: EntityType,
    /// An exact key, or `*` for all.
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[schema(schema_with = schema::resource_type)]
    resource_type: String,
    #[schema(schema_with = schema::ids)]
    permissions: Vec<String>,
    /// What must hold besides, all of it; on the operator's own types only.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ComparisonView>>)]
    condition: Option<Condition>,
    /// What this comes in place of, in one change.
    #[serde(default)]
    replaces: Option<ReplacedSet>,
    /// Accepted and ignored.
    #[serde(default, rename = "organizationId")]
    _organization_id: Option<String>,
}

/// What the same entity may do with the same type, on another resource or under another condition.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplacedSet {
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[serde(default)]
    #[schema(value_type = Option<Vec<ComparisonView>>)]
    condition: Option<Condition>,
}

/// A resource.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResourceView {
    id: String,
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

/// A resource to authorize on.
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
    fn new(authorization: EntityAuthorization) -> Self {
        Self {
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

/// Which authorizations to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct NarrowedQuery {
    /// Only those of this entity. `entityType` goes with it.
    entity_id: Option<String>,
    #[param(inline)]
    entity_type: Option<EntityType>,
    /// Only those on this type.
    resource_type: Option<String>,
}

/// Lists what everybody, or somebody, may do with resources. `X-Total-Count` says how many entries there are.
#[utoipa::path(get, path = "/api/authorizations", tag = "authorizations", params(NarrowedQuery, ListQuery),
    responses((status = 200, body = Vec<AuthorizationView>), Failures))]
pub(crate) async fn list(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    query: Query<NarrowedQuery>,
) -> Result<HttpResponse, Problem> {
    let list = page::query_without::<ListQuery>(&request, &["entityId", "entityType", "resourceType"])?.parse()?;
    let NarrowedQuery { entity_id, entity_type, resource_type } = query.into_inner();
    let owner = match (entity_id, entity_type) {
        (Some(id), Some(kind)) => Some(one("entityId", kind.party(&id))?),
        (None, None) => None,
        _ => return Err(Problem::bad_request("entity", "entityId and entityType go together.")),
    };
    let resource_type = resource_type.map(|name| one("resourceType", ResourceTypeName::parse(&name))).transpose()?;
    let wanted = AuthorizationList { list, owner, resource_type };
    Ok(page::respond(authorizations.list(&caller, &wanted).await?, AuthorizationView::new))
}

/// Lets somebody do one more thing with a resource. That they may already is no error.
#[utoipa::path(post, path = "/api/authorizations", tag = "authorizations", request_body = AuthorizationBody,
    responses((status = 204), Failures))]
pub(crate) async fn add(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<AuthorizationBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::default();
    let owner = findings.take("entityId", body.entity_type.party(&body.entity_id));
    let resource =
        parse_resource(&mut findings, ("resourceType", &body.resource_type), ("resourceKey", &body.resource_key));
    let permission = findings.take("permission", PermissionName::parse(&body.permission));
    let (Some(owner), Some((resource_type, scope)), Some(permission)) = (owner, resource, permission) else {
        return Err(findings.problem());
    };
    let on = GrantedOn { resource_type, scope, condition: body.condition };
    written(&request, authorizations.add(&caller, owner, on, permission).await?);
    Ok(crate::done())
}

/// Replaces what somebody may do with a resource.
#[utoipa::path(put, path = "/api/authorizations", tag = "authorizations", request_body = AuthorizationSet,
    responses((status = 204), Failures))]
pub(crate) async fn replace(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<AuthorizationSet>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::default();
    let owner = findings.take("entityId", body.entity_type.party(&body.entity_id));
    let resource =
        parse_resource(&mut findings, ("resourceType", &body.resource_type), ("resourceKey", &body.resource_key));
    let permissions = findings.all("permissions", body.permissions.iter().map(|text| PermissionName::parse(text)));
    let replaced = body.replaces.map(|ReplacedSet { resource_key, condition }| {
        (findings.take("replaces", Scope::from_resource_id(&resource_key)), condition)
    });
    let (Some(owner), Some((resource_type, scope)), Some(permissions)) = (owner, resource, permissions) else {
        return Err(findings.problem());
    };
    let from = match replaced {
        Some((None, _)) => return Err(findings.problem()),
        Some((Some(scope), condition)) => Some(GrantedOn { resource_type: resource_type.clone(), scope, condition }),
        None => None,
    };
    let permissions = permissions.into_iter().collect();
    let on = GrantedOn { resource_type, scope, condition: body.condition };
    written(&request, authorizations.replace(&caller, owner, from, on, permissions).await?);
    Ok(crate::done())
}

/// Lists the resources that authorizations name.
#[utoipa::path(get, path = "/api/resources", tag = "authorizations", params(ListQuery),
    responses((status = 200, body = Vec<ResourceView>), Failures))]
pub(crate) async fn resources(
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    let found = authorizations.resources(&caller, list.search.as_deref(), list.page).await?;
    Ok(page::respond(found, ResourceView::from))
}

/// Checks that a resource can be authorized on. It is listed from its first authorization on.
#[utoipa::path(post, path = "/api/resources", tag = "authorizations", request_body = ResourceBody,
    responses((status = 200, body = ResourceView), Failures))]
pub(crate) async fn register(
    request: HttpRequest,
    authorizations: Data<Authorizations>,
    Authenticated(caller): Authenticated,
    Body(body): Body<ResourceBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::default();
    let Some((resource_type, _)) = parse_resource(&mut findings, ("type", &body.kind), ("key", &body.key)) else {
        return Err(findings.problem());
    };
    let resource = Resource { resource_type, key: body.key };
    written(&request, authorizations.register(&caller, &resource).await?);
    Ok(HttpResponse::Ok().json(ResourceView::from(resource)))
}

/// A resource type and key, each with the name of its field.
fn parse_resource(
    findings: &mut Findings,
    (kind_field, kind): (&'static str, &str),
    (key_field, key): (&'static str, &str),
) -> Option<(ResourceTypeName, Scope)> {
    let kind = findings.take(kind_field, ResourceTypeName::parse(kind));
    let scope = findings.take(key_field, Scope::from_resource_id(key));
    Some((kind?, scope?))
}
