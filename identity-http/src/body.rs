//! Request bodies and the values in them.

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
use crate::shape::{self, Deviation, Enumerations};

/// A JSON body with the right media type and size, without duplicate members, that has the schema of `T`.
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

/// Parses an object without duplicate members.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    strict_json_object(bytes).map_err(|fault| match fault {
        "not JSON" => Problem::bad_request("malformed_json", "The body is not JSON."),
        fault => Problem::bad_request("body_shape", format!("The body cannot be read: {fault}.")),
    })
}

/// Deserializes the object at a pointer of the body after comparing it with the schema of `T`.
pub(crate) fn deserialize<T: ToSchema + DeserializeOwned>(
    object: Map<String, Value>,
    pointer: &str,
) -> Result<T, Unfit> {
    let Some(shape) = shape::find(&T::name()) else { return Err(Unfit::of(pointer, "cannot be read")) };
    let deviations = shape.deviations(&object, pointer, Enumerations::Closed);
    if !deviations.is_empty() {
        let pointed = |Deviation { pointer, kind }| (pointer, kind.to_string());
        return Err(Unfit(deviations.into_iter().map(pointed).collect()));
    }
    // Fails only for rules that the schema does not express.
    T::deserialize(Value::Object(object)).map_err(|error| {
        tracing::debug!(%error, "a body matches its schema but cannot be deserialized");
        Unfit::of(pointer, "does not have the form that this operation expects")
    })
}

/// Deviations of a request from its schema: JSON pointers, and the violated rules in words that follow the member's
/// name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit(Vec<(String, String)>);

impl Unfit {
    /// A single violated rule.
    pub(crate) fn of(pointer: impl Into<String>, rule: impl Into<String>) -> Self {
        Self(vec![(pointer.into(), rule.into())])
    }

    /// Pointers to all deviating parts.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(pointer, _)| pointer.as_str())
    }

    /// Describes all violated rules.
    pub(crate) fn detail(&self) -> String {
        let sentence = |(pointer, rule): &(String, String)| match pointer.as_str() {
            "" => format!("The body {rule}."),
            pointer => format!("`{pointer}` {rule}."),
        };
        self.0.iter().map(sentence).collect::<Vec<_>>().join(" ")
    }

    /// Problem that reports all violated rules.
    pub(crate) fn problem(self, reason: &'static str) -> Problem {
        Problem::bad_request(reason, self.detail()).pointing_at(self.0)
    }
}

/// Bytes of a JSON body, for handlers that parse it themselves. An empty body needs no media type.
pub(crate) struct JsonBytes(pub(crate) web::Bytes);

impl JsonBytes {
    /// Receives the body, for handlers that run other checks first and therefore do not use the extractor.
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

/// Receives the bytes of a JSON body. Fails with `otherwise` for any other media type.
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

/// A URL-encoded form in UTF-8. `None` when the body is not such a form or lacks a field. A body that cannot be
/// received is an error.
pub(crate) struct Form<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        Box::pin(Self::receive(request, payload))
    }
}

impl<T: DeserializeOwned> Form<T> {
    /// Receives the form, for handlers that run other checks first and therefore do not use the extractor.
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

    /// Returns the form, or a problem when the body is not a complete form.
    pub(crate) fn required(self) -> Result<T, Problem> {
        self.0.ok_or_else(|| Problem::bad_request("form", "The body must be a complete form."))
    }
}

/// Deserializes an optional member; `null` means absent.
pub(crate) fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    value: D,
) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}
