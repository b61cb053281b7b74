//! Authorizations (orchestration reference §1.6).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::apply::NewAuthorization;
use identity_core::entity::{Authorization, Condition, Party, PartyKind, Scope};
use identity_core::matrix::{Family, Matrix, ResourceType};
use identity_core::search::entities::{AuthorizationField, AuthorizationFilter};
use identity_core::service::Caller;
use identity_core::service::cluster::{ClusterAuthorizations, Search};
use identity_core::value::{InvalidValue, PermissionName, PropertyName, ResourceTypeName};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use super::ids::{IdRules, References, key_in_path};
use super::openapi::{authorization_key, owner_types, permission_lists, resource_types};
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
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

/// The words for owners. The last is in the original's vocabulary, and refused.
pub(super) const OWNERS: &[(&str, Option<PartyKind>)] = &[
    ("USER", Some(PartyKind::User)),
    ("CLIENT", Some(PartyKind::Client)),
    ("ROLE", Some(PartyKind::Role)),
    ("GROUP", Some(PartyKind::Group)),
    ("MAPPING_RULE", Some(PartyKind::MappingRule)),
    ("UNSPECIFIED", None),
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
    /// Only on the operator's own types, which no other system has.
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

/// The families of types that the Orchestration Cluster API enumerates.
const ENUMERATED: &[Family] = &[Family::Cluster];

/// Whether this API can grant on resources of a type: on the Orchestration Cluster's, and on the operator's own.
fn grantable(kind: &ResourceType) -> bool {
    matches!(kind.family, Family::Cluster | Family::Identity | Family::Custom)
}

/// Which authorizations are shown.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(default)]
    resource_types: ShownTypes,
}

/// Of which types authorizations are shown.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShownTypes {
    /// Of those that the Orchestration Cluster API enumerates: strict clients know no others.
    #[default]
    Enumerated,
    /// Of all.
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

/// A resource type of those that `fits`, by name, in any case.
fn resource_type(
    matrix: &Matrix,
    fits: impl Fn(&ResourceType) -> bool,
    fields: &mut Fields,
    required: bool,
    report: &mut Report,
) -> Option<ResourceTypeName> {
    let types = matrix.types().filter(|kind| fits(kind));
    let words: Vec<(&str, &ResourceTypeName)> = types.map(|kind| (kind.name.as_str(), &kind.name)).collect();
    fields.word("resourceType", &words, required, report).cloned()
}

/// A kind of owner, by name.
fn owner_type(fields: &mut Fields, required: bool, report: &mut Report) -> Option<PartyKind> {
    let kind = fields.word("ownerType", OWNERS, required, report);
    if kind == Some(None) {
        report.value("`ownerType` must not be UNSPECIFIED.");
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

/// The authorization of a body, and whether it says something of a condition.
fn new_authorization(bytes: &[u8], caller: &Caller, ids: &IdRules) -> Result<(NewAuthorization, bool), Problem> {
    let (matrix, ids) = (caller.world.matrix(), ids.references(&caller.world));
    let mut body = Fields::body(bytes, false)?;
    let mut report = Report::default();
    let by_id = body.is_given("resourceId");
    let by_property = body.is_given("resourcePropertyName");
    if by_id == by_property {
        report.shape("Exactly one of `resourceId` and `resourcePropertyName` must be given.");
    }
    let kind = owner_type(&mut body, true, &mut report);
    let owner_id = body.required_text("ownerId", &mut report);
    let owner = kind.zip(owner_id).and_then(|(kind, id)| report.take("ownerId", owner(kind, &id, &ids)));
    let resource_type = resource_type(matrix, grantable, &mut body, true, &mut report);
    let scope = if by_property {
        let name = body.required_text("resourcePropertyName", &mut report);
        body.optional("resourceId");
        name.and_then(|name| report.take("resourcePropertyName", PropertyName::parse(&name))).map(Scope::Property)
    } else {
        let id = if by_id { body.required_text("resourceId", &mut report) } else { None };
        body.optional("resourcePropertyName");
        id.and_then(|id| report.take("resourceId", ids.resource(resource_type.as_ref(), &id)))
    };
    let permissions = permissions(matrix, &mut body, &mut report);
    let is_conditional = body.has("condition");
    let condition = if is_conditional { condition(&mut body, &mut report) } else { None };
    body.end(&mut report);
    let made = match (owner, scope, resource_type, permissions) {
        (Some(owner), Some(scope), Some(resource_type), Some(permissions)) => {
            Some((NewAuthorization { owner, resource_type, scope, permissions, condition }, is_conditional))
        }
        _ => None,
    };
    report.finish(made)
}

fn permissions(
    matrix: &Matrix,
    body: &mut Fields,
    report: &mut Report,
) -> Option<std::collections::BTreeSet<PermissionName>> {
    let given = body.has("permissionTypes");
    let is_null = body.is_null("permissionTypes");
    let texts = body.optional_texts("permissionTypes", report);
    match &texts {
        None if !given => report.value("No `permissionTypes` is provided."),
        None if is_null => report.shape("`permissionTypes` must not be null."),
        Some(texts) if texts.is_empty() => report.value("`permissionTypes` must not be empty."),
        _ => {}
    }
    let known: std::collections::BTreeSet<&PermissionName> =
        matrix.types().filter(|kind| grantable(kind)).flat_map(|kind| &kind.permissions).collect();
    let mut permissions = std::collections::BTreeSet::new();
    for text in texts? {
        let exact = known.iter().find(|name| name.as_str() == text);
        match exact.or_else(|| known.iter().find(|name| name.as_str().eq_ignore_ascii_case(&text))) {
            Some(name) => {
                permissions.insert((*name).clone());
            }
            None => {
                let allowed = known.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
                report.shape(format!("`permissionTypes` may hold {allowed}."));
            }
        }
    }
    Some(permissions)
}

fn condition(body: &mut Fields, report: &mut Report) -> Option<Condition> {
    let condition = serde_json::from_value(body.optional("condition")?);
    condition.map_err(|error| report.shape(format!("`condition` does not fit: {error}."))).ok()
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
    body: &[u8],
) -> Result<Search<AuthorizationFilter, AuthorizationField>, Problem> {
    search::parse(body, SORT, |filter, report| {
        Some(AuthorizationFilter {
            owner_id: filter.optional_text("ownerId", report),
            owner_type: owner_type(filter, false, report),
            resource_ids: filter.alternatives("resourceIds", report),
            resource_property_names: filter.alternatives("resourcePropertyNames", report),
            resource_type: resource_type(caller.world.matrix(), |kind| shown.shows(kind), filter, false, report),
            families: shown.families(),
        })
    })
}

async fn search(
    authorizations: Data<ClusterAuthorizations>,
    Authenticated(caller): Authenticated,
    shown: Query<Shown>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let request = parse(&caller, shown.resource_types, &body)?;
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
    let request = parse(&caller, shown.resource_types, &body)?;
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
    Ok(HttpResponse::Ok().json(AuthorizationView::from(authorization)))
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
