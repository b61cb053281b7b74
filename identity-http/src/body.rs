//! Extractors for JSON and form bodies, with validation against the OpenAPI schema.

use std::future::Future;
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev, web};
use identity_core::value::strict_json_object;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::load::receive;
use crate::problem::Problem;
use crate::rule::Rule;
use crate::shape::{self, Deviation, Enumerations};

/// Extractor for a JSON object with the schema of `T`. Rejects other media types (415), too large bodies (413),
/// duplicate members and deviations from the schema (400).
pub(crate) struct Body<T>(pub(crate) T);

impl<T: ToSchema + DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let bytes = json_bytes(request, payload, not_json);
        Box::pin(async move {
            let object = parse_object(&bytes.await?)?;
            deserialize(object, "").map(Self).map_err(|unfit| unfit.problem("body_shape"))
        })
    }
}

/// Parses a JSON object. Rejects duplicate member names, which RFC 8259 §4 leaves undefined.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    strict_json_object(bytes).map_err(|fault| match fault {
        "not JSON" => Problem::bad_request("malformed_json", "The body is not JSON."),
        fault => Problem::bad_request("body_shape", format!("The body cannot be read: {fault}.")),
    })
}

/// Deserializes `object`, which is located at `pointer` in the body. All deviations from the schema of `T` are reported
/// at once.
pub(crate) fn deserialize<T: ToSchema + DeserializeOwned>(
    object: Map<String, Value>,
    pointer: &str,
) -> Result<T, Unfit> {
    let Some(shape) = shape::find(&T::name()) else { return Err(Unfit::of(pointer, "cannot be read")) };
    let deviations = shape.deviations(&object, pointer, Enumerations::Closed);
    if !deviations.is_empty() {
        let pointed = |Deviation { pointer, kind }| (pointer, Rule::from(&kind));
        return Err(Unfit(deviations.into_iter().map(pointed).collect()));
    }
    // The schema does not express all rules of the type.
    T::deserialize(Value::Object(object)).map_err(|error| {
        tracing::debug!(%error, "a body matches its schema but cannot be deserialized");
        Unfit::of(pointer, "does not have the form that this operation expects")
    })
}

/// Deviations of a body from its schema, as pairs of a JSON pointer and the violated rule. A rule completes a sentence
/// that starts with the member's name: "must be a string".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit(Vec<(String, Rule)>);

impl Unfit {
    /// Creates a deviation with a single violated rule.
    pub(crate) fn of(pointer: impl Into<String>, rule: impl Into<Rule>) -> Self {
        Self(vec![(pointer.into(), rule.into())])
    }

    /// Returns the JSON pointers to all deviating members. The pointer to the body itself is empty.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(pointer, _)| pointer.as_str())
    }

    /// Describes all violated rules, in one sentence each.
    pub(crate) fn detail(&self) -> String {
        let sentence = |(pointer, rule): &(String, Rule)| match pointer.as_str() {
            "" => format!("The body {}.", rule.detail),
            pointer => format!("`{pointer}` {}.", rule.detail),
        };
        self.0.iter().map(sentence).collect::<Vec<_>>().join(" ")
    }

    /// Returns the pairs of a JSON pointer and the violated rule.
    pub(crate) fn into_all(self) -> Vec<(String, Rule)> {
        self.0
    }

    /// Converts the deviations to a 400 problem with the given reason code.
    pub(crate) fn problem(self, reason: &'static str) -> Problem {
        Problem::bad_request(reason, self.detail()).pointing_at(self.0)
    }
}

/// Extractor for the bytes of a JSON body, for handlers that parse it themselves. An empty body may have any media
/// type.
pub(crate) struct JsonBytes(pub(crate) web::Bytes);

impl JsonBytes {
    /// Receives the body, for handlers that run other checks before they receive it.
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

/// Receives the bytes of a JSON body. Other media types, including a missing one, fail with the problem of `otherwise`.
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

/// Maximum size of a form, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// Extractor for a URL-encoded form. `None` if the body has another media type, is not UTF-8 or lacks a required field.
/// Fails if the body cannot be received.
pub(crate) struct Form<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        Box::pin(Self::receive(request, payload))
    }
}

impl<T: DeserializeOwned> Form<T> {
    /// Receives the form, for handlers that run other checks before they receive it.
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

    /// Returns the form, or a 400 problem if the body is not a form with all required fields.
    pub(crate) fn required(self) -> Result<T, Problem> {
        self.0.ok_or_else(|| Problem::bad_request("form", "The body must be a complete form."))
    }
}

/// Deserializes a member with serde so that `null` yields the default value, as if the member were absent.
pub(crate) fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    value: D,
) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}
