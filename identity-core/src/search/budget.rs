//! Limits of one search: the steps that it may take over all its patterns, and whether its answer is still wanted.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Steps of one search: candidates looked at, texts compared, characters that patterns are held against. A pattern that is
/// looked for in two million names takes fewer.
const MAX_STEPS: usize = 50_000_000;

/// Steps that looking at one candidate takes, beside those of the conditions.
pub(super) const CANDIDATE_STEPS: usize = 16;

/// Steps of one search, and whether its answer is still wanted. A search that may not go on finds nothing more, and ends with
/// [`SearchStopped`].
#[derive(Debug)]
pub struct SearchBudget {
    left: Cell<usize>,
    abandoned: Arc<AtomicBool>,
    stopped: Cell<Option<SearchStopped>>,
}

/// Why a search did not finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchStopped {
    /// It took more steps than a search may.
    #[error("the search takes more than {MAX_STEPS} steps; use fewer or shorter patterns, or search by id")]
    TooManySteps,
    /// The client does not wait for the answer any more.
    #[error("the search was abandoned")]
    Abandoned,
}

impl Default for SearchBudget {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl SearchBudget {
    /// The steps of one search, which ends early when `abandoned` is set.
    #[must_use]
    pub fn new(abandoned: Arc<AtomicBool>) -> Self {
        Self { left: Cell::new(MAX_STEPS), abandoned, stopped: Cell::new(None) }
    }

    /// Takes so many steps. `false` when the search has to stop.
    #[must_use]
    pub fn take(&self, steps: usize) -> bool {
        if self.stopped.get().is_some() {
            return false;
        }
        if self.abandoned.load(Ordering::Relaxed) {
            self.stopped.set(Some(SearchStopped::Abandoned));
            return false;
        }
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => self.stopped.set(Some(SearchStopped::TooManySteps)),
        }
        self.stopped.get().is_none()
    }

    /// What was found, unless the search was stopped.
    ///
    /// # Errors
    /// When it was.
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
    fn a_search_stops_when_it_is_abandoned() {
        let abandoned = Arc::new(AtomicBool::new(false));
        let budget = SearchBudget::new(Arc::clone(&abandoned));
        assert!(budget.take(1));
        abandoned.store(true, Ordering::Relaxed);
        assert!(!budget.take(1));
        assert_eq!(budget.finished(1), Err(SearchStopped::Abandoned));
    }
}
