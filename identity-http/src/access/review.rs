//! Reviews of access, as JSON or CSV (RFC 4180), with the path of each line.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use identity_core::entity::Condition;
use identity_core::service::access::{About, Access, Ask, Line, Review};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::administration::AdministrationView;
use super::wire::Unfit;
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

/// Without a limit of the asker's.
const USUAL: usize = 10_000;
const MOST: usize = 1_000_000;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/review/resource").get(of_resource))
        .service(resource("/review/subject").get(of_subject))
        .service(resource("/review/administrators").get(of_administrators));
}

/// How a review is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Json,
    Csv,
}

/// Which review of a resource.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResourceQuery {
    /// A resource type, `api` or `tenant`.
    r#type: String,
    /// An id, or `*` for what is granted on all.
    id: String,
    /// A permission of the type.
    action: String,
    #[param(inline)]
    format: Option<Format>,
    /// How many lines at most: 10 000 when not given, 1 000 000 at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// Whose review.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubjectQuery {
    /// `user` or `client`.
    r#type: String,
    id: String,
    #[param(inline)]
    format: Option<Format>,
    /// How many lines at most: 10 000 when not given, 1 000 000 at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// How to show who administers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdministratorsQuery {
    #[param(inline)]
    format: Option<Format>,
    /// How many lines at most: 10 000 when not given, 1 000 000 at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<usize>,
}

/// Who has what, with the path of each.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewView {
    lines: Vec<LineView>,
    /// Whether there would be more lines.
    more: bool,
    /// Where the right that is reviewed leads to administration: the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    administration: Option<AdministrationView>,
}

/// Somebody has something by a path.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineView {
    /// `USER`, `CLIENT`, `MAPPING_RULE`: whoever's token matches it; or, where groups come by token, `GROUP`.
    party_type: &'static str,
    party_id: String,
    resource_type: String,
    /// An id, `*`, or `property:` and the name of the property that must name the caller.
    resource_id: String,
    permissions: Vec<String>,
    /// What must hold besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::management::authorizations::ComparisonView>>)]
    condition: Option<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_key: Option<String>,
    /// From the party through groups and roles: `user ann > group people > role staff`.
    path: String,
    /// Of the review of administrators: the number of requests after which the party administers; 0 when it does already.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<usize>,
    /// Ids of the party's kind that differ from its id only by case, dots or characters that are drawn alike; five at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar_to: Vec<String>,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        Self {
            party_type: line.party.kind_name(),
            party_id: line.party.id().to_owned(),
            resource_type: line.holding.resource_type().to_owned(),
            resource_id: line.holding.resource(),
            permissions: line.holding.permissions(),
            condition: line.holding.condition().cloned(),
            authorization_key: line.holding.key().map(|key| key.to_string()),
            path: line.to_string(),
            requests: line.requests,
            similar_to: line.similar_to,
        }
    }
}

impl LineView {
    fn csv(&self) -> String {
        let condition = self.condition.as_ref().map(Condition::column).unwrap_or_default();
        let key = self.authorization_key.as_deref().unwrap_or_default();
        let permissions = self.permissions.join(" ");
        let cells = [
            self.party_type,
            &self.party_id,
            &self.resource_type,
            &self.resource_id,
            &permissions,
            &condition,
            key,
            &self.path,
            &self.requests.map(|requests| requests.to_string()).unwrap_or_default(),
            &self.similar_to.join(" "),
        ];
        cells.map(cell).join(",") + "\r\n"
    }
}

/// A cell that is text to whatever opens it: a spreadsheet takes some beginnings for a formula.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

pub(super) fn limit(asked: Option<usize>) -> Result<usize, Unfit> {
    let limit = asked.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Unfit("`limit` must be between 1 and 1000000.".to_owned()))
    }
}

fn show(review: Review, format: Option<Format>) -> HttpResponse {
    let lines: Vec<LineView> = review.lines.into_iter().map(LineView::from).collect();
    match format.unwrap_or_default() {
        Format::Json => {
            let administration = review.administration.map(AdministrationView::from);
            HttpResponse::Ok().json(ReviewView { lines, more: review.more, administration })
        }
        Format::Csv => {
            let head = "partyType,partyId,resourceType,resourceId,permissions,condition,authorizationKey,path,requests,similarTo\r\n";
            let body: String = std::iter::once(head.to_owned()).chain(lines.iter().map(LineView::csv)).collect();
            HttpResponse::Ok()
                .content_type("text/csv; charset=utf-8; header=present")
                .insert_header(("Content-Disposition", "attachment; filename=\"review.csv\""))
                .insert_header(("X-Identity-More", review.more.to_string()))
                .body(body)
        }
    }
}

/// Lists who can do something with a resource, by every path.
#[utoipa::path(get, path = "/access/v1/review/resource", tag = "access", params(ResourceQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_resource(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<ResourceQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    access.permit(&caller, Ask::Search, Some(&query.r#type), 1).await?;
    let resource = About { kind: query.r#type, id: query.id, ..About::default() };
    let limit = limit(query.limit)?;
    let (action, format) = (query.action, query.format);
    let review = off_the_worker(move |budget| access.review_resource(&caller, &resource, &action, limit, budget));
    Ok(show(review.await?, format))
}

/// Lists what somebody can do, by every path.
#[utoipa::path(get, path = "/access/v1/review/subject", tag = "access", params(SubjectQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_subject(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<SubjectQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    access.permit(&caller, Ask::Search, None, 1).await?;
    // A token has no business in a URL.
    if query.r#type == "token" {
        return Err(Unfit("`type` must be user or client.".to_owned()).into());
    }
    let subject = About { kind: query.r#type, id: query.id, ..About::default() };
    let limit = limit(query.limit)?;
    let review = match access.identify(&subject).await? {
        Ok(subject) => off_the_worker(move |budget| access.review_subject(&caller, &subject, limit, budget)).await?,
        Err(_) => Review::default(),
    };
    Ok(show(review, query.format))
}

/// Lists who administers, by every path: who may change everything over this API, and who may grant authorizations. Then lists
/// who can come to administer, by the shortest way, and in how many requests.
#[utoipa::path(get, path = "/access/v1/review/administrators", tag = "access", params(AdministratorsQuery),
    responses((status = 200, content((ReviewView = "application/json"), (String = "text/csv"))), Failures))]
pub(crate) async fn of_administrators(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<AdministratorsQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Search, None, 1).await?;
    let limit = limit(query.limit)?;
    let review = off_the_worker(move |budget| access.review_administrators(&caller, limit, budget));
    Ok(show(review.await?, query.format))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        for text in ["=1+1", "+1", "-1", "@x", "\tx"] {
            assert_eq!(cell(text), format!("\"'{text}\""));
        }
    }
}
