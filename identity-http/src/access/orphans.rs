//! `/access/v1/review/orphans`: authorizations that refer to an entity that does not exist.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::entity::Authorization;
use identity_core::search::OrphanCause;
use identity_core::service::access::{Access, RequestKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::limit;
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/review/orphans").get(list));
}

/// Limits the list of orphaned authorizations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrphansQuery {
    /// Maximum number of authorizations to return. Default 10 000, at most 1 000 000.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// Authorizations that refer to an entity that does not exist, ordered by key.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphansView {
    authorizations: Vec<OrphanView>,
    /// Whether more authorizations match than are listed.
    more: bool,
}

/// An authorization that refers to an entity that does not exist.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrphanView {
    authorization_key: String,
    owner_type: &'static str,
    owner_id: String,
    resource_type: String,
    /// Resource id or `*`. Absent if the authorization selects resources by property.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<String>,
    permissions: Vec<String>,
    /// The missing reference.
    absent: OrphanCauseView,
}

/// Reference of an authorization whose target does not exist.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OrphanCauseView {
    /// The owner. The authorization has no effect until an owner with that id exists.
    Owner,
    /// The resource. The authorization applies to the next entity created with that id.
    Resource,
}

impl From<(Authorization, OrphanCause)> for OrphanView {
    fn from((held, absent): (Authorization, OrphanCause)) -> Self {
        Self {
            authorization_key: held.key.to_string(),
            owner_type: held.owner.kind_name(),
            owner_id: held.owner.id().to_owned(),
            resource_type: held.resource_type.to_string(),
            resource_id: held.scope.resource_id().map(str::to_owned),
            permissions: held.permissions.iter().map(ToString::to_string).collect(),
            absent: match absent {
                OrphanCause::Owner => OrphanCauseView::Owner,
                OrphanCause::Resource => OrphanCauseView::Resource,
            },
        }
    }
}

/// Lists the authorizations whose owner or resource is managed by this service and does not exist.
///
/// Such an authorization applies to the next entity created with that id.
#[utoipa::path(get, path = "/access/v1/review/orphans", tag = "access", params(OrphansQuery),
    responses((status = 200, body = OrphansView), Failures))]
pub(crate) async fn list(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<OrphansQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Search, None, 1).await?;
    let limit = limit::parse(query.limit)?;
    let (found, more) = off_the_worker(move |budget| access.review_orphans(&caller, limit, budget)).await?;
    let authorizations = found.into_iter().map(OrphanView::from).collect();
    Ok(HttpResponse::Ok().json(OrphansView { authorizations, more }))
}
