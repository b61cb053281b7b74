//! Yes or no.

use super::{Access, Asked, Known};
use crate::decide::{Explanation, decide};
use crate::port::RejectedToken;
use crate::service::{Caller, ServiceError};
use crate::world::World;

/// The answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// Whether they may.
    pub decision: bool,
    /// Why there was nothing to decide.
    pub why_not: Option<WhyNot>,
    /// Why, if it was asked for and there was something to decide.
    pub explanation: Option<Explanation>,
}

/// Why a question has no other answer than no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// No subject has this type, or this id.
    #[error("there is no such subject")]
    NoSuchSubject,
    /// There is no such resource type, or it has no such permission.
    #[error("there is no such resource type, or it has no such action")]
    NoSuchAccess,
    /// Tokens are nobody's here.
    #[error("this server knows no tokens")]
    NoTokens,
    /// The token is refused.
    #[error("the token is refused: {0}")]
    Token(RejectedToken),
}

impl WhyNot {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchSubject => "no_such_subject",
            Self::NoSuchAccess => "no_such_access",
            Self::NoTokens => "no_tokens",
            Self::Token(reason) => reason.code(),
        }
    }
}

impl Access {
    /// Answers a question in the caller's world. Ask [`Access::permit`] first.
    ///
    /// # Errors
    /// When a token's issuer cannot be asked.
    pub async fn evaluate(&self, caller: &Caller, asked: &Asked, explain: bool) -> Result<Evaluated, ServiceError> {
        Ok(evaluated(&caller.world, asked, &self.known(&caller.world, &asked.subject).await?, explain))
    }
}

/// The answer to a question about a subject in a world.
pub(super) fn evaluated(world: &World, asked: &Asked, known: &Result<Known, WhyNot>, explain: bool) -> Evaluated {
    let no = |why_not| Evaluated { decision: false, why_not: Some(why_not), explanation: None };
    let known = match known {
        Ok(known) => known,
        Err(why_not) => return no(why_not.clone()),
    };
    asked.in_world(world, known, |question| {
        let Some(question) = question else { return no(WhyNot::NoSuchAccess) };
        let decision = decide(world, &known.subject, question);
        let explanation = explain.then(|| decision.explain_with(world, &known.subject, known.claims.as_ref()));
        Evaluated { decision: decision.allowed(), why_not: None, explanation }
    })
}
