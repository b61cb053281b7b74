//! Explanations of decisions, and of denials recorded in the audit log.

use time::OffsetDateTime;

use super::administration::leads_to;
use super::{Access, Basis, EvaluationRequest, Identified, Known, NotEvaluated, Who};
use crate::decide::{Explanation, Question, decide};
use crate::entity::{Actor, AuditDraft, AuditEntity, AuditEvent, AuditResult, EntityKind};
use crate::resolve::Subject;
use crate::search::AdminPath;
use crate::service::{Authorizer, Caller, ServiceError};
use crate::value::Revision;
use crate::world::World;

/// Answer to one access evaluation request, with its explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Whether access is allowed. `false` if the request could not be evaluated.
    pub decision: bool,
    /// Reason why the request was denied without evaluation; `None` if it was evaluated.
    pub not_evaluated: Option<NotEvaluated>,
    /// The subject with its effective memberships, and the data from which they were resolved; `None` if it could not
    /// be identified.
    pub subject: Option<(Subject, Basis)>,
    /// Explanation of the decision; `None` if the request was not evaluated.
    pub explanation: Option<Explanation>,
    /// Path by which a holder of the requested right can become an administrator, if there is one.
    pub administration: Option<AdminPath>,
}

/// A denial that this service recorded in the audit log, with its explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedDenial {
    /// Time at which access was denied.
    pub at: OffsetDateTime,
    /// The caller to which access was denied.
    pub actor: Actor,
    /// The denied question as text, as in the audit log.
    pub question: String,
    /// ID of the denied request, if known.
    pub request_id: Option<String>,
    /// Revision of the policy data that the explanation is based on.
    pub revision: Revision,
    /// Whether `revision` is the revision at which access was denied.
    ///
    /// If `false`, the explanation is based on the current revision, and on the best data about the caller that is
    /// available without the token of the request.
    pub as_it_was: bool,
    /// Data from which the caller was resolved; `None` if there is no explanation.
    pub basis: Option<Basis>,
    /// The explanation. At the current revision, access may now be allowed. `None` if the question cannot be restored,
    /// or cannot be decided without a token of the caller.
    pub explanation: Option<Explanation>,
}

impl Access {
    /// Evaluates a request for an identified subject and explains the decision. Also finds the path from the requested
    /// right to administration. Call [`Access::permit`] first.
    ///
    /// If there can be such a path, the cost grows with the size of the policy data.
    #[must_use]
    pub fn explain(
        &self,
        caller: &Caller,
        asked: &EvaluationRequest,
        subject: &Result<Identified, NotEvaluated>,
    ) -> Explained {
        let world = &caller.world;
        match self.known(world, subject) {
            Err(not_evaluated) => Explained {
                decision: false,
                not_evaluated: Some(not_evaluated),
                subject: None,
                explanation: None,
                administration: None,
            },
            Ok(known) => {
                let Known { subject, claims, basis, .. } = &known;
                let shown = Some((Subject::clone(subject), *basis));
                let no = |not_evaluated, administration| Explained {
                    decision: false,
                    not_evaluated: Some(not_evaluated),
                    subject: shown.clone(),
                    explanation: None,
                    administration,
                };
                asked.in_world(world, &known, |question| {
                    let Some(question) = question else { return no(NotEvaluated::NoSuchAccess, None) };
                    let (decision, administration) = (decide(world, subject, question), leads_to(world, question));
                    if !decision.allowed() && known.is_uncertain(world, question) {
                        return no(NotEvaluated::TokenRequired, administration);
                    }
                    Explained {
                        decision: decision.allowed(),
                        not_evaluated: subject.inactive.then_some(NotEvaluated::Inactive),
                        subject: shown.clone(),
                        explanation: Some(decision.explain_with(world, subject, claims.as_ref())),
                        administration,
                    }
                })
            }
        }
    }

    /// Looks up a denial by its reason ID, the key of its audit log entry. Call [`Access::permit`] first.
    ///
    /// # Errors
    /// [`ServiceError::Missing`] when no denial has this ID; [`ServiceError::Store`] when the audit log cannot be read.
    pub async fn denial(&self, reason_id: u64) -> Result<AuditEvent, ServiceError> {
        let missing = || {
            let key = reason_id.to_string();
            ServiceError::Missing(AuditEntity { kind: EntityKind::AuditLog, key })
        };
        let event = self.audit.find(reason_id).await.map_err(ServiceError::Store)?.ok_or_else(missing)?;
        if event.result == AuditResult::Denied { Ok(event) } else { Err(missing()) }
    }

    /// Looks up data about the caller of a denial from [`Access::denial`]. `None` if the caller was anonymous.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] when the directory is unavailable.
    pub async fn denied_subject(&self, event: &AuditEvent) -> Result<Option<Identified>, ServiceError> {
        let Actor::Principal(principal) = &event.actor else { return Ok(None) };
        let data = self.lookup.find(&self.authorizer.engine().world(), principal, None).await?;
        Ok(Some(Identified(Who::Principal(principal.clone(), data))))
    }

    /// Explains a denial from [`Access::denial`]: a recent one at the revision of the denial, others at the current
    /// revision for `subject`, which is the result of [`Access::denied_subject`]. The cost grows with the number of the
    /// subject's authorizations.
    #[must_use]
    pub fn explain_denial(
        &self,
        caller: &Caller,
        reason_id: u64,
        event: &AuditEvent,
        subject: Option<&Identified>,
    ) -> OpenedDenial {
        let question = event.reason.clone().unwrap_or_default();
        let opened = |revision, as_it_was, basis, explanation| OpenedDenial {
            at: event.at,
            actor: event.actor.clone(),
            question: question.clone(),
            request_id: event.request_id.clone(),
            revision,
            as_it_was,
            basis,
            explanation,
        };
        if let Some(denied) = self.authorizer.engine().denials().find(reason_id) {
            return opened(denied.revision, true, None, Some(denied.explanation));
        }
        let world = &caller.world;
        let known = subject.map(|subject| subject.known(world, &self.recent));
        let explanation = known.as_ref().and_then(|known| self.asked_again(world, event, &question, known));
        opened(world.revision(), false, known.map(|known| known.basis), explanation)
    }

    /// Restores the denied question from its text and decides it in `world`. Returns `None` if no question has this
    /// text, or it cannot be decided without a token.
    fn asked_again(&self, world: &World, event: &AuditEvent, in_words: &str, known: &Known) -> Option<Explanation> {
        let (operation, entity) = (event.operation, event.entity.clone());
        let attempt = AuditDraft { related: event.related.clone(), ..AuditDraft::new(operation, entity) };
        let engine = self.authorizer.shared_engine();
        let gates = [self.authorizer.clone(), Authorizer::cluster(engine, true)];
        let mut questions: Vec<Question<'_>> =
            gates.iter().flat_map(|authorizer| authorizer.questions(world, &attempt)).collect();
        if event.entity.kind == EntityKind::Decision {
            questions.extend(super::questions_of_attempt(world, &attempt.entity.key));
        }
        let question = questions.into_iter().find(|question| question.in_words(world) == in_words)?;
        let decision = decide(world, &known.subject, &question);
        let is_certain = decision.allowed() || !known.is_uncertain(world, &question);
        is_certain.then(|| decision.explain(world, &known.subject))
    }
}
