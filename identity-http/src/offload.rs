//! Work that may take long, done beside the workers, so that they serve others meanwhile.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;
use identity_core::search::{SearchBudget, SearchStopped};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::abandoned;
use crate::problem::Problem;

/// How long a request waits for its turn. The answer rests on the rights of the moment before.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// Turns: as many pieces of work at the same time as there are processors. The workers share the processors with them.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    Arc::new(Semaphore::new(processors))
});

/// Does something within a budget, while the worker serves others. When the client is gone, the work stops at its next step.
pub(crate) async fn off_the_worker<T: Send + 'static>(
    work: impl FnOnce(&SearchBudget) -> Result<T, SearchStopped> + Send + 'static,
) -> Result<T, Problem> {
    let busy = || Problem::unavailable("busy", "The server is busy with other searches; try again later.", TURN_WAIT);
    let internal =
        || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on the server.");
    let turn = timeout(TURN_WAIT, Arc::clone(&TURNS).acquire_owned()).await.map_err(|_| busy())?;
    let abandoned = abandoned::flag();
    let outcome = web::block(move || {
        // Kept until the work has ended, even if nobody waits for it.
        let _turn = turn;
        work(&SearchBudget::new(abandoned))
    });
    outcome.await.map_err(|_| internal())?.map_err(Problem::from)
}

impl From<SearchStopped> for Problem {
    fn from(stopped: SearchStopped) -> Self {
        let detail = stopped.to_string();
        let mut characters = detail.chars();
        let detail: String = characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect();
        Self::bad_request("search_too_costly", format!("{detail}.")).titled("INVALID_ARGUMENT")
    }
}
