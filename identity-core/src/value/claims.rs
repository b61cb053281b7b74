//! The claims of a verified token.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The claims of a token whose signature, issuer, audience and times have been checked. Cheap to clone.
///
/// `Debug` shows the claims' names only: values may be personal.
#[derive(Clone, PartialEq)]
pub struct Claims(Arc<Value>);

/// Why a JSON value is not a set of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// Claims are a JSON object (RFC 7519 §4).
    #[error("claims must be a json object")]
    NotAnObject,
}

impl Claims {
    /// # Errors
    /// When the value is not a JSON object.
    pub fn new(value: Value) -> Result<Self, ClaimsError> {
        if value.is_object() { Ok(Self(Arc::new(value))) } else { Err(ClaimsError::NotAnObject) }
    }

    /// The claim of this name, unless it is missing or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The claims as one JSON object.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The names of the claims.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(map: Map<String, Value>) -> Self {
        Self(Arc::new(Value::Object(map)))
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
