//! `/access/v1/review/right` and `/rights`: paths by which a right leads to administrative power.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::apply::AdminPower;
use identity_core::entity::Party;
use identity_core::search::{AdminPath, AdminStep, AdminStepKind};
use identity_core::service::access::{Access, AdministrationChange, RequestKind, steps_in_words};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::limit;
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

/// Maximum number of parties in each of the response members `gained` and `lost`.
const MAX_NAMED: usize = 1000;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/review/rights").get(of_rights)).service(resource("/review/right").get(of_right));
}

/// Selects the right to review.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RightQuery {
    /// Resource type, `api` or `tenant`.
    r#type: String,
    /// Resource id, or `*` for all resources.
    id: String,
    /// Permission of the resource type.
    action: String,
}

/// Limits the list of rights.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RightsQuery {
    /// Maximum number of authorizations to return. Default 10 000, at most 1 000 000.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// A path by which a party can become an administrator.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdministrationView {
    /// Number of requests on the path; 0 if the party already holds the administrative power.
    requests: usize,
    steps: Vec<AdministrationStep>,
    /// The steps as text, such as `group ops > ROLE:UPDATE on admin`.
    path: String,
}

/// One step of a path to administration.
#[derive(Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AdministrationStep {
    /// An existing membership; needs no request.
    #[serde(rename_all = "camelCase")]
    Member {
        /// `GROUP` or `ROLE`.
        container_type: &'static str,
        container_id: String,
    },
    /// A request that the party can make.
    #[serde(rename_all = "camelCase")]
    Request {
        means: AdminStepKindView,
        /// Right that permits the request, such as `ROLE:UPDATE`.
        right: String,
        /// Entity that the request changes. Absent if any authorization can be changed instead.
        #[serde(skip_serializing_if = "Option::is_none")]
        entity: Option<String>,
        /// Key of the authorization that permits the request. Absent for the right under review.
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_key: Option<String>,
    },
    /// The administrative power reached at the end of the path.
    Power { power: PowerView },
}

/// Operation that a request performs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AdminStepKindView {
    AssignRole,
    JoinGroup,
    RewriteMappingRule,
    SetPassword,
    CreateUser,
    CreateMappingRule,
    RewriteAuthorization,
}

/// An administrative power.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PowerView {
    /// Permission `write` of this service's API.
    WriteApi,
    /// Permission to create authorizations.
    Authorize,
}

/// Consequences of holding a right.
#[derive(Serialize, ToSchema)]
pub(crate) struct RightView {
    /// Path to administration that the right opens. Absent if it opens none.
    #[serde(skip_serializing_if = "Option::is_none")]
    administration: Option<AdministrationView>,
}

/// Authorizations that open a path to administration, ordered by key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RightsView {
    authorizations: Vec<LeadingAuthorization>,
    /// Whether more authorizations match than are listed.
    more: bool,
}

/// An authorization that opens a path to administration.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeadingAuthorization {
    authorization_key: String,
    owner_type: &'static str,
    owner_id: String,
    resource_type: String,
    /// Resource id, or `*` for all resources.
    resource_id: String,
    permissions: Vec<String>,
    administration: AdministrationView,
}

/// Effect of a change on administrators and on parties that can become administrators.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdministratorsView {
    /// Parties that become administrators, gain a path to administration, or get a shorter one. At most 1000.
    gained: Vec<AdministratorView>,
    /// Parties that are no longer administrators and have no path to administration left. At most 1000.
    lost: Vec<PartyView>,
    /// Whether either list was truncated.
    more: bool,
}

/// A party that is or can become an administrator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdministratorView {
    /// `USER`, `CLIENT`, `MAPPING_RULE`, or `GROUP` if groups come from token claims.
    party_type: &'static str,
    party_id: String,
    administration: AdministrationView,
}

/// A user, client, group, role or mapping rule.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = access::Party)]
pub(crate) struct PartyView {
    party_type: &'static str,
    party_id: String,
}

impl From<AdminStepKind> for AdminStepKindView {
    fn from(means: AdminStepKind) -> Self {
        match means {
            AdminStepKind::AssignRole => Self::AssignRole,
            AdminStepKind::JoinGroup => Self::JoinGroup,
            AdminStepKind::RewriteMappingRule => Self::RewriteMappingRule,
            AdminStepKind::SetPassword => Self::SetPassword,
            AdminStepKind::CreateUser => Self::CreateUser,
            AdminStepKind::CreateMappingRule => Self::CreateMappingRule,
            AdminStepKind::RewriteAuthorization => Self::RewriteAuthorization,
        }
    }
}

impl From<AdminStep> for AdministrationStep {
    fn from(step: AdminStep) -> Self {
        match step {
            AdminStep::Member(party) => {
                Self::Member { container_type: party.kind_name(), container_id: party.id().to_owned() }
            }
            AdminStep::Request { by, means, entity } => {
                let (kind, permission) = means.right();
                let right = format!("{}:{permission}", kind.as_str());
                Self::Request { means: means.into(), right, entity, authorization_key: by.map(|key| key.to_string()) }
            }
            AdminStep::Power(AdminPower::WriteApi) => Self::Power { power: PowerView::WriteApi },
            AdminStep::Power(AdminPower::Authorize) => Self::Power { power: PowerView::Authorize },
        }
    }
}

impl From<AdminPath> for AdministrationView {
    fn from(path: AdminPath) -> Self {
        let words = steps_in_words(&path).join(" > ");
        let steps = path.steps.into_iter().map(AdministrationStep::from).collect();
        Self { requests: path.requests, steps, path: words }
    }
}

impl From<Party> for PartyView {
    fn from(party: Party) -> Self {
        Self { party_type: party.kind_name(), party_id: party.id().to_owned() }
    }
}

impl From<AdministrationChange> for AdministratorsView {
    fn from(change: AdministrationChange) -> Self {
        let more = change.gained.len() > MAX_NAMED || change.lost.len() > MAX_NAMED;
        let gained = change.gained.into_iter().take(MAX_NAMED).map(|(party, path)| AdministratorView {
            party_type: party.kind_name(),
            party_id: party.id().to_owned(),
            administration: path.into(),
        });
        let lost = change.lost.into_iter().take(MAX_NAMED).map(PartyView::from);
        Self { gained: gained.collect(), lost: lost.collect(), more }
    }
}

/// Returns the path to administration that a right opens, if any.
#[utoipa::path(get, path = "/access/v1/review/right", tag = "access", params(RightQuery),
    responses((status = 200, body = RightView), Failures))]
pub(crate) async fn of_right(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<RightQuery>,
) -> Result<HttpResponse, Problem> {
    let RightQuery { r#type, id, action } = query.into_inner();
    access.permit(&caller, RequestKind::Search, Some(&r#type), 1).await?;
    let path = off_the_worker(move |_| Ok(access.leads_to(&caller, (&r#type, &id), &action))).await?;
    Ok(HttpResponse::Ok().json(RightView { administration: path.map(AdministrationView::from) }))
}

/// Lists the authorizations that open a path to administration, ordered by key.
#[utoipa::path(get, path = "/access/v1/review/rights", tag = "access", params(RightsQuery),
    responses((status = 200, body = RightsView), Failures))]
pub(crate) async fn of_rights(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<RightsQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Search, None, 1).await?;
    let limit = limit::parse(query.limit)?;
    let (found, more) = off_the_worker(move |budget| access.review_rights(&caller, limit, budget)).await?;
    let view = |(held, path): (identity_core::entity::Authorization, AdminPath)| LeadingAuthorization {
        authorization_key: held.key.to_string(),
        owner_type: held.owner.kind_name(),
        owner_id: held.owner.id().to_owned(),
        resource_type: held.resource_type.to_string(),
        resource_id: held.scope.resource_id().unwrap_or_default().to_owned(),
        permissions: held.permissions.iter().map(ToString::to_string).collect(),
        administration: path.into(),
    };
    Ok(HttpResponse::Ok().json(RightsView { authorizations: found.into_iter().map(view).collect(), more }))
}
