//! Cancellation of requests whose client has disconnected.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::Next;
use identity_core::cancellation::Cancellation;

tokio::task_local! {
    static CANCELLATION: Cancellation;
}

/// Triggers the [`Cancellation`] on drop.
pub(crate) struct CancelOnDrop(pub(crate) Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Outermost middleware: runs each request to completion, even after its client disconnects.
///
/// This keeps a change, its audit record and its log line together. Work that has not started yet checks
/// `cancellation` and stops: searches, and changes still in the queue. The signal also fires once the response head
/// is ready.
///
/// # Errors
/// When a wrapped service fails or panics.
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

/// Signal that the client of the current request has disconnected.
pub(crate) fn cancellation() -> Cancellation {
    CANCELLATION.try_with(Clone::clone).unwrap_or_default()
}
