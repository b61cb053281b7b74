//! Runs long computations outside the worker threads.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::web;
use identity_core::search::{SearchBudget, SearchStopped};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::abandoned;
use crate::problem::Problem;

/// Maximum time that a request waits for a permit. It is short, because permissions were checked before the wait.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// Permits for concurrent computations: one for each processor, shared with the worker threads.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    Arc::new(Semaphore::new(processors))
});

/// Runs `work` with a budget on the blocking thread pool. The work stops at its next step after the client disconnects.
///
/// # Errors
/// When no permit becomes free in time, or the work exceeds its budget.
pub(crate) async fn off_the_worker<T: Send + 'static>(
    work: impl FnOnce(&SearchBudget) -> Result<T, SearchStopped> + Send + 'static,
) -> Result<T, Problem> {
    let busy = || Problem::unavailable("busy", "The server is busy with other searches; try again later.", TURN_WAIT);
    let turn = timeout(TURN_WAIT, Arc::clone(&TURNS).acquire_owned()).await.map_err(|_| busy())?;
    let cancellation = abandoned::cancellation();
    let outcome = web::block(move || {
        // Held until the work ends, even if its request was dropped.
        let _turn = turn;
        work(&SearchBudget::new(cancellation))
    });
    outcome.await.map_err(|_| Problem::internal())?.map_err(Problem::from)
}

impl From<SearchStopped> for Problem {
    fn from(stopped: SearchStopped) -> Self {
        let detail = stopped.to_string();
        let mut characters = detail.chars();
        let detail: String = characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect();
        Self::bad_request("search_too_costly", format!("{detail}.")).titled("INVALID_ARGUMENT")
    }
}
