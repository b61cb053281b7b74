//! Permits: the only key to a write. Only a decision makes one.

use std::fmt;

use super::{Decision, Explanation, Question, decide};
use crate::entity::Principal;
use crate::resolve::Subject;
use crate::value::Revision;
use crate::world::World;

/// Proof that a change was permitted in the world that it is applied to.
#[derive(Clone, Copy, Debug)]
pub struct Permit {
    authority: Authority,
}

/// What a writer may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Everything but what is protected.
    Administrator,
    /// The protected defaults, too: the server itself, at start-up.
    Server,
}

/// A no, with why.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// Who asked.
    pub principal: Principal,
    /// What for, in words.
    pub question: String,
    /// The revision that answered.
    pub revision: Revision,
    /// What is missing.
    pub explanation: Explanation,
    /// The key of the audit log's entry about it, once there is one.
    pub reason_id: Option<u64>,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not permitted: {}", self.question)
    }
}

impl std::error::Error for Denied {}

impl Permit {
    /// Asks for permission.
    ///
    /// # Errors
    /// When the answer is no.
    pub fn obtain(world: &World, subject: &Subject, question: &Question<'_>) -> Result<Self, Box<Denied>> {
        let decision = decide(world, subject, question);
        match decision {
            Decision::Allow(_) => Ok(Self::of_an_administrator()),
            Decision::Deny(_) => Err(Box::new(Denied {
                principal: subject.principal.clone(),
                question: question.in_words(world),
                revision: world.revision(),
                explanation: decision.explain(world, subject),
                reason_id: None,
            })),
        }
    }

    /// The permit where an operator switched authorizations or authentication off, and of the set-up of the first
    /// administrator.
    pub(crate) fn of_an_administrator() -> Self {
        Self { authority: Authority::Administrator }
    }

    /// The server's own permit.
    pub(crate) fn of_the_server() -> Self {
        Self { authority: Authority::Server }
    }

    /// What the change may touch.
    #[must_use]
    pub fn authority(self) -> Authority {
        self.authority
    }
}
