//! Request bodies and the values in them.

use std::future::Future;
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev, web};
use identity_core::value::{BrokenRule, InvalidValue, strict_json_object};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::load::receive;
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

/// The bytes of a JSON body, for handlers that read it themselves. An empty body needs no media type.
pub(crate) struct JsonBytes(pub(crate) web::Bytes);

impl JsonBytes {
    /// Receives the body of a request whose handler decides when.
    pub(crate) fn receive(
        request: &HttpRequest,
        payload: &mut dev::Payload,
    ) -> impl Future<Output = Result<Self, Problem>> + use<> {
        let json = is_json(request);
        let bytes = receive::body(request, payload, None);
        async move {
            let bytes = bytes.await?;
            if json || bytes.is_empty() { Ok(Self(bytes)) } else { Err(not_json()) }
        }
    }
}

impl FromRequest for JsonBytes {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        Box::pin(Self::receive(request, payload))
    }
}

/// The bytes of a JSON body; of another media type it is refused.
pub(crate) fn json_bytes(
    request: &HttpRequest,
    payload: &mut dev::Payload,
    otherwise: fn() -> Problem,
) -> impl Future<Output = Result<web::Bytes, Problem>> + use<> {
    let json = is_json(request);
    let bytes = receive::body(request, payload, None);
    async move { if json { bytes.await } else { Err(otherwise()) } }
}

fn is_json(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/json")
}

fn not_json() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "The body must be application/json.")
}

/// The largest form, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// A URL-encoded form in UTF-8; `None` when the body is none, or lacks a field. What cannot be received is an error.
pub(crate) struct Form<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        Box::pin(Self::receive(request, payload))
    }
}

impl<T: DeserializeOwned> Form<T> {
    /// Receives the form of a request whose handler decides when.
    pub(crate) fn receive(
        request: &HttpRequest,
        payload: &mut dev::Payload,
    ) -> impl Future<Output = Result<Self, Problem>> + use<T> {
        let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let bytes = receive::body(request, payload, Some(MAX_FORM));
        async move {
            if !is_form {
                return Ok(Self(None));
            }
            let bytes = bytes.await?;
            let text = std::str::from_utf8(&bytes).ok();
            Ok(Self(text.and_then(|text| web::Query::from_query(text).ok()).map(web::Query::into_inner)))
        }
    }

    /// The form, if it is one.
    pub(crate) fn required(self) -> Result<T, Problem> {
        self.0.ok_or_else(|| Problem::bad_request("form", "The body must be a complete form."))
    }
}

/// Reads a member that may be absent, which `null` means too.
pub(crate) fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    value: D,
) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
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
