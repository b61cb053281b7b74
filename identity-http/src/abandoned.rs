//! Runs each request to completion when its client disconnects, but cancels the work that has not started yet.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::error::ErrorInternalServerError;
use futures_util::FutureExt as _;
use identity_core::cancellation::Cancellation;

tokio::task_local! {
    static CANCELLATION: Cancellation;
}

/// Triggers the [`Cancellation`] signal when dropped, for example because the client has disconnected.
pub(crate) struct CancelOnDrop(pub(crate) Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Completes the processing of a request, even after its client disconnects.
///
/// A change is thereby never separated from its audit record and its log line. Work that has not started yet, such as a
/// search or a queued change, checks `cancellation()` and stops. The signal also fires once the response head is ready.
///
/// # Errors
/// If the processing fails or panics.
pub(crate) async fn outlive_client<T: 'static>(
    work: impl Future<Output = Result<T, Error>> + 'static,
) -> Result<T, Error> {
    let cancellation = Cancellation::default();
    let _cancel = CancelOnDrop(cancellation.clone());
    let work = CANCELLATION.scope(cancellation, AssertUnwindSafe(work).catch_unwind());
    let outcome = Outliving(Some(Box::pin(work))).await;
    outcome.unwrap_or_else(|_| Err(ErrorInternalServerError("An internal error occurred; see the server log.")))
}

/// Future that is continued in a task of its own if it is dropped before its completion. Requests whose clients stay
/// connected need no task.
struct Outliving<F: Future + 'static>(Option<Pin<Box<F>>>);

impl<F: Future + 'static> Future for Outliving<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let outcome = ready!(work.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(outcome)
    }
}

impl<F: Future + 'static> Drop for Outliving<F> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            actix_web::rt::spawn(async move { _ = work.await });
        }
    }
}

/// Returns the cancellation signal of the current request. Outside of a request, the signal never fires.
pub(crate) fn cancellation() -> Cancellation {
    CANCELLATION.try_with(Clone::clone).unwrap_or_default()
}
