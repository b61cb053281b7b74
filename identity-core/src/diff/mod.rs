//! World to world: what changed, and who gains or loses which access by it.

mod effect;

pub use effect::{AccessItem, Effect, holdings};

use crate::world::{Change, World};

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
    let effects = effect::effects(before, after, &changes);
    Diff { changes, effects }
}
