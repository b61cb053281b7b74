//! Comparison of two worlds: the changed rows, and the access that parties gain or lose.

mod effect;

pub use effect::{AccessItem, Effect, holdings};

use crate::search::{SearchBudget, SearchStopped};
use crate::world::{Change, World};

/// Cost of computing the effect on one party, in steps of the search budget.
const EFFECT_STEPS: usize = 200;

/// Difference between two worlds: the changed rows and the effects on access.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// Changes that turn the first world into the second.
    pub changes: Vec<Change>,
    /// Effects on users, clients and mapping rules. Parties without an effect are omitted.
    pub effects: Vec<Effect>,
}

/// Compares two worlds. If one was derived from the other, the cost depends only on the difference and the parties that
/// it affects.
#[must_use]
pub fn diff(before: &World, after: &World) -> Diff {
    let changes = before.changes_to(after);
    let effects = effect::effects(before, after, &changes, || true);
    Diff { changes, effects }
}

/// Compares two worlds within a search budget.
///
/// # Errors
/// If the budget is exhausted or the search is cancelled.
pub fn diff_within(before: &World, after: &World, budget: &SearchBudget) -> Result<Diff, SearchStopped> {
    let changes = before.changes_to(after);
    let effects = effect::effects(before, after, &changes, || budget.take(EFFECT_STEPS));
    budget.finished(Diff { changes, effects })
}
