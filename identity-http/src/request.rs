//! What surrounds every request: its id, its line in the log, its count, and the headers that every answer has.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use identity_core::port::Ids;
use tracing::{debug, warn};

use crate::headers::{self, Https};
use crate::load::Connection;
use crate::load::receive::has_body;
use crate::problem::{Problem, Style};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that a client may give to its request.
const MAX_REQUEST_ID: usize = 128;

/// A request's id: the client's, or a fresh one.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Wraps the whole application.
///
/// # Errors
/// When the application's services do.
pub async fn observe<B: MessageBody + 'static>(
    ids: web::Data<dyn Ids>,
    https: web::Data<Https>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let began = Instant::now();
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|text| {
        !text.is_empty() && text.len() <= MAX_REQUEST_ID && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    });
    let id: Arc<str> = given.map_or_else(|| Arc::from(ids.fresh()), Arc::from);
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let method = request.method().clone();
    let path = request.path().to_owned();

    let connection = request.request().conn_data::<Rc<Connection>>().cloned();
    if let Some(connection) = &connection {
        connection.begin(has_body(&request));
    }
    let response = next.call(request).await?;
    // A problem that a handler or an extractor returned knows no path yet.
    let style = response.request().extensions().get::<Style>().copied();
    let problem = response.response().extensions().get::<Problem>().cloned();
    let mut response = match problem {
        None => response.map_into_left_body(),
        Some(problem) => {
            let answer: actix_web::HttpResponse<BoxBody> = problem.respond(&path, style);
            let headers = response.headers().clone();
            let mut answered = response.into_response(answer).map_into_right_body();
            for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
                answered.headers_mut().insert(name.clone(), value.clone());
            }
            answered
        }
    };
    if let Some(connection) = &connection {
        if !connection.is_whole() {
            // The rest of the body is not waited for.
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        connection.end();
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    headers::add(headers, **https);

    // The route's pattern, not the path: the path's ids would make a time series each.
    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_u16();
    let elapsed = began.elapsed();
    let labels = [("method", known_method(method.as_str())), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("identity_http_requests_total", &labels).increment(1);
    metrics::histogram!("identity_http_request_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let micros = elapsed.as_micros();
    // Thousands a second: what went well is counted above, and written down only for whoever asks for it.
    if response.status().is_server_error() {
        warn!(method = %method, route, status, micros, request_id = &*id, "http.request");
    } else {
        debug!(method = %method, route, status, micros, request_id = &*id, "http.request");
    }
    Ok(response)
}

/// Methods are whatever a client sends; labels are not.
fn known_method(method: &str) -> String {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method).unwrap_or("other").to_owned()
}
