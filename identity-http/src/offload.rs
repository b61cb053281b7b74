//! Runs long computations on the blocking thread pool, so that workers can serve other requests.

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

/// Maximum time that a request waits for a permit. It is short, because the caller's permissions were checked before.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// Permits for concurrent computations: one per processor.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    Arc::new(Semaphore::new(processors))
});

/// Runs `work` on the blocking thread pool, limited by a search budget. The work stops at its next budget check after
/// the client disconnects.
///
/// # Errors
/// If no permit becomes free within 2 seconds (503), or if the work exceeds its budget (400).
pub(crate) async fn off_the_worker<T: Send + 'static>(
    work: impl FnOnce(&SearchBudget) -> Result<T, SearchStopped> + Send + 'static,
) -> Result<T, Problem> {
    let busy = || Problem::unavailable("busy", "The server is busy with other searches; try again later.", TURN_WAIT);
    let turn = timeout(TURN_WAIT, Arc::clone(&TURNS).acquire_owned()).await.map_err(|_| busy())?;
    let cancellation = abandoned::cancellation();
    let outcome = web::block(move || {
        // Held until the work ends, even if its request is dropped.
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
