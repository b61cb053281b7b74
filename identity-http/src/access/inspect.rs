//! What is in a token, and in those of recent callers.

use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use identity_core::entity::time_text;
use identity_core::port::{Evidence, InspectionStep};
use identity_core::service::access::{Access, Ask, CaseVariant, Inspected, Login, MAX_CLAIM_BYTES, RuleVerdict};
use identity_core::value::{Claims, json_length};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::explain::SubjectView;
use super::wire::{Object, ObjectBody, Unfit};
use crate::authentication::Authenticated;
use crate::problem::Problem;
use crate::route::resource;

/// The most callers that are shown at once.
const MOST_CALLERS: usize = 10_000;
/// The most JSON text of claims in one answer.
const MOST_CLAIM_BYTES: usize = 4 * 1024 * 1024;
/// Without a number.
const USUAL_CALLERS: usize = 100;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/inspect").post(inspect)).service(resource("/recent-callers").get(recent));
}

/// What to look at: one of the two.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct InspectRequest {
    /// A token.
    token: Option<String>,
    /// Claims, as if a token had them whose signature holds.
    claims: Option<Object>,
}

/// A token, looked through. Nothing of it was kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedView {
    /// The checks of the token, each by itself: `check`, `passed` (null when it could not be made), `reason`, `detail`, `saw`,
    /// `wanted`.
    #[schema(value_type = Vec<Object>)]
    steps: Vec<InspectionStep>,
    /// What mapping rules say, at most 1000 of them: those that match first.
    rules: Vec<RuleView>,
    /// Whether there are more rules than are shown. Rules that match are shown before others.
    more_rules: bool,
    /// What its bearer is, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectView>,
    /// Ids of the token that nothing here is called by, each with one that differs only by case. Ids are compared with case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    case_variants: Vec<CaseVariantView>,
}

/// An id of a token, and one here that differs only by case.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseVariant)]
pub(crate) struct CaseVariantView {
    #[schema(example = "USER")]
    r#type: &'static str,
    claimed: String,
    stored: String,
}

/// What a mapping rule says to a token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InspectedRule)]
pub(crate) struct RuleView {
    id: String,
    name: String,
    claim_name: String,
    operator: &'static str,
    claim_value: String,
    /// Whose tokens the rule looks at; those of every issuer when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    matches: bool,
    /// What the claim holds that it looks at: at most 2 KiB for each rule, and 256 KiB in all.
    saw: Vec<Value>,
    /// Whether `saw` was cut off there.
    saw_more: bool,
    /// Why the rule was not evaluated, and so does not match: its claim name is no longer supported, or evaluating all rules on
    /// these claims takes too many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// How many callers to show.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecentQuery {
    /// 1 to 10 000; 100 when not given.
    limit: Option<usize>,
}

/// The last token of a recent caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecentView {
    /// When it was first seen.
    at: String,
    issuer: String,
    /// The names of its claims.
    claim_names: Vec<String>,
    /// Its claims, if this server keeps them: as many as fit into 4 MiB of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Value>,
    /// Whether its claims were left out there.
    claims_left_out: bool,
    /// The mapping rules that it matched when it was seen.
    matched: Vec<String>,
    /// What its bearer is now. Where claims are not kept, rules that were made since are not considered.
    subject: SubjectView,
}

impl From<RuleVerdict> for RuleView {
    fn from(RuleVerdict { rule, matches, saw, saw_more, refused }: RuleVerdict) -> Self {
        Self {
            id: rule.id.to_string(),
            name: rule.name.to_string(),
            claim_name: rule.selector.to_string(),
            operator: rule.operator.as_str(),
            claim_value: rule.value.as_str().to_owned(),
            issuer: rule.issuer.map(String::from),
            matches,
            saw,
            saw_more,
            refused: refused.map(|refused| refused.to_string()),
        }
    }
}

impl From<Inspected> for InspectedView {
    fn from(inspected: Inspected) -> Self {
        Self {
            steps: inspected.inspection.steps,
            rules: inspected.rules.into_iter().map(RuleView::from).collect(),
            more_rules: inspected.more_rules,
            subject: inspected.subject.map(SubjectView::from),
            case_variants: inspected
                .case_variants
                .into_iter()
                .map(|CaseVariant { kind, claimed, stored }| CaseVariantView { r#type: kind.as_str(), claimed, stored })
                .collect(),
        }
    }
}

/// Looks through a token or claims, check by check and rule by rule. Neither is stored or logged.
#[utoipa::path(post, path = "/access/v1/inspect", tag = "access", request_body = InspectRequest,
    responses((status = 200, body = InspectedView), Failures))]
pub(crate) async fn inspect(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    ObjectBody(mut body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Inspect, None, 1).await?;
    let claims;
    let token;
    let evidence = match (body.remove("token"), body.remove("claims")) {
        (Some(Value::String(text)), None) => {
            token = text;
            let token = token.trim();
            Evidence::Token(token.strip_prefix("Bearer ").unwrap_or(token))
        }
        (None, Some(members @ Value::Object(_))) if json_length(&members, MAX_CLAIM_BYTES).is_none() => {
            return Err(Unfit(format!("`claims` must not be longer than {MAX_CLAIM_BYTES} bytes of JSON.")).into());
        }
        (None, Some(Value::Object(members))) => {
            claims = Claims::from(members);
            Evidence::Claims(&claims)
        }
        _ => return Err(Unfit("Either `token`, a string, or `claims`, an object, must be given.".to_owned()).into()),
    };
    let inspected = access.inspect(&caller, evidence).await;
    let inspected =
        inspected.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_tokens", "There are no tokens here."))?;
    Ok(HttpResponse::Ok().json(InspectedView::from(inspected)))
}

/// Lists the last token of each of the last callers, newest first: by the names of its claims, unless this server keeps more.
#[utoipa::path(get, path = "/access/v1/recent-callers", tag = "access", params(RecentQuery),
    responses((status = 200, body = Vec<RecentView>), Failures))]
pub(crate) async fn recent(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<RecentQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Inspect, None, 1).await?;
    let limit = query.limit.unwrap_or(USUAL_CALLERS);
    if !(1..=MOST_CALLERS).contains(&limit) {
        return Err(Unfit("`limit` must be between 1 and 10000.".to_owned()).into());
    }
    let mut left = MOST_CLAIM_BYTES;
    let mut fitting = |claims: &Claims| {
        left = left.checked_sub(json_length(claims.as_value(), left)?)?;
        Some(claims.as_value().clone())
    };
    let view = |login: Login| {
        let claims = login.claims.as_ref().map(&mut fitting);
        RecentView {
            claims_left_out: claims == Some(None),
            claims: claims.flatten(),
            at: time_text(login.at),
            issuer: login.issuer.to_string(),
            claim_names: login.claim_names.clone(),
            matched: login.matched.iter().map(ToString::to_string).collect(),
            subject: login.subject(&caller.world).into(),
        }
    };
    Ok(HttpResponse::Ok().json(access.recent(limit).into_iter().map(view).collect::<Vec<_>>()))
}
