//! Claims of a validated token.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// Claims of a token whose signature, issuer, audience and lifetime have been validated. Cheap to clone.
///
/// `Debug` prints claim names only, because values may be personal data.
#[derive(Clone, PartialEq)]
pub struct Claims(Arc<Value>);

/// Error for a JSON value that is not a set of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// The value is not a JSON object (RFC 7519 §4).
    #[error("claims must be a JSON object")]
    NotAnObject,
}

impl Claims {
    /// Wraps a JSON object.
    ///
    /// # Errors
    /// If the value is not a JSON object.
    pub fn new(value: Value) -> Result<Self, ClaimsError> {
        if value.is_object() { Ok(Self(Arc::new(value))) } else { Err(ClaimsError::NotAnObject) }
    }

    /// Value of a claim. `None` if the claim is missing or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// All claims as a JSON object.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Names of all claims.
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
