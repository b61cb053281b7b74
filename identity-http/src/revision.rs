//! Revisions and ages on the wire. Every answer says at which revision it holds. A request may demand a revision that is at
//! least as new as what its sender has seen or written, and an age, on any replica.

use std::time::Duration;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use identity_core::engine::Engine;
use identity_core::service::Written;
use identity_core::value::Revision;

use crate::Limits;
use crate::problem::Problem;

/// In answers: the revision at which they hold.
pub(crate) static REVISION: HeaderName = HeaderName::from_static("x-identity-revision");
/// In requests: the least revision that will do.
pub(crate) static MIN_REVISION: HeaderName = HeaderName::from_static("x-identity-min-revision");

/// In requests: how many seconds ago the store may have confirmed the revision, at most.
pub(crate) static MAX_AGE: HeaderName = HeaderName::from_static("x-identity-max-age");
/// In answers to such requests: how many seconds ago it did.
pub(crate) static WORLD_AGE: HeaderName = HeaderName::from_static("x-identity-world-age");

/// The age at which a request that demanded one was answered.
#[derive(Clone, Copy)]
pub(crate) struct WorldAge(pub(crate) Duration);

/// The revision that a request was answered at.
#[derive(Clone, Copy)]
pub(crate) struct ComputedAt(pub(crate) Revision);

/// Notes the revision that a write made, and passes on what it made.
pub(crate) fn written<T>(request: &HttpRequest, written: Written<T>) -> T {
    request.extensions_mut().insert(ComputedAt(written.revision));
    written.value
}

/// What a request demands of the world.
#[derive(Default)]
pub(crate) struct Demanded {
    /// The least revision.
    pub(crate) least: Option<Revision>,
    /// The greatest age.
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

/// Waits until this replica has a revision, for as long as a request may.
pub(crate) async fn reached(engine: &Engine, revision: Revision, limits: &Limits) -> Result<(), Problem> {
    match tokio::time::timeout(limits.revision_wait, engine.at_least(revision)).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::unavailable(
            "revision_not_reached",
            "This server does not have that revision yet.",
            Duration::from_secs(1),
        )),
    }
}

/// Says in the answer at which revision it holds.
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
