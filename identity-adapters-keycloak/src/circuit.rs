//! Circuit breaker: suspends calls to Keycloak after repeated failures.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Number of consecutive failures that opens the circuit.
const FAILURES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Circuit breaker. Five consecutive failures open it for 1 second; each failure after a pause doubles the pause, up to
/// 15 seconds. A success closes it. A call without a reported outcome, such as a cancelled one, has no effect.
#[derive(Debug, Default)]
pub(crate) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    closed_again: Option<Instant>,
    pause: Duration,
}

impl Circuit {
    /// Admits a call at `now`. While the circuit is open, returns the remaining pause as the error.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state();
        match state.closed_again {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                // Half-open: calls are admitted, and the next failure opens the circuit again.
                state.closed_again = None;
                state.failures = FAILURES - 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn succeeded(&self) {
        *self.state() = State::default();
    }

    pub(crate) fn failed(&self, now: Instant) {
        let mut state = self.state();
        // Calls that were admitted before the circuit opened fail together: they count as one failure.
        if state.closed_again.is_some_and(|until| now < until) {
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            state.closed_again = Some(now + state.pause);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_again_after_one_more() {
        let (circuit, now) = (Circuit::default(), Instant::now());
        for _ in 0..FAILURES {
            assert_eq!(circuit.admit(now), Ok(()));
            circuit.failed(now);
        }
        assert_eq!(circuit.admit(now), Err(FIRST_PAUSE));
        let later = now + FIRST_PAUSE;
        assert_eq!(circuit.admit(later), Ok(()));
        assert_eq!(circuit.admit(later), Ok(()));
        circuit.failed(later);
        assert_eq!(circuit.admit(later), Err(FIRST_PAUSE * 2));
        circuit.succeeded();
        assert_eq!(circuit.admit(later), Ok(()));
    }

    #[test]
    fn concurrent_failures_open_it_for_one_pause() {
        let (circuit, now) = (Circuit::default(), Instant::now());
        for _ in 0..10 * FAILURES {
            circuit.failed(now);
        }
        assert_eq!(circuit.admit(now), Err(FIRST_PAUSE));
    }

    #[test]
    fn a_success_in_between_keeps_it_closed() {
        let (circuit, now) = (Circuit::default(), Instant::now());
        for _ in 0..3 * FAILURES {
            circuit.failed(now);
            circuit.succeeded();
        }
        assert_eq!(circuit.admit(now), Ok(()));
    }
}
