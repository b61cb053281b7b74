//! Why.

use time::OffsetDateTime;

use super::administration::leads_to;
use super::{Access, Asked, Known, WhyNot};
use crate::decide::{Explanation, Question, decide};
use crate::entity::{Actor, AuditEntity, AuditEvent, AuditResult, EntityKind};
use crate::port::AuditDraft;
use crate::resolve::{Presented, Subject, resolve};
use crate::search::AdminPath;
use crate::service::{Caller, Gate, ServiceError};
use crate::value::Revision;
use crate::world::World;

/// A decision, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Whether they may.
    pub decision: bool,
    /// Why there was nothing to decide.
    pub why_not: Option<WhyNot>,
    /// What the subject is, if there is one.
    pub subject: Option<Subject>,
    /// Why, if there was something to decide.
    pub explanation: Option<Explanation>,
    /// Where the right that is asked about leads to administration: the way.
    pub administration: Option<AdminPath>,
}

/// A denial of this service's own, opened.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedDenial {
    /// When.
    pub at: OffsetDateTime,
    /// Who was refused.
    pub actor: Actor,
    /// What, in words.
    pub question: String,
    /// The request.
    pub request_id: Option<String>,
    /// The revision that the explanation is of.
    pub revision: Revision,
    /// Whether that is the revision which refused; otherwise it is today's, and what the caller's token said is not known.
    pub as_it_was: bool,
    /// Why. Today the answer may be yes.
    pub explanation: Option<Explanation>,
}

impl Access {
    /// Answers a question, and says why. Ask [`Access::permit`] first.
    ///
    /// # Errors
    /// When a token's issuer cannot be asked.
    pub async fn explain(&self, caller: &Caller, asked: &Asked) -> Result<Explained, ServiceError> {
        let world = &caller.world;
        Ok(match self.known(world, &asked.subject).await? {
            Err(why_not) => Explained {
                decision: false,
                why_not: Some(why_not),
                subject: None,
                explanation: None,
                administration: None,
            },
            Ok(known) => {
                let Known { subject, claims } = &known;
                asked.in_world(world, &known, |question| match question {
                    None => Explained {
                        decision: false,
                        why_not: Some(WhyNot::NoSuchAccess),
                        subject: Some(subject.clone()),
                        explanation: None,
                        administration: None,
                    },
                    Some(question) => {
                        let decision = decide(world, subject, question);
                        Explained {
                            decision: decision.allowed(),
                            why_not: None,
                            subject: Some(subject.clone()),
                            explanation: Some(decision.explain_with(world, subject, claims.as_ref())),
                            administration: leads_to(world, question),
                        }
                    }
                })
            }
        })
    }

    /// Opens a denial of this service's own by its reason id. Ask [`Access::permit`] first.
    ///
    /// # Errors
    /// When there is no such denial, or the audit log cannot be read.
    pub async fn denial(&self, caller: &Caller, reason_id: u64) -> Result<OpenedDenial, ServiceError> {
        let missing = || {
            let key = reason_id.to_string();
            ServiceError::Missing(AuditEntity { kind: EntityKind::AuditLog, key })
        };
        let event = self.audit.find(reason_id).await.map_err(ServiceError::Store)?.ok_or_else(missing)?;
        if event.result != AuditResult::Denied {
            return Err(missing());
        }
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
        if let Some(denied) = self.gate.engine().denials().find(reason_id) {
            return Ok(opened(denied.revision, true, Some(denied.explanation)));
        }
        let world = &caller.world;
        Ok(opened(world.revision(), false, self.asked_again(world, &event, &question)))
    }

    /// What would be answered today to what was refused.
    fn asked_again(&self, world: &World, event: &AuditEvent, in_words: &str) -> Option<Explanation> {
        let Actor::Principal(principal) = &event.actor else { return None };
        let (operation, entity) = (event.operation, event.entity.clone());
        let attempt = AuditDraft { operation, entity, related: event.related.clone() };
        let engine = self.gate.shared_engine();
        let gates = [self.gate.clone(), Gate::cluster(engine, true)];
        let mut questions: Vec<Question<'_>> = gates.iter().flat_map(|gate| gate.questions(world, &attempt)).collect();
        if event.entity.kind == EntityKind::Decision {
            questions.extend(super::questions_of_attempt(world, &attempt.entity.key));
        }
        let question = questions.into_iter().find(|question| question.in_words(world) == in_words)?;
        let subject = resolve(world, Presented::by_id(world, principal));
        Some(decide(world, &subject, &question).explain(world, &subject))
    }
}
