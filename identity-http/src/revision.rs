//! Revisions on the wire. Every answer says at which revision it holds; a request may demand one that is at least as new as
//! what its sender has seen or written, on whichever replica.

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

/// The revision that a request was answered at.
#[derive(Clone, Copy)]
pub(crate) struct ComputedAt(pub(crate) Revision);

/// Notes the revision that a write made, and passes on what it made.
pub(crate) fn written<T>(request: &HttpRequest, written: Written<T>) -> T {
    request.extensions_mut().insert(ComputedAt(written.revision));
    written.value
}

/// The revision that a request demands.
pub(crate) fn demanded(request: &ServiceRequest) -> Result<Option<Revision>, Problem> {
    let parse = |header: &HeaderValue| header.to_str().ok()?.parse().ok().map(Revision);
    match request.headers().get(&MIN_REVISION) {
        None => Ok(None),
        Some(header) => parse(header)
            .map(Some)
            .ok_or_else(|| Problem::bad_request("min_revision", "X-Identity-Min-Revision must be a number.")),
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
}
