//! Permits: the only key to a write. None can be made but by a decision.

use std::fmt;

use super::{Decision, Explanation, Question, decide};
use crate::entity::{Actor, Deletion, Principal};
use crate::preset;
use crate::resolve::Subject;
use crate::value::Revision;
use crate::world::World;

/// Proof that somebody was allowed to do what they are about to do, and who it was.
#[derive(Clone, Debug)]
pub struct Permit {
    actor: Actor,
    authority: Authority,
    request_id: Option<String>,
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
    pub fn obtain(
        world: &World,
        subject: &Subject,
        question: &Question<'_>,
        request_id: Option<String>,
    ) -> Result<Self, Box<Denied>> {
        let decision = decide(world, subject, question);
        match decision {
            Decision::Allow(_) => Ok(Self {
                actor: Actor::Principal(subject.principal.clone()),
                authority: Authority::Administrator,
                request_id,
            }),
            Decision::Deny(_) => Err(Box::new(Denied {
                principal: subject.principal.clone(),
                question: question.in_words(world),
                revision: world.revision(),
                explanation: decision.explain(world, subject),
                reason_id: None,
            })),
        }
    }

    /// The permit of somebody whom an operator let do everything, by switching authorizations or authentication off.
    #[must_use]
    pub(crate) fn where_nothing_is_asked(actor: Actor, request_id: Option<String>) -> Self {
        Self { actor, authority: Authority::Administrator, request_id }
    }

    /// The permit to make the first administrator, as long as there is none.
    ///
    /// `None` when there is one.
    #[must_use]
    pub fn to_set_up(world: &World, request_id: Option<String>) -> Option<Self> {
        let unclaimed = !preset::has_administrator(world);
        unclaimed.then_some(Self { actor: Actor::Anonymous, authority: Authority::Administrator, request_id })
    }

    /// The server's own permit, for its defaults and its configuration at start-up. Nothing that a request reaches calls
    /// this.
    #[must_use]
    pub fn of_the_server() -> Self {
        Self { actor: Actor::System, authority: Authority::Server, request_id: None }
    }

    /// The server's own permit, to finish what somebody was permitted to begin.
    #[must_use]
    pub(crate) fn of_the_server_to_finish(deletion: &Deletion) -> Self {
        Self { actor: Actor::System, authority: Authority::Server, request_id: deletion.request_id.clone() }
    }

    /// Who was permitted.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What they may touch.
    #[must_use]
    pub fn authority(&self) -> Authority {
        self.authority
    }

    /// The request that asked.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}
