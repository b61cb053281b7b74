//! Checks a history against the guarantees in `docs/operations.md`.
//!
//! Every write has its own revision, so the log defines the order of writes, and every answer contains its revision.
//! The checker therefore needs no search: each rule is one pass over the history.

mod answers;
mod durations;
mod log;
mod revisions;
mod staleness;

use std::fmt;

use crate::history::{History, OperationId};

pub use durations::{longest, recoveries};
pub use staleness::{Staleness, staleness};

/// A guarantee, as a rule for a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Each revision is the result of one operation, acknowledged at that revision or with an unknown outcome.
    Log,
    /// A write that ended before another started has a lower revision.
    Order,
    /// The model permits every write in the log, and each answer equals the model's answer at its revision.
    Answers,
    /// For each refused write, the model refuses it at a revision that was current during the request.
    Refusals,
    /// At the end, every replica has the state of the last revision.
    Durability,
    /// The revisions of a process never decrease, and none is lower than requested.
    Revisions,
    /// No answer lacks a write that was acknowledged longer ago than the bound.
    Staleness,
    /// Every request ends within its bound.
    Durations,
    /// After each fault, every replica is ready and accepts writes within the bound.
    Recovery,
    /// No response is an unexpected error.
    Replies,
}

/// Violation of a rule, with the operations that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub message: String,
    pub operations: Vec<OperationId>,
}

impl Violation {
    fn new(rule: Rule, message: impl Into<String>, operations: impl IntoIterator<Item = OperationId>) -> Self {
        Self { rule, message: message.into(), operations: operations.into_iter().collect() }
    }

    /// The violation and its operations in full.
    #[must_use]
    pub fn explained(&self, history: &History) -> String {
        let by_id = history.by_id();
        let operations =
            self.operations.iter().filter_map(|id| by_id.get(id)).map(|operation| format!("\n  {operation:?}"));
        format!("{self}{}", operations.collect::<String>())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.rule, self.message)
    }
}

/// Returns all violations of the rules.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    [
        log::check(history),
        answers::check(history),
        revisions::check(history),
        staleness::check(history),
        durations::check(history),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
