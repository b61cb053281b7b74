//! Decisions as a service: others ask, in the terms of the AuthZEN Authorization API 1.0, and are told yes or no, who, what
//! and why. Everything here is answered by the same functions that this service asks itself.
//!
//! Whoever asks needs a grant of their own: an authorization on the type `POLICY_DECISION` whose resource is the type that
//! they ask about, or the permission `read` of this service's API, which shows all that the answers follow from.

mod about;
mod evaluate;
mod pace;
mod search;

use std::num::NonZeroU32;
use std::sync::Arc;

pub use about::{API, About, Action, Asked, MEMBERSHIP, SubjectKind, TENANT};
pub use evaluate::{Evaluated, WhyNot};
pub use search::{Hits, Part, SearchLimits};

use crate::decide::{Explanation, Facts, Question};
use crate::engine::Engine;
use crate::entity::{AuditEntity, AuditOperation, EntityKind};
use crate::port::{AuditDraft, TokenError, TokenVerifier};
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
    verifier: Option<Arc<dyn TokenVerifier>>,
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
        verifier: Option<Arc<dyn TokenVerifier>>,
        questions_per_second: Option<NonZeroU32>,
    ) -> Self {
        Self { gate: Gate::management(engine), verifier, pace: Pace::new(questions_per_second) }
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
        let now = self.gate.engine().clock().now();
        self.pace.take(&caller.actor, questions, now).map_err(|retry_after| ServiceError::TooOften { retry_after })?;
        if self.gate.is_open_to(caller) {
            return Ok(());
        }
        let matrix = caller.world.matrix();
        let question = match resource_type {
            Some(resource_type) => Question::resource(matrix, POLICY_DECISION, ask.permission(), resource_type),
            None => Question::all_resources(matrix, POLICY_DECISION, ask.permission()),
        };
        let questions: Vec<Question<'_>> =
            question.into_iter().chain([Question::permission(IDENTITY_AUDIENCE, READ)]).collect();
        let key = resource_type.unwrap_or_default().to_owned();
        let entity = AuditEntity { kind: EntityKind::Decision, key };
        let attempt = AuditDraft { operation: AuditOperation::Read, entity, related: None };
        self.gate.one_of(caller, &attempt, &questions).await.map(drop)
    }

    /// Who is asked about. `Err` inside when there is no such subject, or their token is refused.
    pub(super) async fn known(&self, world: &World, about: &About) -> Result<Result<Known, WhyNot>, ServiceError> {
        if SubjectKind::parse(&about.kind) == Some(SubjectKind::Token) {
            let Some(verifier) = &self.verifier else { return Ok(Err(WhyNot::NoTokens)) };
            return match verifier.verify(&about.id).await {
                Ok(token) => {
                    let subject = resolve(world, Presented::from(token.as_ref()));
                    Ok(Ok(Known { subject, claims: Some(token.claims.clone()) }))
                }
                Err(TokenError::Rejected(reason)) => Ok(Err(WhyNot::Token(reason))),
                Err(TokenError::Unavailable { retry_after }) => Err(ServiceError::Unavailable { retry_after }),
            };
        }
        let Some(principal) = about.principal() else { return Ok(Err(WhyNot::NoSuchSubject)) };
        Ok(Ok(Known { subject: resolve(world, Presented::by_id(world, &principal)), claims: None }))
    }
}

impl Asked {
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

/// An explanation, if it was asked for.
pub type Explained = Option<Explanation>;
