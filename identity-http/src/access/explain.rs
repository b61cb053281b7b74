//! `/access/v1/explain` and `/access/v1/denials`: explanations of access decisions and of this service's own denials.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig};
use identity_core::decide::Explanation;
use identity_core::entity::Actor;
use identity_core::resolve::Subject;
use identity_core::service::access::{Access, Basis, Explained, OpenedDenial, RequestKind};
use identity_core::value::time_text;
use serde::Serialize;
use utoipa::ToSchema;

use super::Failures;
use super::administration::AdministrationView;
use super::wire::{EvaluationBody, ObjectBody};
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/explain").post(explain)).service(resource("/denials/{id}").get(denial));
}

/// A decision with its explanation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplanationView {
    decision: bool,
    /// Reason code if the request could not be evaluated: the token was rejected, or an entity does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Human-readable form of `reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectView>,
    /// `decision`, and `because`: the steps from the subject to the grant, or what is missing, most likely first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Explanation>,
    /// Path to administration that the requested right opens, if any. Present even if the decision is a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    administration: Option<AdministrationView>,
}

/// The resolved groups, roles, tenants and mapping rules of a user or client.
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
    #[serde(flatten)]
    #[schema(inline)]
    basis: BasisView,
}

/// Data from which a subject was resolved.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BasisView {
    /// `TOKEN` (claims of a token in the request), `SESSION` (claims of a live browser session), `LAST_SIGN_IN` (claims of
    /// the last token or sign-in), `DIRECTORY` (groups and permissions in Keycloak) or `STORED` (only what this server
    /// stores for the id).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    basis: Option<&'static str>,
    /// Time of the last token or sign-in, if `basis` is `LAST_SIGN_IN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    basis_at: Option<String>,
}

impl From<Option<Basis>> for BasisView {
    fn from(basis: Option<Basis>) -> Self {
        let basis_at = match basis {
            Some(Basis::LastSignIn { at }) => Some(time_text(at)),
            _ => None,
        };
        Self { basis: basis.map(Basis::name), basis_at }
    }
}

/// A request that this service denied.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DenialView {
    reason_id: String,
    /// Time of the denial.
    at: String,
    /// Caller that was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<ActorView>,
    /// The permission that the caller needed, as text.
    question: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Revision that the explanation is based on.
    revision: u64,
    /// Whether `revision` is the revision that denied the request. If `false`, the explanation is based on the current
    /// revision, which may no longer deny the request, and on what is known about the caller without the token of the
    /// request.
    as_it_was: bool,
    #[serde(flatten)]
    #[schema(inline)]
    basis: BasisView,
    /// Explanation in the format of `/access/v1/explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Explanation>,
}

/// Caller that was denied.
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
            basis: BasisView::default(),
        }
    }
}

impl From<Explained> for ExplanationView {
    fn from(explained: Explained) -> Self {
        let Explained { decision, not_evaluated, subject, explanation, administration } = explained;
        Self {
            decision,
            reason: not_evaluated.as_ref().map(|not_evaluated| not_evaluated.code()),
            detail: not_evaluated.map(|not_evaluated| format!("{not_evaluated}.")),
            subject: subject.map(|(subject, basis)| SubjectView { basis: Some(basis).into(), ..subject.into() }),
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
            basis: opened.basis.into(),
            explanation: opened.explanation,
        }
    }
}

/// Evaluates a request and explains the decision.
#[utoipa::path(post, path = "/access/v1/explain", tag = "access", request_body = EvaluationBody,
    responses((status = 200, body = ExplanationView), Failures))]
pub(crate) async fn explain(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    let asked = body.read::<EvaluationBody>()?.parse()?;
    access.permit(&caller, RequestKind::Explain, Some(&asked.resource.kind), 1).await?;
    let subject = access.identify(&caller.world, &asked.subject, Some(&asked.resource)).await?;
    let explained = off_the_worker(move |_| Ok(access.explain(&caller, &asked, &subject))).await?;
    Ok(HttpResponse::Ok().json(ExplanationView::from(explained)))
}

/// Returns a denial of this service by the reason id in its error response.
#[utoipa::path(get, path = "/access/v1/denials/{id}", tag = "access", params(("id" = u64, Path)),
    responses((status = 200, body = DenialView),
        (status = 404, body = crate::problem::ProblemDocument, content_type = "application/problem+json"), Failures))]
pub(crate) async fn denial(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Explain, None, 1).await?;
    let id = id.parse().map_err(|_| Problem::bad_request("invalid", "A reason id is a number."))?;
    let event = access.denial(id).await?;
    let subject = access.denied_subject(&event).await?;
    let opened = off_the_worker(move |_| Ok(access.explain_denial(&caller, id, &event, subject.as_ref()))).await?;
    Ok(HttpResponse::Ok().json(DenialView::new(id, opened)))
}
