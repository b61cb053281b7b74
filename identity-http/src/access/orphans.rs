//! Authorizations that refer to an entity that does not exist.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::entity::Authorization;
use identity_core::search::Absent;
use identity_core::service::access::{Access, Ask};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::review::limit;
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/review/orphans").get(list));
}

/// Which part of the orphaned authorizations to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrphansQuery {
    /// The number of authorizations at most: 10 000 when not given, 1 000 000 at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// Authorizations that refer to an entity that does not exist, in the order of their keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphansView {
    authorizations: Vec<OrphanView>,
    /// Whether there are more.
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
    /// An id or `*`; absent where a property selects the resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<String>,
    permissions: Vec<String>,
    /// What does not exist.
    absent: AbsentView,
}

/// What an authorization refers to and does not exist.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AbsentView {
    /// The owner: the authorization grants nothing until an owner of that id exists.
    Owner,
    /// The resource: the authorization applies to the next entity of that id.
    Resource,
}

impl From<(Authorization, Absent)> for OrphanView {
    fn from((held, absent): (Authorization, Absent)) -> Self {
        Self {
            authorization_key: held.key.to_string(),
            owner_type: held.owner.kind_name(),
            owner_id: held.owner.id().to_owned(),
            resource_type: held.resource_type.to_string(),
            resource_id: held.scope.resource_id().map(str::to_owned),
            permissions: held.permissions.iter().map(ToString::to_string).collect(),
            absent: match absent {
                Absent::Owner => AbsentView::Owner,
                Absent::Resource => AbsentView::Resource,
            },
        }
    }
}

/// Lists the authorizations whose owner or resource is managed here and does not exist. Such an authorization applies to the
/// next entity of that id.
#[utoipa::path(get, path = "/access/v1/review/orphans", tag = "access", params(OrphansQuery),
    responses((status = 200, body = OrphansView), Failures))]
pub(crate) async fn list(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<OrphansQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Search, None, 1).await?;
    let limit = limit(query.limit)?;
    let (found, more) = off_the_worker(move |budget| access.review_orphans(&caller, limit, budget)).await?;
    let authorizations = found.into_iter().map(OrphanView::from).collect();
    Ok(HttpResponse::Ok().json(OrphansView { authorizations, more }))
}
