//! Why: of any question, and of this service's own refusals.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig};
use identity_core::decide::Explanation;
use identity_core::entity::{Actor, time_text};
use identity_core::resolve::Subject;
use identity_core::service::access::{Access, Ask, Explained, OpenedDenial};
use serde::Serialize;
use utoipa::ToSchema;

use super::Failures;
use super::administration::AdministrationView;
use super::evaluation::EvaluationRequest;
use super::wire::{ObjectBody, asked};
use crate::authentication::Authenticated;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/explain").post(explain)).service(resource("/denials/{id}").get(denial));
}

/// A decision, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplanationView {
    decision: bool,
    /// Why there was nothing to decide: the reason code of a refused token, or of what does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectView>,
    /// `decision`, and `because`: the steps from the caller to what grants, or what is missing, the likeliest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Explanation>,
    /// Where the right that is asked about leads to administration: the way, also when the answer is no.
    #[serde(skip_serializing_if = "Option::is_none")]
    administration: Option<AdministrationView>,
}

/// Everything that somebody is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubjectView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    mapping_rules: Vec<String>,
    groups: Vec<String>,
    roles: Vec<String>,
    tenants: Vec<String>,
}

/// A refusal of this service's own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DenialView {
    reason_id: String,
    /// When.
    at: String,
    /// Who was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<ActorView>,
    /// What they needed, in words.
    question: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The revision that is explained.
    revision: u64,
    /// Whether that is the revision which refused. If not, it is today's, and may not refuse any more; and what the caller's
    /// token said is not known.
    as_it_was: bool,
    /// As of an explanation that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Explanation>,
}

/// Who was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActorView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
}

impl From<Subject> for SubjectView {
    fn from(subject: Subject) -> Self {
        fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
            ids.iter().map(ToString::to_string).collect()
        }
        Self {
            kind: subject.principal.kind_name(),
            id: subject.principal.id().to_owned(),
            mapping_rules: texts(&subject.mapping_rules),
            groups: texts(&subject.groups),
            roles: texts(&subject.roles),
            tenants: texts(&subject.tenants),
        }
    }
}

impl From<Explained> for ExplanationView {
    fn from(explained: Explained) -> Self {
        let Explained { decision, why_not, subject, explanation, administration } = explained;
        Self {
            decision,
            reason: why_not.as_ref().map(|why_not| why_not.code()),
            detail: why_not.map(|why_not| format!("{why_not}.")),
            subject: subject.map(SubjectView::from),
            explanation,
            administration: administration.map(AdministrationView::from),
        }
    }
}

impl DenialView {
    fn new(reason_id: u64, opened: OpenedDenial) -> Self {
        let subject = match &opened.actor {
            Actor::Principal(principal) => {
                Some(ActorView { kind: principal.kind_name(), id: principal.id().to_owned() })
            }
            Actor::Anonymous | Actor::System => None,
        };
        Self {
            reason_id: reason_id.to_string(),
            at: time_text(opened.at),
            subject,
            question: opened.question,
            request_id: opened.request_id,
            revision: opened.revision.0,
            as_it_was: opened.as_it_was,
            explanation: opened.explanation,
        }
    }
}

/// Answers a question, and says why.
#[utoipa::path(post, path = "/access/v1/explain", tag = "access", request_body = EvaluationRequest,
    responses((status = 200, body = ExplanationView), Failures))]
pub(crate) async fn explain(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    ObjectBody(body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    let asked = asked(&body)?;
    access.permit(&caller, Ask::Explain, Some(&asked.resource.kind), 1).await?;
    Ok(HttpResponse::Ok().json(ExplanationView::from(access.explain(&caller, &asked).await?)))
}

/// Opens a refusal of this service's own, by the reason id that it was answered with.
#[utoipa::path(get, path = "/access/v1/denials/{id}", tag = "access", params(("id" = u64, Path)),
    responses((status = 200, body = DenialView),
        (status = 404, body = crate::problem::ProblemDocument, content_type = "application/problem+json"), Failures))]
pub(crate) async fn denial(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Explain, None, 1).await?;
    let id = id.parse().map_err(|_| Problem::bad_request("invalid", "A reason id is a number."))?;
    Ok(HttpResponse::Ok().json(DenialView::new(id, access.denial(&caller, id).await?)))
}
