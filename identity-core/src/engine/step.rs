//! Steps of a write: changes that are decided in sequence and committed together.

use crate::apply::{Command, Refusal};
use crate::entity::AuditDraft;
use crate::world::World;

use super::{Requester, WriteError};

type Plan<'s> = Box<dyn FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send + 's>;

/// One change of a write, with the requester whose permission is checked for it.
pub struct Step<'s> {
    pub(super) requester: &'s dyn Requester,
    /// Audit log draft that is recorded if the step is denied or refused.
    pub(super) attempt: AuditDraft,
    pub(super) plan: Plan<'s>,
    pub(super) skips_existing: bool,
    pub(super) note: Option<AuditDraft>,
}

impl<'s> Step<'s> {
    /// Creates a step that executes the commands of `plan` if `requester` is permitted. `attempt` describes the step in
    /// the audit log if it is denied or refused.
    pub fn new(
        requester: &'s dyn Requester,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send + 's,
    ) -> Self {
        Self { requester, attempt, plan: Box::new(plan), skips_existing: false, note: None }
    }

    /// Adds an audit entry to those of the commands. It is recorded even if the commands change nothing.
    #[must_use]
    pub fn noting(self, note: AuditDraft) -> Self {
        Self { note: Some(note), ..self }
    }

    /// Skips the step, instead of refusing it, if its plan is empty or the entity that its first command creates
    /// exists.
    #[must_use]
    pub fn skipping_existing(self) -> Self {
        Self { skips_existing: true, ..self }
    }
}

/// Error of a write with several steps, and the step that caused it.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// Index of the denied or refused step, from 0. `None` if the failure does not belong to a step.
    pub step: Option<usize>,
    /// Reason why the write failed.
    pub error: WriteError,
}

/// Failure of a write that is not recorded in the audit log yet.
pub(super) struct Failure<'s> {
    pub(super) at: Option<At<'s>>,
    pub(super) error: WriteError,
}

/// Failed step, with the data for its audit log entry.
pub(super) struct At<'s> {
    pub(super) step: usize,
    pub(super) requester: &'s dyn Requester,
    pub(super) attempt: AuditDraft,
}

impl<E: Into<WriteError>> From<E> for Failure<'_> {
    fn from(error: E) -> Self {
        Self { at: None, error: error.into() }
    }
}
