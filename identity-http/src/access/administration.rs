//! Ways to administration: of a right, of all rights, of the parties that a change concerns.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::apply::AdminPower;
use identity_core::entity::Party;
use identity_core::search::{AdminPath, AdminStep, Means};
use identity_core::service::access::{Access, AdministrationChange, Ask, steps_in_words};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::review::limit;
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

/// The most parties that are named.
const MOST_NAMED: usize = 1000;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/review/rights").get(of_rights)).service(resource("/review/right").get(of_right));
}

/// Which right.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RightQuery {
    /// A resource type, `api` or `tenant`.
    r#type: String,
    /// An id, or `*` for all.
    id: String,
    /// A permission of the type.
    action: String,
}

/// Which part of the rights to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RightsQuery {
    /// The number of authorizations at most: 10 000 when not given, 1 000 000 at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// A way to administration.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdministrationView {
    /// The number of requests that it takes; 0 for the power itself.
    requests: usize,
    steps: Vec<AdministrationStep>,
    /// The steps in words: `group ops > ROLE:UPDATE on admin`.
    path: String,
}

/// A step on a way to administration.
#[derive(Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AdministrationStep {
    /// Membership, which takes no request.
    #[serde(rename_all = "camelCase")]
    Member {
        /// `GROUP` or `ROLE`.
        container_type: &'static str,
        container_id: String,
    },
    /// One request.
    #[serde(rename_all = "camelCase")]
    Request {
        means: MeansView,
        /// The right that permits it, such as `ROLE:UPDATE`.
        right: String,
        /// The entity that it changes; absent where any authorization does.
        #[serde(skip_serializing_if = "Option::is_none")]
        entity: Option<String>,
        /// The authorization that permits it; absent where the right is asked about.
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_key: Option<String>,
    },
    /// The power at the end.
    Power { power: PowerView },
}

/// What a request does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum MeansView {
    AssignRole,
    JoinGroup,
    RewriteMappingRule,
    SetPassword,
    CreateUser,
    CreateMappingRule,
    RewriteAuthorization,
}

/// A power.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PowerView {
    /// The permission `write` of this service's API.
    WriteApi,
    /// The authorization to create authorizations.
    Authorize,
}

/// What a right leads to.
#[derive(Serialize, ToSchema)]
pub(crate) struct RightView {
    /// The way to administration that the right opens; absent when it opens none.
    #[serde(skip_serializing_if = "Option::is_none")]
    administration: Option<AdministrationView>,
}

/// The authorizations that lead to administration, in the order of their keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct RightsView {
    authorizations: Vec<LeadingAuthorization>,
    /// Whether there are more.
    more: bool,
}

/// An authorization that leads to administration.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeadingAuthorization {
    authorization_key: String,
    owner_type: &'static str,
    owner_id: String,
    resource_type: String,
    /// An id or `*`.
    resource_id: String,
    permissions: Vec<String>,
    administration: AdministrationView,
}

/// What a change means for who administers or can come to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdministratorsView {
    /// Those who administer or can come to by the change, or in fewer requests than before. At most 1000.
    gained: Vec<AdministratorView>,
    /// Those who neither administer nor can come to after it. At most 1000.
    lost: Vec<PartyView>,
    /// Whether more gain or lose it.
    more: bool,
}

/// A party that administers or can come to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdministratorView {
    /// `USER`, `CLIENT`, `MAPPING_RULE` or, where groups come by token, `GROUP`.
    party_type: &'static str,
    party_id: String,
    administration: AdministrationView,
}

/// A party.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = access::Party)]
pub(crate) struct PartyView {
    party_type: &'static str,
    party_id: String,
}

impl From<Means> for MeansView {
    fn from(means: Means) -> Self {
        match means {
            Means::AssignRole => Self::AssignRole,
            Means::JoinGroup => Self::JoinGroup,
            Means::RewriteMappingRule => Self::RewriteMappingRule,
            Means::SetPassword => Self::SetPassword,
            Means::CreateUser => Self::CreateUser,
            Means::CreateMappingRule => Self::CreateMappingRule,
            Means::RewriteAuthorization => Self::RewriteAuthorization,
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
        let more = change.gained.len() > MOST_NAMED || change.lost.len() > MOST_NAMED;
        let gained = change.gained.into_iter().take(MOST_NAMED).map(|(party, path)| AdministratorView {
            party_type: party.kind_name(),
            party_id: party.id().to_owned(),
            administration: path.into(),
        });
        let lost = change.lost.into_iter().take(MOST_NAMED).map(PartyView::from);
        Self { gained: gained.collect(), lost: lost.collect(), more }
    }
}

/// Shows whether a right leads to administration, and how.
#[utoipa::path(get, path = "/access/v1/review/right", tag = "access", params(RightQuery),
    responses((status = 200, body = RightView), Failures))]
pub(crate) async fn of_right(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<RightQuery>,
) -> Result<HttpResponse, Problem> {
    let RightQuery { r#type, id, action } = query.into_inner();
    access.permit(&caller, Ask::Search, Some(&r#type), 1).await?;
    let path = off_the_worker(move |_| Ok(access.leads_to(&caller, (&r#type, &id), &action))).await?;
    Ok(HttpResponse::Ok().json(RightView { administration: path.map(AdministrationView::from) }))
}

/// Lists the authorizations that lead to administration, in the order of their keys.
#[utoipa::path(get, path = "/access/v1/review/rights", tag = "access", params(RightsQuery),
    responses((status = 200, body = RightsView), Failures))]
pub(crate) async fn of_rights(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<RightsQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Search, None, 1).await?;
    let limit = limit(query.limit)?;
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
