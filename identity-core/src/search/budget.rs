//! Limits of one search: the number of steps, and cancellation.

use std::cell::Cell;

use crate::cancellation::Cancellation;

/// Maximum number of steps of one search. Steps are candidates examined, texts compared, and characters matched against
/// patterns. Matching a pattern against two million names takes fewer.
const MAX_STEPS: usize = 50_000_000;

/// Number of steps for examining one candidate, in addition to those of the filter conditions.
pub(super) const CANDIDATE_STEPS: usize = 16;

/// Step budget and cancellation of one search. Once the budget is exhausted or the search is cancelled, it finds no
/// further results and ends with [`SearchStopped`].
#[derive(Debug)]
pub struct SearchBudget {
    left: Cell<usize>,
    cancellation: Cancellation,
    stopped: Cell<Option<SearchStopped>>,
}

/// Reason why a search ended without a complete result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchStopped {
    /// The search exceeded its budget of 50 million steps.
    #[error("the search takes more than {MAX_STEPS} steps; use fewer or shorter patterns, or search by id")]
    TooManySteps,
    /// The search was cancelled, for example because the client disconnected.
    #[error("the search was cancelled")]
    Cancelled,
}

impl Default for SearchBudget {
    fn default() -> Self {
        Self::new(Cancellation::default())
    }
}

impl SearchBudget {
    /// Creates the budget of one search, which ends early when it is cancelled.
    #[must_use]
    pub fn new(cancellation: Cancellation) -> Self {
        Self { left: Cell::new(MAX_STEPS), cancellation, stopped: Cell::new(None) }
    }

    /// Takes this number of steps from the budget. Returns `false` if the search has to stop.
    #[must_use]
    pub fn take(&self, steps: usize) -> bool {
        if self.stopped.get().is_some() {
            return false;
        }
        if self.cancellation.is_cancelled() {
            self.stopped.set(Some(SearchStopped::Cancelled));
            return false;
        }
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => self.stopped.set(Some(SearchStopped::TooManySteps)),
        }
        self.stopped.get().is_none()
    }

    /// Returns `found`, unless the search was stopped.
    ///
    /// # Errors
    /// When the search exceeded its budget or was cancelled.
    pub fn finished<T>(&self, found: T) -> Result<T, SearchStopped> {
        self.stopped.get().map_or(Ok(found), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_stops_when_its_steps_are_used_up_and_does_not_go_on() {
        let budget = SearchBudget::default();
        assert!(budget.take(MAX_STEPS) && budget.finished(1) == Ok(1));
        assert!(!budget.take(1) && !budget.take(0));
        assert_eq!(budget.finished(1), Err(SearchStopped::TooManySteps));
    }

    #[test]
    fn a_search_stops_when_it_is_cancelled() {
        let cancellation = Cancellation::default();
        let budget = SearchBudget::new(cancellation.clone());
        assert!(budget.take(1));
        cancellation.cancel();
        assert!(!budget.take(1));
        assert_eq!(budget.finished(1), Err(SearchStopped::Cancelled));
    }
}
