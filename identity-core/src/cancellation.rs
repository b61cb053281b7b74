//! Cancellation of work, for example when the client of a request disconnects.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_listener::Event;

/// Cancellation signal of a request. Clones share the signal. The default value is not cancelled until
/// [`Cancellation::cancel`] is called.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<Signal>);

#[derive(Debug, Default)]
struct Signal {
    is_cancelled: AtomicBool,
    cancelled: Event,
}

impl Cancellation {
    /// Cancels the signal for all clones. It cannot be reset.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Release);
        self.0.cancelled.notify(usize::MAX);
    }

    /// Returns whether the signal is set.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Acquire)
    }

    /// Waits until the signal is set. Completes immediately if it is already set.
    pub async fn cancelled(&self) {
        loop {
            let cancelled = self.0.cancelled.listen();
            if self.is_cancelled() {
                return;
            }
            cancelled.await;
        }
    }
}
