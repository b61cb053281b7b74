//! Requests whose client is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::Next;

tokio::task_local! {
    static ABANDONED: Arc<AtomicBool>;
}

/// Sets its flag when it is dropped.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Wraps the whole application, around everything else. A request is worked on to its end even if its client is gone, so that a
/// change, its record and its line in the log belong together. Work that only makes an answer looks at [`flag`] and stops.
///
/// # Errors
/// When the application's services do, or panic.
pub async fn outlive_client<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let abandoned = Arc::new(AtomicBool::new(false));
    let _abandon = Abandon(Arc::clone(&abandoned));
    let rest = ABANDONED.scope(abandoned, next.call(request));
    let outcome = actix_web::rt::spawn(rest).await;
    outcome.unwrap_or_else(|_| Err(ErrorInternalServerError("Something went wrong on the server.")))
}

/// Whether the client of the current request is gone; set while the request is worked on.
pub(crate) fn flag() -> Arc<AtomicBool> {
    ABANDONED.try_with(Arc::clone).unwrap_or_default()
}
