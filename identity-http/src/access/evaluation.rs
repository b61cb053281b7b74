//! `/access/v1/evaluation` and `/evaluations`: single and batch access evaluation (docs/reference/authzen.md §6, §7).

use std::collections::BTreeSet;

use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use identity_core::decide::Explanation;
use identity_core::service::access::{Access, Basis, Evaluated, EvaluationRequest, RequestKind};
use identity_core::service::{Caller, ServiceError};
use identity_core::value::json_length;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::explain::BasisView;
use super::wire::{EvaluationBody, Object, ObjectBody};
use crate::authentication::Authenticated;
use crate::body::Unfit;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

/// Maximum number of evaluations in a batch request.
const MAX_EVALUATIONS: usize = 1000;
/// Maximum of the size of a batch's [`DEFAULTS`], in bytes of JSON, times its number of evaluations.
const MAX_DEFAULTS: usize = 4 * 1024 * 1024;
/// Number of evaluations after which a batch lets other requests of the worker run.
const TURN: usize = 16;
/// Members of a batch request that each evaluation inherits unless it has its own.
const DEFAULTS: [&str; 4] = ["subject", "action", "resource", "context"];

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/evaluation").post(evaluation)).service(resource("/evaluations").post(evaluations));
}

/// Options of an evaluation.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EvaluationQuery {
    /// `true` or an empty value adds an explanation to each decision. Requires an additional permission.
    #[param(value_type = Option<bool>)]
    explain: Option<String>,
}

impl EvaluationQuery {
    fn explains(&self) -> Result<bool, Problem> {
        match self.explain.as_deref() {
            Some("true" | "") => Ok(true),
            Some("false") | None => Ok(false),
            Some(_) => Err(Problem::bad_request("invalid", "`explain` must be true or false.")),
        }
    }
}

/// A batch of access evaluation requests.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EvaluationsRequest {
    /// Default `subject` of the evaluations.
    #[schema(nullable = false)]
    subject: Option<Object>,
    /// Default `action` of the evaluations.
    #[schema(nullable = false)]
    action: Option<Object>,
    /// Default `resource` of the evaluations.
    #[schema(nullable = false)]
    resource: Option<Object>,
    /// Default `context` of the evaluations.
    #[schema(nullable = false)]
    context: Option<Object>,
    /// The evaluations: objects in the format of a single request. Members that an evaluation omits default to those of
    /// the batch request. An evaluation that is incomplete or not an object is denied and does not affect the others.
    #[schema(nullable = false)]
    evaluations: Option<Vec<Value>>,
    #[schema(nullable = false)]
    options: Option<BatchOptions>,
}

/// Options of a batch.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct BatchOptions {
    #[schema(nullable = false)]
    evaluations_semantic: Option<Semantic>,
}

/// Condition under which a batch stops early. Default: `execute_all`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvaluationsSemantic)]
pub(crate) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

/// Decisions of a batch; a single decision if the request had no `evaluations`.
#[derive(ToSchema)]
#[schema(as = EvaluationsResponse)]
#[expect(dead_code, reason = "only described, never built")]
#[serde(untagged)]
pub(crate) enum DecisionsOrOne {
    Many(Decisions),
    One(Decision),
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<DecisionContext>,
}

/// Additional information about a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionContext {
    /// Reason code if the request could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Error of this evaluation in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
    /// Data from which the subject was resolved, if it was not a token or stored data alone, or an explanation was
    /// requested.
    #[serde(flatten)]
    #[schema(inline)]
    basis: BasisView,
    /// Explanation of the decision, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Explanation>,
}

/// Error of one evaluation in a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemError {
    /// HTTP status that the evaluation would have as a single request.
    status: u16,
    message: String,
}

/// Decisions of a batch, in request order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decisions {
    evaluations: Vec<Decision>,
}

impl From<Evaluated> for Decision {
    fn from(evaluated: Evaluated) -> Self {
        let Evaluated { decision, not_evaluated, explanation, basis } = evaluated;
        let basis = basis.filter(|basis| explanation.is_some() || !matches!(basis, Basis::Token | Basis::Stored));
        let said = not_evaluated.is_some() || explanation.is_some() || basis.is_some();
        let reason = not_evaluated.map(|not_evaluated| not_evaluated.code());
        let basis = basis.into();
        Self { decision, context: said.then_some(DecisionContext { reason, error: None, basis, explanation }) }
    }
}

impl Decision {
    /// Creates a denial for an evaluation of a batch that failed. `status` is the HTTP status of the error.
    fn failed(status: StatusCode, message: String) -> Self {
        let error = Some(ItemError { status: status.as_u16(), message });
        Self {
            decision: false,
            context: Some(DecisionContext { reason: None, error, basis: BasisView::default(), explanation: None }),
        }
    }
}

/// Evaluates whether a subject may perform an action on a resource.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "access", request_body = EvaluationBody, params(EvaluationQuery),
    responses((status = 200, body = Decision), Failures))]
pub(crate) async fn evaluation(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    manner: Query<EvaluationQuery>,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    single(&access, &caller, body, manner.explains()?).await
}

async fn single(
    access: &Data<Access>,
    caller: &Caller,
    body: ObjectBody,
    explain: bool,
) -> Result<HttpResponse, Problem> {
    let asked = body.read::<EvaluationBody>()?.parse()?;
    access.permit(caller, RequestKind::Evaluate, Some(&asked.resource.kind), 1).await?;
    if explain {
        access.permit(caller, RequestKind::Explain, Some(&asked.resource.kind), 0).await?;
    }
    Ok(HttpResponse::Ok().json(Decision::from(evaluate(access, caller, asked, explain).await?)))
}

/// Evaluates a request. With `explain`, it runs on the blocking thread pool, because the cost grows with the number of
/// the subject's grants.
async fn evaluate(
    access: &Data<Access>,
    caller: &Caller,
    asked: EvaluationRequest,
    explain: bool,
) -> Result<Evaluated, Problem> {
    if !explain {
        return Ok(access.evaluate(caller, &asked).await?);
    }
    let subject = access.identify(&caller.world, &asked.subject, Some(&asked.resource)).await?;
    let (access, caller) = (access.clone(), caller.clone());
    off_the_worker(move |_| Ok(access.evaluate_and_explain(&caller, &asked, &subject))).await
}

/// Checks that the caller may evaluate access to each resource type in the batch.
async fn permit(
    access: &Access,
    caller: &Caller,
    questions: &[&EvaluationRequest],
    explain: bool,
) -> Result<(), ServiceError> {
    let kinds: BTreeSet<&str> = questions.iter().map(|asked| asked.resource.kind.as_str()).collect();
    // The rate limit counts the whole batch once, with the first resource type.
    let mut count = questions.len();
    for kind in kinds {
        access.permit(caller, RequestKind::Evaluate, Some(kind), std::mem::take(&mut count)).await?;
        if explain {
            access.permit(caller, RequestKind::Explain, Some(kind), 0).await?;
        }
    }
    Ok(())
}

impl Semantic {
    fn ends_with(self, decision: &Decision) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision.decision,
            Self::PermitOnFirstPermit => decision.decision,
        }
    }
}

/// Evaluates a batch of requests in order.
///
/// An incomplete evaluation is denied and does not affect the others.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "access", request_body = EvaluationsRequest, params(EvaluationQuery),
    responses((status = 200, body = DecisionsOrOne), Failures))]
pub(crate) async fn evaluations(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    manner: Query<EvaluationQuery>,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    let explain = manner.explains()?;
    let EvaluationsRequest { subject, action, resource, context, evaluations, options } = body.read()?;
    let defaults = DEFAULTS.into_iter().zip([subject, action, resource, context]);
    let body: Object = defaults.filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let items = evaluations.unwrap_or_default();
    if items.is_empty() {
        return single(&access, &caller, ObjectBody(body), explain).await;
    }
    let semantic = options.unwrap_or_default().evaluations_semantic.unwrap_or_default();
    if items.len() > MAX_EVALUATIONS {
        return Err(Unfit::of("/evaluations", format!("must not have more than {MAX_EVALUATIONS} items")).into());
    }
    let length = |name| body.get(name).map_or(0, |part| json_length(part, MAX_DEFAULTS).unwrap_or(MAX_DEFAULTS + 1));
    let defaults: usize = DEFAULTS.into_iter().map(length).sum();
    if defaults.saturating_mul(items.len()) > MAX_DEFAULTS {
        let rule = format!(
            "must not have defaults (`subject`, `action`, `resource`, `context`) of more than {MAX_DEFAULTS} bytes of \
             JSON, counted once for each evaluation"
        );
        return Err(Unfit::of("", rule).into());
    }
    let questions: Vec<Result<EvaluationRequest, Unfit>> = items.into_iter().map(|item| merged(&body, item)).collect();
    let complete: Vec<&EvaluationRequest> = questions.iter().flatten().collect();
    permit(&access, &caller, &complete, explain).await?;
    let mut batch = access.batch(&caller);
    let mut evaluations = Vec::with_capacity(questions.len());
    for (number, question) in questions.into_iter().enumerate() {
        if number % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        let decision = match question {
            Ok(asked) => {
                let evaluated = if explain {
                    evaluate(&access, &caller, asked, explain).await
                } else {
                    batch.evaluate(&asked).await.map_err(Problem::from)
                };
                match evaluated {
                    Ok(evaluated) => evaluated.into(),
                    Err(problem) => Decision::failed(StatusCode::SERVICE_UNAVAILABLE, problem.detail().to_owned()),
                }
            }
            Err(unfit) => Decision::failed(StatusCode::BAD_REQUEST, unfit.detail()),
        };
        let last = semantic.ends_with(&decision);
        evaluations.push(decision);
        if last {
            break;
        }
    }
    Ok(HttpResponse::Ok().json(Decisions { evaluations }))
}

/// Completes an evaluation of a batch with the default members. A present member replaces the default as a whole.
fn merged(body: &Object, item: Value) -> Result<EvaluationRequest, Unfit> {
    let Value::Object(mut item) = item else { return Err(Unfit::of("", "of an evaluation must be an object")) };
    for (name, value) in body {
        if !item.contains_key(name) {
            item.insert(name.clone(), value.clone());
        }
    }
    ObjectBody(item).read::<EvaluationBody>()?.parse()
}
