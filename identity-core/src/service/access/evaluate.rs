//! Access evaluation: decides whether a subject may perform an action on a resource.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Access, Basis, EvaluationRequest, Identified, Known};
use crate::decide::{Decision, Explanation, decide};
use crate::entity::RejectedToken;
use crate::service::{Caller, ServiceError};
use crate::world::World;

/// Answer to one access evaluation request.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// Whether access is allowed. `false` if the request could not be evaluated.
    pub decision: bool,
    /// Reason why the request was denied without evaluation; `None` if it was evaluated.
    pub not_evaluated: Option<NotEvaluated>,
    /// Explanation of the decision; `None` if not requested or not evaluated. For an inactive subject, it names the
    /// reactivation.
    pub explanation: Option<Explanation>,
    /// Data from which the subject was resolved; `None` if it was not identified.
    pub basis: Option<Basis>,
}

/// Reason why a request is denied without evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotEvaluated {
    /// The subject type is unknown, or the subject ID is malformed for its type.
    #[error("the subject does not exist")]
    NoSuchSubject,
    /// The resource type does not exist or does not support the requested action.
    #[error("the resource type does not exist or does not support the action")]
    NoSuchAccess,
    /// The subject is a token, but this server does not accept tokens.
    #[error("this server does not accept tokens")]
    NoTokens,
    /// The subject is an inactive user, who has no access.
    #[error("the subject is inactive")]
    Inactive,
    /// No grant that is known allows the request, but claims that are not known could. Only a token decides it.
    #[error("access cannot be decided without a token of the subject")]
    TokenRequired,
    /// The subject is a token that failed validation, for this reason.
    #[error("the token was rejected: {0}")]
    Token(RejectedToken),
}

impl NotEvaluated {
    /// Returns the machine-readable reason code, such as `no_such_subject`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchSubject => "no_such_subject",
            Self::NoSuchAccess => "no_such_access",
            Self::NoTokens => "no_tokens",
            Self::Inactive => "inactive",
            Self::TokenRequired => "token_required",
            Self::Token(reason) => reason.code(),
        }
    }
}

impl Access {
    /// Evaluates a request on the policy data of the caller's request. Call [`Access::permit`] first.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] when the issuer of a token, or the directory that stores the subject's groups, is
    /// unavailable.
    pub async fn evaluate(&self, caller: &Caller, asked: &EvaluationRequest) -> Result<Evaluated, ServiceError> {
        let known = self.known_for(&caller.world, asked).await?;
        Ok(evaluated(&caller.world, asked, &known, |_, _| None))
    }

    /// Resolves the subject of a request. Data about a principal is looked up only if it could change the decision:
    /// claims and directories add access to the stored one. Only claims that replace properties of the request can take
    /// access away.
    async fn known_for(
        &self,
        world: &Arc<World>,
        asked: &EvaluationRequest,
    ) -> Result<Result<Known, NotEvaluated>, ServiceError> {
        let known = self.known(world, &self.identify_by_id(&asked.subject).await?);
        match &known {
            Ok(Known { basis: Basis::Stored, .. }) => {}
            _ => return Ok(known),
        }
        let first = evaluated(world, asked, &known, |_, _| None);
        let is_certain = match first.not_evaluated {
            None => first.decision || !self.lookup.has_directory(),
            Some(not_evaluated) => not_evaluated != NotEvaluated::TokenRequired,
        };
        if is_certain && asked.subject.properties.is_empty() {
            return Ok(known);
        }
        Ok(self.known(world, &self.identify(world, &asked.subject, Some(&asked.resource)).await?))
    }

    /// Starts a batch of evaluations at the same revision. Call [`Access::permit`] first.
    #[must_use]
    pub fn batch<'a>(&'a self, caller: &'a Caller) -> Batch<'a> {
        Batch { access: self, caller, known: HashMap::new() }
    }

    /// Evaluates a request for an identified subject and explains the decision. Call [`Access::permit`] first.
    ///
    /// The cost grows with the number of the subject's authorizations.
    #[must_use]
    pub fn evaluate_and_explain(
        &self,
        caller: &Caller,
        asked: &EvaluationRequest,
        subject: &Result<Identified, NotEvaluated>,
    ) -> Evaluated {
        evaluated_and_explained(&caller.world, asked, &self.known(&caller.world, subject))
    }
}

/// Evaluates several requests at the same revision. Each distinct subject is identified and resolved only once.
pub struct Batch<'a> {
    access: &'a Access,
    caller: &'a Caller,
    /// Subjects of earlier requests by ID, for each type, or the reason why one could not be identified.
    known: HashMap<String, HashMap<String, Result<Known, NotEvaluated>>>,
}

impl Batch<'_> {
    /// Evaluates the next request of the batch.
    ///
    /// # Errors
    /// As [`Access::evaluate`].
    pub async fn evaluate(&mut self, asked: &EvaluationRequest) -> Result<Evaluated, ServiceError> {
        let (world, subject) = (&self.caller.world, &asked.subject);
        if let Some(known) = self.known.get(&subject.kind).and_then(|known| known.get(&subject.id)) {
            let evaluated = evaluated(world, asked, known, |_, _| None);
            if evaluated.decision || !matches!(known, Ok(Known { basis: Basis::Stored, .. })) {
                return Ok(evaluated);
            }
        }
        let known = self.access.known_for(world, asked).await?;
        let evaluated = evaluated(world, asked, &known, |_, _| None);
        self.known.entry(subject.kind.clone()).or_default().insert(subject.id.clone(), known);
        Ok(evaluated)
    }
}

/// Evaluates a request for a resolved subject in `world` and explains the decision.
pub(super) fn evaluated_and_explained(
    world: &World,
    asked: &EvaluationRequest,
    known: &Result<Known, NotEvaluated>,
) -> Evaluated {
    evaluated(world, asked, known, |decision, known| {
        Some(decision.explain_with(world, &known.subject, known.claims.as_ref()))
    })
}

fn evaluated(
    world: &World,
    asked: &EvaluationRequest,
    known: &Result<Known, NotEvaluated>,
    explain: impl FnOnce(&Decision<'_>, &Known) -> Option<Explanation>,
) -> Evaluated {
    let no = |not_evaluated, basis| Evaluated {
        decision: false,
        not_evaluated: Some(not_evaluated),
        explanation: None,
        basis,
    };
    let known = match known {
        Ok(known) => known,
        Err(not_evaluated) => return no(not_evaluated.clone(), None),
    };
    let basis = Some(known.basis);
    asked.in_world(world, known, |question| {
        let Some(question) = question else { return no(NotEvaluated::NoSuchAccess, basis) };
        let decision = decide(world, &known.subject, question);
        if !decision.allowed() && known.is_uncertain(world, question) {
            return no(NotEvaluated::TokenRequired, basis);
        }
        let explanation = explain(&decision, known);
        let not_evaluated = known.subject.inactive.then_some(NotEvaluated::Inactive);
        Evaluated { decision: decision.allowed(), not_evaluated, explanation, basis }
    })
}
