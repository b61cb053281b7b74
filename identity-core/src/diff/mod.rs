//! World to world: what changed, and who gains or loses which access by it.

mod effect;

pub use effect::{AccessItem, Effect, holdings};

use crate::search::{SearchBudget, SearchStopped};
use crate::world::{Change, World};

/// Steps that the effect on one party takes.
const EFFECT_STEPS: usize = 200;

/// What is between two worlds.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// The rows that differ, as the changes that make the second world out of the first.
    pub changes: Vec<Change>,
    /// What that means for people, services and mapping rules; only those for whom it means something.
    pub effects: Vec<Effect>,
}

/// Compares two worlds. Costs the difference and what hangs on it, if one world was made out of the other.
#[must_use]
pub fn diff(before: &World, after: &World) -> Diff {
    let changes = before.changes_to(after);
    let effects = effect::effects(before, after, &changes, || true);
    Diff { changes, effects }
}

/// The same, within a budget.
///
/// # Errors
/// When the budget is used up.
pub fn diff_within(before: &World, after: &World, budget: &SearchBudget) -> Result<Diff, SearchStopped> {
    let changes = before.changes_to(after);
    let effects = effect::effects(before, after, &changes, || budget.take(EFFECT_STEPS));
    budget.finished(Diff { changes, effects })
}
