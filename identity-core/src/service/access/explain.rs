//! Explanations of decisions, and of denials recorded in the audit log.

use time::OffsetDateTime;

use super::administration::leads_to;
use super::{Access, EvaluationRequest, Identified, Known, NotEvaluated};
use crate::decide::{Explanation, Question, decide};
use crate::entity::{Actor, AuditDraft, AuditEntity, AuditEvent, AuditResult, EntityKind};
use crate::resolve::{ResolveInput, Subject, resolve};
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
    /// The subject with its effective memberships; `None` if it could not be identified.
    pub subject: Option<Subject>,
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
    /// If `false`, the explanation is based on the current revision and lacks the claims of the denied caller's token.
    pub as_it_was: bool,
    /// The explanation. At the current revision, access may now be allowed. `None` if the question cannot be restored.
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
        match subject.as_ref().map(|subject| subject.known(world)) {
            Err(not_evaluated) => Explained {
                decision: false,
                not_evaluated: Some(not_evaluated.clone()),
                subject: None,
                explanation: None,
                administration: None,
            },
            Ok(known) => {
                let Known { subject, claims } = &known;
                asked.in_world(world, &known, |question| match question {
                    None => Explained {
                        decision: false,
                        not_evaluated: Some(NotEvaluated::NoSuchAccess),
                        subject: Some(Subject::clone(subject)),
                        explanation: None,
                        administration: None,
                    },
                    Some(question) => {
                        let decision = decide(world, subject, question);
                        Explained {
                            decision: decision.allowed(),
                            not_evaluated: None,
                            subject: Some(Subject::clone(subject)),
                            explanation: Some(decision.explain_with(world, subject, claims.as_ref())),
                            administration: leads_to(world, question),
                        }
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

    /// Explains a denial from [`Access::denial`]: a recent one at the revision of the denial, others at the current
    /// revision. The cost grows with the number of the subject's authorizations.
    #[must_use]
    pub fn explain_denial(&self, caller: &Caller, reason_id: u64, event: &AuditEvent) -> OpenedDenial {
        let question = event.reason.clone().unwrap_or_default();
        let opened = |revision, as_it_was, explanation| OpenedDenial {
            at: event.at,
            actor: event.actor.clone(),
            question: question.clone(),
            request_id: event.request_id.clone(),
            revision,
            as_it_was,
            explanation,
        };
        if let Some(denied) = self.authorizer.engine().denials().find(reason_id) {
            return opened(denied.revision, true, Some(denied.explanation));
        }
        let world = &caller.world;
        opened(world.revision(), false, self.asked_again(world, event, &question))
    }

    /// Restores the denied question from its text and decides it in `world`, without the claims of the caller's token.
    /// Returns `None` if no question has this text.
    fn asked_again(&self, world: &World, event: &AuditEvent, in_words: &str) -> Option<Explanation> {
        let Actor::Principal(principal) = &event.actor else { return None };
        let (operation, entity) = (event.operation, event.entity.clone());
        let attempt = AuditDraft { operation, entity, related: event.related.clone() };
        let engine = self.authorizer.shared_engine();
        let gates = [self.authorizer.clone(), Authorizer::cluster(engine, true)];
        let mut questions: Vec<Question<'_>> =
            gates.iter().flat_map(|authorizer| authorizer.questions(world, &attempt)).collect();
        if event.entity.kind == EntityKind::Decision {
            questions.extend(super::questions_of_attempt(world, &attempt.entity.key));
        }
        let question = questions.into_iter().find(|question| question.in_words(world) == in_words)?;
        let subject = resolve(world, ResolveInput::by_id(world, principal));
        Some(decide(world, &subject, &question).explain(world, &subject))
    }
}
