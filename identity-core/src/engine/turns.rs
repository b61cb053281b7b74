//! Turns of writers: one at a time, in a bounded queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_lock::{Mutex, MutexGuard};

use crate::port::Clock;

/// Writes that may wait for their turn. Beyond them, a write would wait longer than its client.
const MAX_WAITING: usize = 256;
/// The longest time that a write may have waited when its turn comes.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// More changes are asked for than can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many changes are waiting; try again later")]
pub struct Overloaded {
    /// When to try again.
    pub retry_after: Duration,
}

const OVERLOADED: Overloaded = Overloaded { retry_after: Duration::from_secs(1) };

pub(super) struct Turns {
    clock: Arc<dyn Clock>,
    turn: Mutex<()>,
    waiting: AtomicUsize,
}

/// A place in the queue; free again when this is dropped, with the turn or without.
struct Place<'t>(&'t AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, turn: Mutex::new(()), waiting: AtomicUsize::new(0) }
    }

    /// Waits for the turn. Refuses at once when too many wait, and when the turn comes too late to be of use: what nobody waits
    /// for any more must not delay others.
    pub(super) async fn take(&self) -> Result<MutexGuard<'_, ()>, Overloaded> {
        let asked = self.clock.monotonic();
        let others = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&self.waiting);
        if others >= MAX_WAITING {
            return Err(OVERLOADED);
        }
        let turn = self.turn.lock().await;
        if self.clock.monotonic().saturating_sub(asked) > MAX_WAIT { Err(OVERLOADED) } else { Ok(turn) }
    }
}
