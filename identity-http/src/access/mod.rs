//! `/access/v1`: access decisions for other services. Implements the OpenID AuthZEN Authorization API 1.0, with
//! extensions.

pub(crate) mod administration;
mod changes;
pub(crate) mod evaluation;
pub(crate) mod explain;
pub(crate) mod inspect;
mod limit;
pub(crate) mod look_alikes;
mod metadata;
pub(crate) mod orphans;
pub(crate) mod review;
pub(crate) mod search;
pub(crate) mod simulate;
mod wire;

use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage, ResponseError, Scope};
use identity_core::service::access::Access;
use utoipa::IntoResponses;

use crate::authentication::authenticate;
use crate::problem::{self, Problem, ProblemDocument};
use crate::request::RequestId;

/// The policy decision point behind `/access/v1`.
#[derive(Clone)]
pub struct Decisions {
    /// Evaluates, explains and simulates access.
    pub access: Arc<Access>,
    /// Public `https` URL of this decision point, without a trailing slash. If `None`, the metadata endpoint responds
    /// with 404.
    pub identifier: Option<Arc<str>>,
}

/// Errors common to all endpoints of `/access/v1`.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) enum Failures {
    /// A member is missing, has the wrong type, or the body is not JSON.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemDocument),
    /// The request is not authenticated.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument),
    /// The caller lacks the required permission.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// The request body exceeds the size limit.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument),
    /// The caller exceeded its rate limit or failed to authenticate too often. `Retry-After` gives the delay.
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyRequests(ProblemDocument),
    /// The token's issuer or the store is unavailable.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
}

impl Decisions {
    /// Mounts the endpoints of `/access/v1`. Those about tokens are mounted only if this server accepts tokens.
    pub(crate) fn mount(&self, config: &mut ServiceConfig) {
        let scope = web::scope("/access/v1")
            .app_data(Data::from(Arc::clone(&self.access)))
            .configure(|v1| {
                evaluation::mount(v1);
                search::mount(v1);
                explain::mount(v1);
                simulate::mount(v1);
                review::mount(v1);
                look_alikes::mount(v1);
                orphans::mount(v1);
                administration::mount(v1);
                if self.access.has_tokens() {
                    inspect::mount(v1);
                }
            })
            .default_service(web::to(problem::no_such_path))
            .wrap(from_fn(authenticate))
            .wrap(from_fn(with_a_usable_id));
        config.service(scope);
    }

    /// Builds `/.well-known/authzen-configuration` at the root of the host, regardless of the base path.
    pub(crate) fn metadata(&self) -> Scope {
        metadata::scope(self.identifier.clone())
    }
}

/// Middleware: rejects a request with 400 if its `X-Request-ID` cannot be returned unchanged in the response.
async fn with_a_usable_id<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let ours = request.extensions().get::<RequestId>().map(|id| Arc::clone(&id.0));
    let is_usable = request
        .headers()
        .get("x-request-id")
        .is_none_or(|given| ours.is_some_and(|ours| given.as_bytes() == ours.as_bytes()));
    if is_usable {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let detail = "X-Request-ID must be 1 to 128 printable ASCII characters.";
    let response = Problem::bad_request("request_id", detail).error_response();
    Ok(request.into_response(response).map_into_right_body())
}
