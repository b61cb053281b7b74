//! Request bodies and the values in them.

use std::future::Future;
use std::pin::Pin;

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev, web};
use identity_core::value::{BrokenRule, InvalidValue, strict_json_object};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::strict;

/// A JSON body: of the right media type and size, without duplicate members, and of `T`'s shape.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let bytes = json_bytes(request, payload, not_json);
        Box::pin(async move {
            let bytes = bytes.await?;
            let object = strict_json_object(&bytes).map_err(|fault| match fault {
                "not json" => Problem::bad_request("malformed_json", "The body is not JSON."),
                fault => Problem::bad_request("body_shape", format!("The body does not fit: {fault}.")),
            })?;
            strict::from_object(object)
                .map(Self)
                .map_err(|error| Problem::bad_request("body_shape", format!("The body does not fit: {error}.")))
        })
    }
}

/// The bytes of a JSON body, for those who read it themselves. None at all needs no media type.
pub(crate) struct JsonBytes(pub(crate) web::Bytes);

impl FromRequest for JsonBytes {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let json = is_json(request);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(unreadable)?;
            if json || bytes.is_empty() { Ok(Self(bytes)) } else { Err(not_json()) }
        })
    }
}

/// The bytes of a JSON body; of another media type it is not read.
pub(crate) fn json_bytes(
    request: &HttpRequest,
    payload: &mut dev::Payload,
    otherwise: fn() -> Problem,
) -> impl Future<Output = Result<web::Bytes, Problem>> + use<> {
    let json = is_json(request);
    let bytes = web::Bytes::from_request(request, payload);
    async move { if json { bytes.await.map_err(unreadable) } else { Err(otherwise()) } }
}

fn is_json(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/json")
}

fn not_json() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "The body must be application/json.")
}

fn unreadable(error: actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large.")
        }
        _ => Problem::bad_request("body_unreadable", "The body could not be read."),
    }
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) field: &'static str,
    pub(crate) rule: BrokenRule,
}

/// Everything that is wrong with a request, gathered while its parts are parsed.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// The value, unless it is refused.
    pub(crate) fn take<T>(&mut self, field: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|InvalidValue { rule, .. }| self.0.push(Finding { field, rule })).ok()
    }

    /// All the values, unless one is refused.
    pub(crate) fn all<T>(
        &mut self,
        field: &'static str,
        values: impl IntoIterator<Item = Result<T, InvalidValue>>,
    ) -> Option<Vec<T>> {
        self.take(field, values.into_iter().collect())
    }

    /// Notes a rule that more than one value breaks together.
    pub(crate) fn note(&mut self, field: &'static str, rule: BrokenRule) {
        self.0.push(Finding { field, rule });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to answer.
    pub(crate) fn problem(&self) -> Problem {
        Problem::invalid(&self.0)
    }
}

/// One value of a path or query.
pub(crate) fn one<T>(field: &'static str, value: Result<T, InvalidValue>) -> Result<T, Problem> {
    let mut findings = Findings::default();
    findings.take(field, value).ok_or_else(|| findings.problem())
}
