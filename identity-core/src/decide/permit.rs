//! Permits, which every write requires. A permit comes from an allow decision, from a configuration without
//! authorization checks, from a user's current password for a new one, or from the server itself.

use std::fmt;

use super::{Decision, Explanation, Question, decide};
use crate::entity::Principal;
use crate::resolve::Subject;
use crate::value::Revision;
use crate::world::World;

/// Proof that a change was permitted in the world to which it is applied.
#[derive(Clone, Copy, Debug)]
pub struct Permit {
    authority: Authority,
}

/// Extent of the changes that a permit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// All changes except those to protected defaults.
    Administrator,
    /// All changes, including those to protected defaults. Only the server itself has this authority, at start-up.
    Server,
}

/// Error for a denied question, with the explanation of the denial.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// Principal whose request was denied.
    pub principal: Principal,
    /// The denied question as text, for messages and the audit log.
    pub question: String,
    /// Revision of the world in which the decision was made.
    pub revision: Revision,
    /// Changes that would have allowed the request, nearest first.
    pub explanation: Explanation,
    /// Key of the denial's entry in the audit log. `None` until the entry is written.
    pub reason_id: Option<u64>,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not permitted: {}", self.question)
    }
}

impl std::error::Error for Denied {}

impl Permit {
    /// Decides `question` and issues a permit if the decision is to allow.
    ///
    /// # Errors
    /// Returns the denial with its explanation if the decision is to deny.
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

    /// Issues the permit for changes that need no decision: if an operator disabled authorization checks or
    /// authentication, for the set-up of the first administrator, and for a user's own password.
    pub(crate) fn of_an_administrator() -> Self {
        Self { authority: Authority::Administrator }
    }

    /// Issues the permit of the server itself. It includes changes to protected defaults.
    pub(crate) fn of_the_server() -> Self {
        Self { authority: Authority::Server }
    }

    /// Returns whether the permit includes changes to protected defaults.
    #[must_use]
    pub fn authority(self) -> Authority {
        self.authority
    }
}
