//! Decisions as a service: others ask, in the terms of the AuthZEN Authorization API 1.0, and are told yes or no, who, what
//! and why. Everything here is answered by the same functions that this service asks itself.
//!
//! Whoever asks needs a grant of their own: an authorization on the type `POLICY_DECISION` whose resource is the type that
//! they ask about, or the permission `read` of this service's API, which shows all that the answers follow from.

mod about;
mod administration;
mod evaluate;
mod explain;
mod inspect;
mod logins;
mod pace;
mod review;
mod search;
mod simulate;

use std::num::NonZeroU32;
use std::sync::Arc;

pub use about::{API, About, Action, Asked, MEMBERSHIP, SubjectKind, TENANT};
pub use administration::{AdministrationChange, steps_in_words};
pub use evaluate::{Evaluated, WhyNot};
pub use explain::{Explained, OpenedDenial};
pub use inspect::{CaseVariant, Inspected, MAX_CLAIM_BYTES, RuleRefusal, RuleVerdict};
pub use logins::{Login, Logins};
pub use review::{Holding, Line, Review};
pub use search::{Hits, Part, SearchLimits};
pub use simulate::{Change as LoginChange, OnLogins, Simulated, Simulation, SimulationFailed};

use crate::decide::{Facts, Question};
use crate::engine::Engine;
use crate::entity::{AuditEntity, AuditOperation, EntityKind, Principal};
use crate::port::{AuditDraft, AuditLog, TokenError, TokenVerifier, VerifiedToken};
use crate::preset::{IDENTITY_AUDIENCE, READ};
use crate::resolve::{Presented, Subject, resolve};
use crate::value::Claims;
use crate::world::World;
use pace::Pace;

use super::{Caller, Gate, ServiceError};

/// The resource type of grants to ask.
pub const POLICY_DECISION: &str = "POLICY_DECISION";

/// Answers questions about access.
pub struct Access {
    gate: Gate,
    audit: Arc<dyn AuditLog>,
    verifier: Option<Arc<dyn TokenVerifier>>,
    logins: Arc<Logins>,
    pace: Pace,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Yes or no.
    Evaluate,
    /// Who, what, with what.
    Search,
    /// Why.
    Explain,
    /// What is in a token, and in those of recent callers.
    Inspect,
    /// What would be.
    Simulate,
}

impl Ask {
    /// The permission that it needs.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::Evaluate => "EVALUATE",
            Self::Search => "SEARCH",
            Self::Explain => "EXPLAIN",
            Self::Inspect => "INSPECT",
            Self::Simulate => "SIMULATE",
        }
    }
}

/// The subject of a question, before any world is asked.
#[derive(Clone, Debug)]
pub struct Identified(Who);

#[derive(Clone, Debug)]
enum Who {
    Token(Arc<VerifiedToken>),
    Principal(Principal),
}

impl Identified {
    fn known(&self, world: &World) -> Known {
        match &self.0 {
            Who::Token(token) => {
                let subject = resolve(world, Presented::from(token.as_ref()));
                Known { subject, claims: Some(token.claims.clone()) }
            }
            Who::Principal(principal) => {
                Known { subject: resolve(world, Presented::by_id(world, principal)), claims: None }
            }
        }
    }
}

/// Somebody who is asked about, in a world.
pub(super) struct Known {
    pub(super) subject: Subject,
    pub(super) claims: Option<Claims>,
}

impl Access {
    /// Answers what `engine` knows, for callers that ask at most so often.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        audit: Arc<dyn AuditLog>,
        verifier: Option<Arc<dyn TokenVerifier>>,
        logins: Arc<Logins>,
        questions_per_second: Option<NonZeroU32>,
    ) -> Self {
        Self { gate: Gate::management(engine), audit, verifier, logins, pace: Pace::new(questions_per_second) }
    }

    /// Whether subjects can be tokens.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        self.verifier.is_some()
    }

    /// Whether the caller may ask about resources of a type, or about all; and whether not too often. A denial is recorded.
    ///
    /// # Errors
    /// When they may not.
    pub async fn permit(
        &self,
        caller: &Caller,
        ask: Ask,
        resource_type: Option<&str>,
        questions: usize,
    ) -> Result<(), ServiceError> {
        let now = self.gate.engine().clock().monotonic();
        self.pace.take(&caller.actor, questions, now).map_err(|retry_after| ServiceError::TooOften { retry_after })?;
        if self.gate.is_open_to(caller) {
            return Ok(());
        }
        // What is too long for a type's name is of no type that a grant could name.
        let key = resource_type.filter(|name| name.len() <= 256).unwrap_or_default();
        let read = Question::permission(IDENTITY_AUDIENCE, READ);
        let questions: Vec<Question<'_>> = question_of(&caller.world, ask, key).into_iter().chain([read]).collect();
        let entity = AuditEntity { kind: EntityKind::Decision, key: key.to_owned() };
        let attempt = AuditDraft { operation: AuditOperation::Read, entity, related: None };
        self.gate.require_one_of(caller, &attempt, &questions).await
    }

    /// Identifies the subject of a question. Everything after that needs no one but the world.
    ///
    /// # Errors
    /// When a token's issuer cannot be asked. `Err` inside when there is no such subject, or their token is refused.
    pub async fn identify(&self, about: &About) -> Result<Result<Identified, WhyNot>, ServiceError> {
        if SubjectKind::parse(&about.kind) == Some(SubjectKind::Token) {
            let Some(verifier) = &self.verifier else { return Ok(Err(WhyNot::NoTokens)) };
            return match verifier.verify(&about.id).await {
                Ok(token) => Ok(Ok(Identified(Who::Token(token)))),
                Err(TokenError::Rejected(reason)) => Ok(Err(WhyNot::Token(reason))),
                Err(TokenError::Unavailable { retry_after }) => Err(ServiceError::Unavailable { retry_after }),
            };
        }
        let principal = about.principal().ok_or(WhyNot::NoSuchSubject);
        Ok(principal.map(|principal| Identified(Who::Principal(principal))))
    }

    /// The same, resolved in a world.
    pub(super) async fn known(&self, world: &World, about: &About) -> Result<Result<Known, WhyNot>, ServiceError> {
        Ok(self.identify(about).await?.map(|identified| identified.known(world)))
    }
}

/// Whether somebody may ask about a resource type, or, without a name, about all.
fn question_of<'q>(world: &World, ask: Ask, resource_type: &'q str) -> Option<Question<'q>> {
    let (matrix, permission) = (world.matrix(), ask.permission());
    let question = match resource_type {
        "" => Question::all_resources(matrix, POLICY_DECISION, permission),
        resource_type => Question::resource(matrix, POLICY_DECISION, permission, resource_type),
    };
    question.ok()
}

/// What an attempt to ask about a resource type may have needed.
fn questions_of_attempt<'q>(world: &World, resource_type: &'q str) -> Vec<Question<'q>> {
    let all = [Ask::Evaluate, Ask::Search, Ask::Explain, Ask::Inspect, Ask::Simulate];
    all.into_iter().filter_map(|ask| question_of(world, ask, resource_type)).collect()
}

impl Asked {
    /// Makes the question that this is in a world, and hands it on.
    pub(super) fn in_world<T>(&self, world: &World, known: &Known, then: impl FnOnce(Option<&Question<'_>>) -> T) -> T {
        let facts = self.facts(Some(known));
        about::with_question(world, (&self.resource.kind, &self.resource.id), &self.action.name, &facts, then)
    }

    /// What is said about the parties.
    pub(super) fn facts<'a>(&'a self, known: Option<&'a Known>) -> Facts<'a> {
        Facts {
            claims: known.and_then(|known| known.claims.as_ref()),
            subject: Some(&self.subject.properties),
            resource: Some(&self.resource.properties),
            action: Some(&self.action.properties),
        }
    }
}
