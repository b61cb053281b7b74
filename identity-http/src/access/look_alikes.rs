//! `/access/v1/review/look-alikes`: entities with confusable ids or names.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::entity::EntityKind;
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
    v1.service(resource("/review/look-alikes").get(similar));
}

/// Selects the confusable entities to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LookAlikesQuery {
    /// Kind of entity. Default: all kinds.
    #[param(inline)]
    r#type: Option<LabelledKind>,
    /// Maximum number of sets. Default 10 000, at most 1 000 000.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// A kind of entity that is identified by id.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LabelledKind {
    User,
    Client,
    Group,
    Role,
    MappingRule,
    Tenant,
}

impl From<LabelledKind> for EntityKind {
    fn from(kind: LabelledKind) -> Self {
        match kind {
            LabelledKind::User => Self::User,
            LabelledKind::Client => Self::Client,
            LabelledKind::Group => Self::Group,
            LabelledKind::Role => Self::Role,
            LabelledKind::MappingRule => Self::MappingRule,
            LabelledKind::Tenant => Self::Tenant,
        }
    }
}

/// Sets of entities with confusable ids or names.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookAlikesView {
    sets: Vec<LookAlikeSet>,
    /// Whether there are more sets than listed.
    more: bool,
}

/// Two or more entities of one kind with confusable ids or names.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookAlikeSet {
    #[schema(example = "ROLE")]
    r#type: &'static str,
    #[schema(example = json!(["Admin", "admin"]))]
    ids: BTreeSet<String>,
}

/// Lists entities whose ids or names differ only by case, dots, invisible characters or confusable characters (Unicode
/// Technical Standard 39).
#[utoipa::path(get, path = "/access/v1/review/look-alikes", tag = "access", params(LookAlikesQuery),
    responses((status = 200, body = LookAlikesView), Failures))]
pub(crate) async fn similar(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<LookAlikesQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Search, None, 1).await?;
    let limit = limit::parse(query.limit)?;
    let kind = query.r#type.map(EntityKind::from);
    let found = off_the_worker(move |budget| access.review_look_alikes(&caller, kind, limit, budget));
    let (sets, more) = found.await?;
    let sets = sets.into_iter().map(|(kind, ids)| LookAlikeSet { r#type: kind.as_str(), ids }).collect();
    Ok(HttpResponse::Ok().json(LookAlikesView { sets, more }))
}
