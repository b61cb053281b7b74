//! `/v2/authorizations`: authorizations on resources (docs/reference/orchestration-cluster.md §1.6).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::apply::NewAuthorization;
use identity_core::catalog::{Family, ResourceCatalog, ResourceType};
use identity_core::entity::{Authorization, Condition, EntityKind, Party, PartyKind, Scope};
use identity_core::search::entities::{AuthorizationField, AuthorizationFilter};
use identity_core::service::Caller;
use identity_core::service::cluster::{ClusterAuthorizations, Search};
use identity_core::value::{InvalidValue, PermissionName, PropertyName, ResourceTypeName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use super::path::key_in_path;
use super::search;
use super::words::{OWNERS, authorization_key, owner_types, permission_lists, resource_types};
use crate::authentication::Authenticated;
use crate::body::{JsonBytes, deserialize};
use crate::condition::{ComparisonBody, condition as parse_condition};
use crate::findings::Findings;
use crate::ids::{IdRules, References};
use crate::precondition::{self, stored_version};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/authorizations").post(create))
        .service(resource("/authorizations/search").post(search))
        .service(resource("/authentication/me/authorizations/search").post(own))
        .service(resource("/authorizations/{key}").get(find).put(update).delete(delete));
}

pub(super) const SORT: &[(&str, AuthorizationField)] = &[
    ("ownerId", AuthorizationField::OwnerId),
    ("ownerType", AuthorizationField::OwnerType),
    ("resourceId", AuthorizationField::ResourceId),
    ("resourcePropertyName", AuthorizationField::ResourcePropertyName),
    ("resourceType", AuthorizationField::ResourceType),
];

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::Authorization)]
pub(super) struct AuthorizationView {
    #[schema(schema_with = authorization_key)]
    authorization_key: String,
    owner_id: String,
    #[schema(schema_with = owner_types)]
    owner_type: &'static str,
    #[schema(schema_with = resource_types)]
    resource_type: String,
    #[schema(required)]
    resource_id: Option<String>,
    #[schema(required)]
    resource_property_name: Option<String>,
    #[schema(schema_with = permission_lists)]
    permission_types: Vec<String>,
    /// Only on the operator's own resource types, which no other system has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    condition: Option<Condition>,
}

impl From<Authorization> for AuthorizationView {
    fn from(authorization: Authorization) -> Self {
        Self {
            authorization_key: authorization.key.to_string(),
            owner_id: authorization.owner.id().to_owned(),
            owner_type: authorization.owner.kind_name(),
            resource_type: authorization.resource_type.to_string(),
            resource_id: authorization.scope.resource_id().map(str::to_owned),
            resource_property_name: match &authorization.scope {
                Scope::Property(name) => Some(name.to_string()),
                Scope::Any | Scope::Id(_) => None,
            },
            permission_types: authorization.permissions.iter().map(ToString::to_string).collect(),
            condition: authorization.condition,
        }
    }
}

/// Families of the resource types that the schema of the Orchestration Cluster API enumerates.
const ENUMERATED: &[Family] = &[Family::Cluster];

/// Whether this API can create authorizations on a resource type: only types of the Orchestration Cluster, types of
/// this service and custom types.
fn grantable(kind: &ResourceType) -> bool {
    matches!(kind.family, Family::Cluster | Family::Identity | Family::Custom)
}

/// Query parameter of requests that return authorizations.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(default)]
    resource_types: ShownTypes,
}

/// Query parameters of searches for authorizations, beyond the filter of the Orchestration Cluster API.
#[derive(Default, Deserialize)]
struct FilterQuery {
    /// Text that the id or the name of the owner, or the id of the resource, must contain.
    search: Option<String>,
    /// Permission that the authorization must include.
    permission: Option<String>,
}

/// Filter for authorizations by resource type: the value of the query parameter `resourceTypes`.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShownTypes {
    /// Only types that the schema of the Orchestration Cluster API enumerates. Strict clients reject others.
    #[default]
    Enumerated,
    /// Authorizations on all resource types, including those of `/api` and custom ones.
    All,
}

impl ShownTypes {
    fn families(self) -> Option<&'static [Family]> {
        match self {
            Self::Enumerated => Some(ENUMERATED),
            Self::All => None,
        }
    }

    fn shows(self, kind: &ResourceType) -> bool {
        self.families().is_none_or(|families| families.contains(&kind.family))
    }
}

/// Reads the member `resourceType`, which is case-insensitive. Rejects types for which `fits` returns `false`.
fn resource_type(
    matrix: &ResourceCatalog,
    fits: impl Fn(&ResourceType) -> bool,
    fields: &mut Fields,
    report: &mut Report,
) -> Option<ResourceTypeName> {
    let types = matrix.types().filter(|kind| fits(kind));
    let words: Vec<(&str, &ResourceTypeName)> = types.map(|kind| (kind.name.as_str(), &kind.name)).collect();
    fields.word("resourceType", &words, report).cloned()
}

/// Reads the member `ownerType`. Rejects `UNSPECIFIED`, although it is a value of the public API.
fn owner_type(fields: &mut Fields, report: &mut Report) -> Option<PartyKind> {
    let kind = fields.word("ownerType", OWNERS, report);
    if kind == Some(None) {
        report.value(format!("`{}` must not be UNSPECIFIED.", fields.pointer("ownerType")));
    }
    kind.flatten()
}

fn owner(kind: PartyKind, id: &str, ids: &References<'_>) -> Result<Party, InvalidValue> {
    match kind {
        PartyKind::User => ids.username(id).map(Party::User),
        PartyKind::Client => ids.client(id).map(Party::Client),
        PartyKind::Group => ids.member_group(id).map(Party::Group),
        PartyKind::Role => ids.role(id).map(Party::Role),
        PartyKind::MappingRule => ids.mapping_rule(id).map(Party::MappingRule),
    }
}

/// Parses the request body. The flag in the result is `true` if the body contains `condition`, even as null.
fn new_authorization(bytes: &[u8], caller: &Caller, ids: &IdRules) -> Result<(NewAuthorization, bool), Problem> {
    let (matrix, ids) = (caller.world.catalog(), ids.references(&caller.world));
    let alternatives = ["resourceId", "resourcePropertyName"];
    let (mut body, mut report) = Fields::body_with_alternatives(bytes, "cluster.AuthorizationRequest", &alternatives)?;
    let [by_id, by_property] = alternatives.map(|name| body.has(name));
    if by_id == by_property {
        report.shape("Exactly one of `/resourceId` and `/resourcePropertyName` must be given.");
    }
    let kind = owner_type(&mut body, &mut report);
    let owner_id = body.filled_text("ownerId", &mut report);
    let owner = kind.zip(owner_id).and_then(|(kind, id)| report.take("/ownerId", owner(kind, &id, &ids)));
    let resource_type = resource_type(matrix, grantable, &mut body, &mut report);
    let scope = if by_property {
        let name = body.filled_text("resourcePropertyName", &mut report);
        name.and_then(|name| report.take("/resourcePropertyName", PropertyName::parse(&name))).map(Scope::Property)
    } else {
        let id = body.filled_text("resourceId", &mut report);
        id.and_then(|id| report.take("/resourceId", ids.resource(resource_type.as_ref(), &id)))
    };
    let permissions = permissions(matrix, &mut body, &mut report);
    let is_conditional = body.has("condition");
    let condition = condition(&mut body, &mut report);
    let made = match (owner, scope, resource_type, permissions) {
        (Some(owner), Some(scope), Some(resource_type), Some(permissions)) => {
            Some((NewAuthorization { owner, resource_type, scope, permissions, condition }, is_conditional))
        }
        _ => None,
    };
    report.finish(made)
}

fn permissions(
    matrix: &ResourceCatalog,
    body: &mut Fields,
    report: &mut Report,
) -> Option<std::collections::BTreeSet<PermissionName>> {
    let texts = body.texts("permissionTypes")?;
    if texts.is_empty() {
        report.value_at("/permissionTypes", "must not be empty".into());
    }
    let known: std::collections::BTreeSet<&PermissionName> =
        matrix.types().filter(|kind| grantable(kind)).flat_map(|kind| &kind.permissions).collect();
    let mut permissions = std::collections::BTreeSet::new();
    for (index, text) in texts.iter().enumerate() {
        let exact = known.iter().find(|name| name.as_str() == text);
        match exact.or_else(|| known.iter().find(|name| name.as_str().eq_ignore_ascii_case(text))) {
            Some(name) => {
                permissions.insert((*name).clone());
            }
            None => {
                let allowed = known.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
                report.shape(format!("`/permissionTypes/{index}` must be one of {allowed}."));
            }
        }
    }
    Some(permissions)
}

fn condition(body: &mut Fields, report: &mut Report) -> Option<Condition> {
    let Value::Array(items) = body.value("condition").filter(|_| report.has_shape())? else { return None };
    let mut comparisons: Vec<ComparisonBody> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let Value::Object(item) = item else { continue };
        match deserialize(item, &format!("/condition/{index}")) {
            Ok(comparison) => comparisons.push(comparison),
            Err(unfit) => report.unfit(unfit),
        }
    }
    let mut findings = Findings::of_body();
    let condition = parse_condition(Some(&comparisons), &mut findings).flatten();
    report.values_of(findings);
    condition
}

async fn create(
    request: HttpRequest,
    authorizations: Data<ClusterAuthorizations>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let (new, _) = new_authorization(&body, &caller, &ids)?;
    let key = written(&request, authorizations.create(&caller, new).await?);
    Ok(HttpResponse::Created().json(json!({ "authorizationKey": key.to_string() })))
}

fn parse(
    caller: &Caller,
    shown: ShownTypes,
    filters: &FilterQuery,
    body: &[u8],
) -> Result<Search<AuthorizationFilter, AuthorizationField>, Problem> {
    let text = search::text(filters.search.as_deref())?;
    let permission = filters.permission.as_deref().map(PermissionName::parse).transpose();
    let permission =
        permission.map_err(|error| Problem::bad_request("query", format!("`permission` {}.", error.rule)))?;
    search::parse(body, "cluster.AuthorizationSearch", SORT, |filter, report| {
        Some(AuthorizationFilter {
            owner_id: filter.text("ownerId"),
            owner_type: owner_type(filter, report),
            resource_ids: filter.alternatives("resourceIds"),
            resource_property_names: filter.alternatives("resourcePropertyNames"),
            resource_type: resource_type(caller.world.catalog(), |kind| shown.shows(kind), filter, report),
            permission,
            text,
            families: shown.families(),
        })
    })
}

async fn search(
    authorizations: Data<ClusterAuthorizations>,
    Authenticated(caller): Authenticated,
    shown: Query<Shown>,
    filters: Query<FilterQuery>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let request = parse(&caller, shown.resource_types, &filters, &body)?;
    search::answer(move |budget| {
        let found = authorizations.search(&caller, &request, budget)?;
        Ok(search::Answer::new(found, AuthorizationView::from))
    })
    .await
}

async fn own(
    authorizations: Data<ClusterAuthorizations>,
    Authenticated(caller): Authenticated,
    shown: Query<Shown>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let request = parse(&caller, shown.resource_types, &FilterQuery::default(), &body)?;
    search::answer(move |budget| {
        let found = authorizations.own(&caller, &request, budget)?;
        let mut answer = search::Answer::new(found, AuthorizationView::from);
        answer.authorizations_enabled = Some(authorizations.are_enabled());
        Ok(answer)
    })
    .await
}

async fn find(
    authorizations: Data<ClusterAuthorizations>,
    Authenticated(caller): Authenticated,
    shown: Query<Shown>,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    let key = key_in_path("authorizationKey", &key)?;
    let authorization = authorizations.find(&caller, key, shown.resource_types.families()).await?;
    let version = stored_version(&caller, EntityKind::Authorization, &key.to_string());
    Ok(precondition::respond(version, &AuthorizationView::from(authorization)))
}

async fn update(
    request: HttpRequest,
    authorizations: Data<ClusterAuthorizations>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let key = key_in_path("authorizationKey", &key)?;
    let (new, is_conditional) = new_authorization(&body, &caller, &ids)?;
    written(&request, authorizations.update(&caller, key, new, !is_conditional).await?);
    Ok(crate::done())
}

async fn delete(
    request: HttpRequest,
    authorizations: Data<ClusterAuthorizations>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    let key = key_in_path("authorizationKey", &key)?;
    written(&request, authorizations.delete(&caller, key).await?);
    Ok(crate::done())
}
