//! Runs each request to completion when its client disconnects, but cancels the work that has not started yet.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::Next;
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

/// Outermost middleware: runs each request in its own task, so that it completes even after its client disconnects.
///
/// A change is thereby never separated from its audit record and its log line. Work that has not started yet, such as a
/// search or a queued change, checks `cancellation()` and stops. The signal also fires once the response head is ready.
///
/// # Errors
/// If a wrapped service fails or panics.
pub async fn outlive_client<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let cancellation = Cancellation::default();
    let _cancel = CancelOnDrop(cancellation.clone());
    let rest = CANCELLATION.scope(cancellation, next.call(request));
    let outcome = actix_web::rt::spawn(rest).await;
    outcome.unwrap_or_else(|_| Err(ErrorInternalServerError("An internal error occurred; see the server log.")))
}

/// Returns the cancellation signal of the current request. Outside of a request, the signal never fires.
pub(crate) fn cancellation() -> Cancellation {
    CANCELLATION.try_with(Clone::clone).unwrap_or_default()
}
