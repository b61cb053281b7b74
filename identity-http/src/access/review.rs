//! `/access/v1/review/…`: access reviews as JSON or CSV (RFC 4180). Each line is a grant with the path that leads to
//! it.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::error::ErrorInternalServerError;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::entity::Condition;
use identity_core::service::access::{Access, EntityRef, Line, RequestKind, Review};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::administration::AdministrationView;
use super::limit;
use super::search::GapView;
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;
use crate::spreadsheet;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/review/resource").get(of_resource))
        .service(resource("/review/subject").get(of_subject))
        .service(resource("/review/me").get(of_caller))
        .service(resource("/review/administrators").get(of_administrators));
}

/// Maximum number of holders of a permission that are read from a directory.
const MAX_IN_DIRECTORY: usize = 2000;

/// Format of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Json,
    Csv,
}

/// Selects the resource and permission to review.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResourceQuery {
    /// Resource type, `api` or `tenant`.
    r#type: String,
    /// Resource id, or `*` for grants on all resources.
    id: String,
    /// Permission of the resource type.
    action: String,
    #[param(inline)]
    format: Option<Format>,
    /// Maximum number of lines. Default 10 000, at most 1 000 000.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// Selects the subject to review.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubjectQuery {
    /// `user` or `client`.
    r#type: String,
    id: String,
    #[param(inline)]
    format: Option<Format>,
    /// Maximum number of lines. Default 10 000, at most 1 000 000.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// Options of a review without further parameters.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewQuery {
    #[param(inline)]
    format: Option<Format>,
    /// Maximum number of lines. Default 10 000, at most 1 000 000.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// An access review: grants, each with its path.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewView {
    lines: Vec<LineView>,
    /// Whether the list was truncated.
    more: bool,
    /// Path to administration that the reviewed right opens, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    administration: Option<AdministrationView>,
    /// Present if the list is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<GapView>,
}

/// A party that holds permissions by one path.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineView {
    /// `USER`, `CLIENT`, `MAPPING_RULE` (every bearer of a matching token), or `GROUP` if groups come from token
    /// claims.
    party_type: &'static str,
    party_id: String,
    /// Name of the party, if it differs from the id. For users in Keycloak, the username.
    #[serde(skip_serializing_if = "Option::is_none")]
    party_name: Option<String>,
    resource_type: String,
    /// Resource id, `*`, or `property:` followed by the name of the property that must name the caller.
    resource_id: String,
    permissions: Vec<String>,
    /// Additional condition of the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::condition::ComparisonBody>>)]
    condition: Option<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_key: Option<String>,
    /// Path from the party through groups and roles, such as `user ann > group people > role staff`.
    path: String,
    /// The path with the names of the parties, such as `user Ann Lee (ann) > group People (people) > role staff`.
    path_in_names: String,
    /// Only in the review of administrators: number of requests by which the party becomes an administrator. 0 if it
    /// already is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<usize>,
    /// Ids of the same kind that differ only by case, dots or confusable characters. At most five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar_to: Vec<String>,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        Self {
            party_type: line.party.kind_name(),
            party_id: line.party.id().to_owned(),
            party_name: line.name.clone(),
            resource_type: line.holding.resource_type().to_owned(),
            resource_id: line.holding.resource(),
            permissions: line.holding.permissions(),
            condition: line.holding.condition().cloned(),
            authorization_key: line.holding.key().map(|key| key.to_string()),
            path: line.to_string(),
            path_in_names: line.path_in_names,
            requests: line.requests,
            similar_to: line.similar_to,
        }
    }
}

/// Names of the CSV columns, in the order of [`LineView::cells`].
const COLUMNS: [&str; 12] = [
    "partyType",
    "partyId",
    "resourceType",
    "resourceId",
    "permissions",
    "condition",
    "authorizationKey",
    "path",
    "requests",
    "similarTo",
    "partyName",
    "pathInNames",
];

impl LineView {
    fn cells(&self) -> [Cow<'_, str>; 12] {
        [
            self.party_type.into(),
            (&self.party_id).into(),
            (&self.resource_type).into(),
            (&self.resource_id).into(),
            self.permissions.join(" ").into(),
            self.condition.as_ref().map(Condition::to_string).unwrap_or_default().into(),
            self.authorization_key.as_deref().unwrap_or_default().into(),
            (&self.path).into(),
            self.requests.map(|requests| requests.to_string()).unwrap_or_default().into(),
            self.similar_to.join(" ").into(),
            self.party_name.as_deref().unwrap_or_default().into(),
            (&self.path_in_names).into(),
        ]
    }
}

/// Lists the parties that hold a permission on a resource, with every grant path.
#[utoipa::path(get, path = "/access/v1/review/resource", tag = "access", params(ResourceQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_resource(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<ResourceQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    access.permit(&caller, RequestKind::Search, Some(&query.r#type), 1).await?;
    let resource = EntityRef { kind: query.r#type, id: query.id, ..EntityRef::default() };
    let limit = limit::parse(query.limit)?;
    let (action, format) = (query.action, query.format);
    let held = access.holders_in_directory(&resource, &action, limit.min(MAX_IN_DIRECTORY)).await;
    let review = off_the_worker(move |budget| access.review_resource(&caller, &resource, &action, limit, held, budget));
    Ok(show(review.await?, format))
}

/// Lists the permissions of a user or client, with every grant path.
#[utoipa::path(get, path = "/access/v1/review/subject", tag = "access", params(SubjectQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_subject(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<SubjectQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    access.permit(&caller, RequestKind::Search, None, 1).await?;
    // Tokens must not appear in URLs.
    if query.r#type == "token" {
        return Err(Problem::bad_request("invalid", "`type` must be user or client."));
    }
    let subject = EntityRef { kind: query.r#type, id: query.id, ..EntityRef::default() };
    let limit = limit::parse(query.limit)?;
    let review = match access.identify(&caller.world, &subject, None).await? {
        Ok(subject) => off_the_worker(move |budget| access.review_subject(&caller, &subject, limit, budget)).await?,
        Err(_) => Review::default(),
    };
    Ok(show(review, query.format))
}

/// Lists the permissions of the caller, with every grant path. Needs no permission.
#[utoipa::path(get, path = "/access/v1/review/me", tag = "access", params(ReviewQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_caller(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<ReviewQuery>,
) -> Result<HttpResponse, Problem> {
    access.admit(&caller, 1)?;
    let limit = limit::parse(query.limit)?;
    let review = off_the_worker(move |budget| access.review_own(&caller, limit, budget)).await?;
    Ok(show(review, query.format))
}

/// Lists the administrators, with every grant path: parties that may change everything through this API, and parties
/// that may create authorizations.
///
/// Then lists the parties that can become administrators, each with its shortest path and number of requests.
#[utoipa::path(get, path = "/access/v1/review/administrators", tag = "access", params(ReviewQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_administrators(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<ReviewQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Search, None, 1).await?;
    let limit = limit::parse(query.limit)?;
    let held = access.administrators_in_directory(limit.min(MAX_IN_DIRECTORY)).await;
    let review = off_the_worker(move |budget| access.review_administrators(&caller, limit, held, budget));
    Ok(show(review.await?, query.format))
}

fn show(review: Review, format: Option<Format>) -> HttpResponse {
    let lines: Vec<LineView> = review.lines.into_iter().map(LineView::from).collect();
    match format.unwrap_or_default() {
        Format::Json => {
            let administration = review.administration.map(AdministrationView::from);
            let incomplete = review.gap.map(GapView::from);
            HttpResponse::Ok().json(ReviewView { lines, more: review.more, administration, incomplete })
        }
        Format::Csv => match spreadsheet::rows(Some(&COLUMNS), lines.iter().map(LineView::cells)) {
            Ok(body) => {
                let mut response = HttpResponse::Ok();
                response
                    .content_type(spreadsheet::CSV)
                    .insert_header(("Content-Disposition", "attachment; filename=\"review.csv\""))
                    .insert_header(("X-Identity-More", review.more.to_string()));
                if let Some(gap) = review.gap {
                    response.insert_header(("X-Identity-Incomplete", gap.code()));
                }
                response.body(body)
            }
            Err(error) => ErrorInternalServerError(error).error_response(),
        },
    }
}
