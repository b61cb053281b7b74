//! Entities whose ids or names look alike.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::entity::EntityKind;
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
    v1.service(resource("/review/look-alikes").get(similar));
}

/// Which entities that look alike to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LookAlikesQuery {
    /// Those of one kind. Without it, of all.
    #[param(inline)]
    r#type: Option<LabelledKind>,
    /// The number of sets at most: 10 000 when not given, 1 000 000 at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// A kind of entities that are told apart by ids.
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

/// Entities that a reader may take for one another.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookAlikesView {
    sets: Vec<LookAlikeSet>,
    /// Whether there are more.
    more: bool,
}

/// Two entities or more of one kind that look alike.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookAlikeSet {
    #[schema(example = "ROLE")]
    r#type: &'static str,
    #[schema(example = json!(["Admin", "admin"]))]
    ids: BTreeSet<String>,
}

/// Lists the entities whose ids or names differ only by case, dots, characters that are not seen or characters that are drawn
/// alike (Unicode Technical Standard 39).
#[utoipa::path(get, path = "/access/v1/review/look-alikes", tag = "access", params(LookAlikesQuery),
    responses((status = 200, body = LookAlikesView), Failures))]
pub(crate) async fn similar(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<LookAlikesQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Search, None, 1).await?;
    let limit = limit(query.limit)?;
    let kind = query.r#type.map(EntityKind::from);
    let found = off_the_worker(move |budget| access.review_look_alikes(&caller, kind, limit, budget));
    let (sets, more) = found.await?;
    let sets = sets.into_iter().map(|(kind, ids)| LookAlikeSet { r#type: kind.as_str(), ids }).collect();
    Ok(HttpResponse::Ok().json(LookAlikesView { sets, more }))
}
