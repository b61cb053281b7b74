//! One question, and many (AuthZEN Authorization API 1.0 §6, §7).

use std::collections::BTreeSet;

use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use identity_core::decide::Explanation;
use identity_core::service::access::{Access, Ask, Asked, Evaluated};
use identity_core::service::{Caller, ServiceError};
use identity_core::value::json_length;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::wire::{Object, ObjectBody, Unfit, asked, object};
use crate::authentication::Authenticated;
use crate::problem::Problem;
use crate::route::resource;

/// Most questions of one request.
const MOST: usize = 1000;
/// The most JSON text of defaults, once for each question of a request, in bytes.
const MOST_DEFAULTS: usize = 4 * 1024 * 1024;
/// What an item takes from the whole when it does not say it itself.
const DEFAULTS: [&str; 4] = ["subject", "action", "resource", "context"];

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/evaluation").post(evaluation)).service(resource("/evaluations").post(evaluations));
}

/// How to answer.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Manner {
    /// `true`, or nothing at all, to be told why, which needs a grant of its own.
    #[param(value_type = Option<bool>)]
    explain: Option<String>,
}

impl Manner {
    fn explains(&self) -> Result<bool, Unfit> {
        match self.explain.as_deref() {
            Some("true" | "") => Ok(true),
            Some("false") | None => Ok(false),
            Some(_) => Err(Unfit("`explain` must be true or false.".to_owned())),
        }
    }
}

/// A subject or a resource.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct Entity {
    /// Of a subject `user`, `client` or `token`; of a resource its resource type, `api` or `tenant`.
    #[schema(example = "user")]
    r#type: String,
    #[schema(example = "ann", min_length = 1)]
    id: String,
    #[schema(nullable = false)]
    properties: Option<Object>,
}

/// An action.
#[derive(ToSchema)]
#[schema(as = access::Action)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ActionView {
    /// A permission of the resource's type.
    #[schema(example = "READ", min_length = 1)]
    name: String,
    #[schema(nullable = false)]
    properties: Option<Object>,
}

/// A question.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct EvaluationRequest {
    subject: Entity,
    action: ActionView,
    resource: Entity,
    #[schema(nullable = false)]
    context: Option<Object>,
}

/// Many questions.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct EvaluationsRequest {
    #[schema(nullable = false)]
    subject: Option<Entity>,
    #[schema(nullable = false)]
    action: Option<ActionView>,
    #[schema(nullable = false)]
    resource: Option<Entity>,
    #[schema(nullable = false)]
    context: Option<Object>,
    /// Questions; what one of them does not say is taken from above.
    #[schema(nullable = false)]
    evaluations: Option<Vec<Object>>,
    /// `evaluations_semantic`: `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`.
    #[schema(nullable = false)]
    options: Option<Object>,
}

/// Answers to many questions; one answer, where one was asked without `evaluations`.
#[derive(ToSchema)]
#[schema(as = EvaluationsResponse)]
#[expect(dead_code, reason = "only described, never built")]
#[serde(untagged)]
pub(crate) enum DecisionsOrOne {
    Many(Decisions),
    One(Decision),
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<DecisionContext>,
}

/// What there is to say about an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionContext {
    /// Why there was nothing to decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What was wrong with this question of many.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
    /// Why, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Explanation>,
}

/// What was wrong with one question of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemError {
    /// What the HTTP status would be, had it been asked alone.
    status: u16,
    message: String,
}

/// Answers to many questions, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decisions {
    evaluations: Vec<Decision>,
}

impl From<Evaluated> for Decision {
    fn from(evaluated: Evaluated) -> Self {
        let Evaluated { decision, why_not, explanation } = evaluated;
        let said = why_not.is_some() || explanation.is_some();
        let reason = why_not.map(|why_not| why_not.code());
        Self { decision, context: said.then_some(DecisionContext { reason, error: None, explanation }) }
    }
}

impl Decision {
    /// An item that could not be answered is a no.
    fn failed(status: StatusCode, message: String) -> Self {
        let error = Some(ItemError { status: status.as_u16(), message });
        Self { decision: false, context: Some(DecisionContext { reason: None, error, explanation: None }) }
    }
}

/// Answers one question: may this subject do this with this resource?
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "access", request_body = EvaluationRequest, params(Manner),
    responses((status = 200, body = Decision), Failures))]
pub(crate) async fn evaluation(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    manner: Query<Manner>,
    ObjectBody(body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    single(&access, &caller, &body, manner.explains()?).await
}

async fn single(access: &Access, caller: &Caller, body: &Object, explain: bool) -> Result<HttpResponse, Problem> {
    let asked = asked(body)?;
    access.permit(caller, Ask::Evaluate, Some(&asked.resource.kind), 1).await?;
    if explain {
        access.permit(caller, Ask::Explain, Some(&asked.resource.kind), 0).await?;
    }
    let evaluated = access.evaluate(caller, &asked, explain).await?;
    Ok(HttpResponse::Ok().json(Decision::from(evaluated)))
}

/// The caller's right to ask these questions, for each of their resource types.
async fn permit(access: &Access, caller: &Caller, questions: &[&Asked], explain: bool) -> Result<(), ServiceError> {
    let kinds: BTreeSet<&str> = questions.iter().map(|asked| asked.resource.kind.as_str()).collect();
    // Counted once, with the first.
    let mut count = questions.len();
    for kind in kinds {
        access.permit(caller, Ask::Evaluate, Some(kind), std::mem::take(&mut count)).await?;
        if explain {
            access.permit(caller, Ask::Explain, Some(kind), 0).await?;
        }
    }
    Ok(())
}

/// When a batch ends before its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Semantic {
    All,
    FirstDeny,
    FirstPermit,
}

impl Semantic {
    fn of(body: &Object) -> Result<Self, Unfit> {
        let asked = object(body, "options")?.and_then(|options| options.get("evaluations_semantic"));
        match asked.map(Value::as_str) {
            None | Some(Some("execute_all")) => Ok(Self::All),
            Some(Some("deny_on_first_deny")) => Ok(Self::FirstDeny),
            Some(Some("permit_on_first_permit")) => Ok(Self::FirstPermit),
            Some(_) => Err(Unfit(
                "`options.evaluations_semantic` must be execute_all, deny_on_first_deny or permit_on_first_permit."
                    .to_owned(),
            )),
        }
    }

    fn ends_with(self, decision: &Decision) -> bool {
        match self {
            Self::All => false,
            Self::FirstDeny => !decision.decision,
            Self::FirstPermit => decision.decision,
        }
    }
}

/// Answers many questions, in their order. One that is incomplete is answered with no, and does not hinder the others.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "access", request_body = EvaluationsRequest, params(Manner),
    responses((status = 200, body = DecisionsOrOne), Failures))]
pub(crate) async fn evaluations(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    manner: Query<Manner>,
    ObjectBody(body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    let explain = manner.explains()?;
    let items = match body.get("evaluations") {
        None => return single(&access, &caller, &body, explain).await,
        Some(Value::Array(items)) if items.is_empty() => return single(&access, &caller, &body, explain).await,
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Unfit("`evaluations` must be a list.".to_owned()).into()),
    };
    for name in DEFAULTS {
        object(&body, name)?;
    }
    let semantic = Semantic::of(&body)?;
    if items.len() > MOST {
        return Err(Unfit(format!("`evaluations` must not hold more than {MOST}.")).into());
    }
    let length = |name| body.get(name).map_or(0, |part| json_length(part, MOST_DEFAULTS).unwrap_or(MOST_DEFAULTS + 1));
    let defaults: usize = DEFAULTS.into_iter().map(length).sum();
    if defaults.saturating_mul(items.len()) > MOST_DEFAULTS {
        return Err(Unfit(format!(
            "`subject`, `action`, `resource` and `context` beside `evaluations` count once for each evaluation, and must not be \
             longer than {MOST_DEFAULTS} bytes of JSON in all."
        ))
        .into());
    }
    let questions: Vec<Result<Asked, Unfit>> = items.iter().map(|item| merged(&body, item)).collect();
    let complete: Vec<&Asked> = questions.iter().flatten().collect();
    permit(&access, &caller, &complete, explain).await?;
    let mut evaluations = Vec::with_capacity(questions.len());
    for question in questions {
        let decision = match question {
            Ok(asked) => match access.evaluate(&caller, &asked, explain).await {
                Ok(evaluated) => evaluated.into(),
                Err(error) => Decision::failed(StatusCode::SERVICE_UNAVAILABLE, format!("{error}.")),
            },
            Err(Unfit(message)) => Decision::failed(StatusCode::BAD_REQUEST, message),
        };
        let last = semantic.ends_with(&decision);
        evaluations.push(decision);
        // Others have their turn between two questions, and nothing is answered to a client that is gone.
        tokio::task::yield_now().await;
        if last {
            break;
        }
    }
    Ok(HttpResponse::Ok().json(Decisions { evaluations }))
}

/// An item, with what it does not say itself from the whole: member by member, each as it is.
fn merged(body: &Object, item: &Value) -> Result<Asked, Unfit> {
    let item = item.as_object().ok_or_else(|| Unfit("An evaluation must be an object.".to_owned()))?;
    let member = |name: &str| Some((name.to_owned(), item.get(name).or_else(|| body.get(name))?.clone()));
    asked(&DEFAULTS.into_iter().filter_map(member).collect())
}
