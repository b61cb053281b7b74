//! `/access/v1/inspect` and `/access/v1/recent-callers`: validation and rule matching of tokens, for troubleshooting.

use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use identity_core::port::{Evidence, InspectionStep};
use identity_core::service::access::{Access, CaseVariant, Inspected, MAX_CLAIM_BYTES, RequestKind, RuleVerdict};
use identity_core::service::recent_callers::Login;
use identity_core::value::{Claims, json_length, time_text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::explain::SubjectView;
use super::wire::{Object, ObjectBody};
use crate::authentication::Authenticated;
use crate::body::Unfit;
use crate::problem::Problem;
use crate::route::resource;

/// Maximum number of recent callers in one response.
const MAX_CALLERS: usize = 10_000;
/// Maximum total size of the claims in one response, in bytes of JSON.
const MAX_RESPONSE_CLAIM_BYTES: usize = 4 * 1024 * 1024;
/// Default number of recent callers in one response.
const DEFAULT_CALLERS: usize = 100;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/inspect").post(inspect)).service(resource("/recent-callers").get(recent));
}

/// Input to inspect: exactly one of the two members.
#[derive(Deserialize, ToSchema)]
pub(crate) struct InspectRequest {
    /// A token.
    token: Option<String>,
    /// Claims, treated as those of a token with a valid signature.
    claims: Option<Object>,
}

/// Result of inspecting a token. The token is not stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedView {
    /// The individual checks of the token: `check`, `passed` (null if the check was not possible), `reason`, `detail`,
    /// `saw`, `wanted`.
    #[schema(value_type = Vec<Object>)]
    steps: Vec<InspectionStep>,
    /// Results of mapping rules, at most 1000. Matching rules come first.
    rules: Vec<RuleView>,
    /// Whether there are more rules than listed. Matching rules are listed before others.
    more_rules: bool,
    /// Resolved identity of the token's bearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectView>,
    /// Ids in the token that match no entity exactly, each with an existing id that differs only by case. Ids are
    /// case-sensitive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    case_variants: Vec<CaseVariantView>,
}

/// An id in a token, and an existing id that differs only by case.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseVariant)]
pub(crate) struct CaseVariantView {
    #[schema(example = "USER")]
    r#type: &'static str,
    claimed: String,
    stored: String,
}

/// Result of a mapping rule for a token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InspectedRule)]
pub(crate) struct RuleView {
    id: String,
    name: String,
    claim_name: String,
    operator: &'static str,
    claim_value: String,
    /// Issuer whose tokens the rule applies to. Absent: every issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    matches: bool,
    /// Values of the claim that the rule evaluates: at most 2 KiB for each rule, and 256 KiB in total.
    saw: Vec<Value>,
    /// Whether `saw` was truncated.
    saw_more: bool,
    /// Reason why the rule was not evaluated and therefore does not match: its claim name is no longer supported, or
    /// evaluating all rules on these claims exceeds the step limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Limits the list of recent callers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecentQuery {
    /// Maximum number of callers: 1 to 10 000. Default 100.
    limit: Option<usize>,
}

/// Latest token of a recent caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecentView {
    /// Time when the token was first seen.
    at: String,
    issuer: String,
    /// Names of the token's claims.
    claim_names: Vec<String>,
    /// The token's claims, if this server stores them. Claims of all callers are limited to 4 MiB per response.
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Value>,
    /// Whether `claims` was omitted because of that limit.
    claims_left_out: bool,
    /// Mapping rules that the token matched when it was seen.
    matched: Vec<String>,
    /// Current resolved identity of the token's bearer. If claims are not stored, rules created since then are not
    /// considered.
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

/// Inspects a token or claims: validates each check and evaluates each mapping rule.
///
/// The input is neither stored nor logged.
#[utoipa::path(post, path = "/access/v1/inspect", tag = "access", request_body = InspectRequest,
    responses((status = 200, body = InspectedView), Failures))]
pub(crate) async fn inspect(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Inspect, None, 1).await?;
    let InspectRequest { token, claims } = body.read()?;
    let claims = claims.map(Claims::from);
    if claims.as_ref().is_some_and(|claims| json_length(claims.as_value(), MAX_CLAIM_BYTES).is_none()) {
        let rule = format!("must not be longer than {MAX_CLAIM_BYTES} bytes of JSON");
        return Err(Unfit::of("/claims", rule).into());
    }
    let evidence = match (&token, &claims) {
        (Some(token), None) => {
            let token = token.trim();
            Evidence::Token(token.strip_prefix("Bearer ").unwrap_or(token))
        }
        (None, Some(claims)) => Evidence::Claims(claims),
        _ => return Err(Unfit::of("", "must have exactly one of `token` and `claims`").into()),
    };
    let inspected = access.inspect(&caller, evidence).await;
    let inspected = inspected
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_tokens", "This server does not accept tokens."))?;
    Ok(HttpResponse::Ok().json(InspectedView::from(inspected)))
}

/// Lists the latest token of each recent caller, newest first.
///
/// Contains only claim names, unless this server stores claim values.
#[utoipa::path(get, path = "/access/v1/recent-callers", tag = "access", params(RecentQuery),
    responses((status = 200, body = Vec<RecentView>), Failures))]
pub(crate) async fn recent(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    query: Query<RecentQuery>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Inspect, None, 1).await?;
    let limit = query.limit.unwrap_or(DEFAULT_CALLERS);
    if !(1..=MAX_CALLERS).contains(&limit) {
        return Err(Problem::bad_request("invalid", "`limit` must be between 1 and 10000."));
    }
    let mut left = MAX_RESPONSE_CLAIM_BYTES;
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
