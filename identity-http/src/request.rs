//! Outermost processing of every request: request id, access log, metrics and common response headers.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody, None as NoBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorServiceUnavailable;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError as _};
use identity_core::port::Ids;
use tracing::{debug, warn};

use crate::abandoned::outlive_client;
use crate::address;
use crate::headers::{self, Https};
use crate::hosts::Hosts;
use crate::line_limit::LineLimit;
use crate::load::Connection;
use crate::load::lines::Streamed;
use crate::load::receive::has_body;
use crate::problem::{Problem, Style};
use crate::request_metrics;
use crate::unfinished::Unfinished;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Rate limit for log lines about server errors, so that they do not fill the disk.
static ERRORS: LineLimit = LineLimit::new();
/// Maximum length of a client-supplied request id, in bytes. Longer ids are replaced by a generated one.
const MAX_REQUEST_ID: usize = 128;
/// Value of `Retry-After` if the quota of unread response bytes is exhausted.
const RETRY: Duration = Duration::from_secs(2);

/// Id of a request (`X-Request-Id`), supplied by the client or generated.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Settings of the processing of every request.
pub(crate) struct Processing {
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) https: Https,
    pub(crate) hosts: Hosts,
}

/// Middleware around all endpoints, as one layer, because each layer costs every request an allocation.
///
/// # Errors
/// If a wrapped service fails or panics, or if the client disconnects before the request is processed.
pub(crate) async fn process<B: MessageBody + 'static>(
    processing: Rc<Processing>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    outlive_client(observe(processing, request, next)).await
}

/// Assigns the request id, rejects requests for other hosts, completes problem documents, adds security headers, and
/// records the access log and metrics.
async fn observe<B: MessageBody + 'static>(
    processing: Rc<Processing>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let connection = request.request().conn_data::<Rc<Connection>>().cloned();
    if let Some(connection) = &connection
        && !connection.is_ready().await
    {
        return Err(ErrorServiceUnavailable("The client disconnected."));
    }
    let began = Instant::now();
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|text| {
        !text.is_empty() && text.len() <= MAX_REQUEST_ID && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    });
    let id: Arc<str> = given.map_or_else(|| Arc::from(processing.ids.fresh()), Arc::from);
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let method = request.method().clone();

    if let Some(connection) = &connection {
        connection.begin(has_body(&request));
    }
    let response = match processing.hosts.check(&request) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(problem) => request.into_response(problem.error_response()).map_into_right_body(),
    };
    // Handlers and extractors return problems without the path of the request; it is added here.
    let style = response.request().extensions().get::<Style>().copied();
    let mut problem = response.response().extensions().get::<Problem>().cloned();
    if let (Some(connection), BodySize::Sized(bytes)) = (&connection, response.response().body().size()) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if connection.hold(bytes, address::of(response.request())).is_err() {
            problem = Some(too_much_unread());
        }
    }
    let mut response = match problem {
        None => response,
        Some(problem) => {
            let answer: actix_web::HttpResponse<BoxBody> = problem.respond(response.request().path(), style);
            let headers = response.headers().clone();
            let mut answered = response.into_response(answer).map_into_right_body();
            for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
                answered.headers_mut().insert(name.clone(), value.clone());
            }
            answered
        }
    };
    let mut unfinished = response.response().extensions().get::<Unfinished>().cloned();
    if method == Method::HEAD && unfinished.take().is_some() {
        response = response.map_body(|_, _| EitherBody::right(BoxBody::new(NoBody::new())));
    }
    let streams = response.request().extensions().get::<Streamed>().is_some();
    if let Some(connection) = &connection {
        if streams || !connection.is_whole() {
            // Closes the connection instead of waiting for the rest of the body.
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        match unfinished {
            Some(unfinished) => unfinished.end_on(connection),
            None if streams => {}
            None => connection.end(),
        }
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    headers::add(headers, processing.https);

    let route = request_metrics::route(response.request());
    let status = response.status().as_u16();
    let elapsed = began.elapsed();
    request_metrics::record(&method, &route, status, elapsed);
    let micros = elapsed.as_micros();
    // Metrics count all requests. There may be thousands per second, so only server errors are logged above debug
    // level.
    if response.status().is_server_error() {
        if let Some(suppressed) = ERRORS.admit(Instant::now()) {
            warn!(method = %method, route = &*route, status, micros, request_id = &*id, suppressed, "http.request");
        }
    } else {
        debug!(method = %method, route = &*route, status, micros, request_id = &*id, "http.request");
    }
    Ok(response)
}

fn too_much_unread() -> Problem {
    metrics::counter!("identity_http_answers_cut_total", "reason" => "unread_bytes").increment(1);
    let detail = "The memory for unread responses is exhausted; try again later.";
    Problem::unavailable("too_many_unread_bytes", detail, RETRY)
}
