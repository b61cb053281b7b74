//! Headers for the revision and the age of the world that a response is based on.
//!
//! Each response contains its revision. For read-your-writes consistency on any replica, a request may demand a minimum
//! revision, such as that of an earlier response, and a maximum age.

use std::time::Duration;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use identity_core::engine::Engine;
use identity_core::service::Written;
use identity_core::value::Revision;

use crate::Limits;
use crate::problem::Problem;

/// Response header: revision of the world that the response is based on.
pub(crate) static REVISION: HeaderName = HeaderName::from_static("x-identity-revision");
/// Request header: minimum revision of the world. The replica waits until it has reached this revision.
pub(crate) static MIN_REVISION: HeaderName = HeaderName::from_static("x-identity-min-revision");

/// Request header: maximum time in seconds since the store confirmed that the replica's world is the latest.
pub(crate) static MAX_AGE: HeaderName = HeaderName::from_static("x-identity-max-age");
/// Response header: the actual age in seconds, with three fractional digits. Only for requests with [`MAX_AGE`].
pub(crate) static WORLD_AGE: HeaderName = HeaderName::from_static("x-identity-world-age");

/// Request extension: age of the world for a request with a maximum age.
#[derive(Clone, Copy)]
pub(crate) struct WorldAge(pub(crate) Duration);

/// Request extension: revision of the world that the response is based on.
#[derive(Clone, Copy)]
pub(crate) struct ComputedAt(pub(crate) Revision);

/// Sets the response's revision to that of a write, and returns the written value.
pub(crate) fn written<T>(request: &HttpRequest, written: Written<T>) -> T {
    request.extensions_mut().insert(ComputedAt(written.revision));
    written.value
}

/// Consistency requirements from the headers of a request.
#[derive(Default)]
pub(crate) struct Demanded {
    /// Minimum revision, from [`MIN_REVISION`].
    pub(crate) least: Option<Revision>,
    /// Maximum age, from [`MAX_AGE`], in whole seconds.
    pub(crate) max_age: Option<Duration>,
}

impl Demanded {
    pub(crate) fn read(request: &ServiceRequest) -> Result<Self, Problem> {
        let number = |name: &HeaderName, reason, detail| {
            let parse = |header: &HeaderValue| header.to_str().ok()?.parse::<u64>().ok();
            let header = request.headers().get(name);
            header.map(|header| parse(header).ok_or_else(|| Problem::bad_request(reason, detail))).transpose()
        };
        let least = number(&MIN_REVISION, "min_revision", "X-Identity-Min-Revision must be a number.")?;
        let max_age = number(&MAX_AGE, "max_age", "X-Identity-Max-Age must be a number of whole seconds.")?;
        Ok(Self { least: least.map(Revision), max_age: max_age.map(Duration::from_secs) })
    }
}

/// Waits until this replica reaches `revision`, for at most [`Limits::revision_wait`].
///
/// # Errors
/// If the revision is not reached in time: 503 with `Retry-After: 1`.
pub(crate) async fn reached(engine: &Engine, revision: Revision, limits: &Limits) -> Result<(), Problem> {
    match tokio::time::timeout(limits.revision_wait, engine.at_least(revision)).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::unavailable(
            "revision_not_reached",
            "The server has not reached the requested revision; try again later.",
            Duration::from_secs(1),
        )),
    }
}

/// Adds the recorded revision and, if the request demanded a maximum age, the actual age to the response headers.
pub(crate) fn show<B>(response: &mut ServiceResponse<B>) {
    let computed = response.request().extensions().get::<ComputedAt>().copied();
    if let Some(ComputedAt(revision)) = computed {
        response.headers_mut().insert(REVISION.clone(), HeaderValue::from(revision.0));
    }
    let age = response.request().extensions().get::<WorldAge>().copied();
    if let Some(WorldAge(age)) = age
        && let Ok(seconds) = HeaderValue::try_from(format!("{:.3}", age.as_secs_f64()))
    {
        response.headers_mut().insert(WORLD_AGE.clone(), seconds);
    }
}
