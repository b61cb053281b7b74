//! Claims of a validated token, in parsed and in compact form.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

/// Claims of a token (RFC 7519 §4) whose signature, issuer, audience and lifetime have been validated. Cheap to clone.
///
/// `Debug` prints claim names only, because values may be personal data.
#[derive(Clone)]
pub struct Claims {
    /// JSON text from which `value` is parsed at the first access. `None` if the value was given.
    text: Option<StoredClaims>,
    value: OnceLock<Arc<Value>>,
}

/// Claims as JSON text, for caches of tokens: they need a fraction of the memory of [`Claims`].
///
/// `Debug` prints no claims, because they may be personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredClaims(Arc<str>);

/// Error for a JSON value that cannot be the claims of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The value is not a JSON object (RFC 7519 §4).
    #[error("claims must be a JSON object")]
    NotAnObject,
}

impl Claims {
    /// Wraps a JSON object as claims.
    ///
    /// # Errors
    /// If the value is not a JSON object.
    pub fn new(value: Value) -> Result<Self, ClaimsError> {
        if value.is_object() { Ok(Self::of(value)) } else { Err(ClaimsError::NotAnObject) }
    }

    fn of(value: Value) -> Self {
        Self { text: None, value: OnceLock::from(Arc::new(value)) }
    }

    /// Returns the value of a top-level claim. `None` if the claim is missing or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_value().get(name).filter(|value| !value.is_null())
    }

    /// All claims as a JSON object, including claims that are null.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        self.value.get_or_init(|| {
            let parsed = self.text.as_ref().and_then(|text| serde_json::from_str(&text.0).ok());
            // Cannot fail, because the text was serialized from a JSON object.
            Arc::new(parsed.unwrap_or_else(|| Value::Object(Map::new())))
        })
    }

    /// Returns a copy with those top-level claims whose name `keep` accepts.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        let claims = self.as_value().as_object().into_iter().flatten();
        let kept = claims.filter(|(name, _)| keep(name)).map(|(name, value)| (name.clone(), value.clone()));
        Self::from(kept.collect::<Map<String, Value>>())
    }

    /// Names of all top-level claims, including claims that are null.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.as_value().as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
    }
}

impl StoredClaims {
    /// Returns the claims. Their text is parsed at the first access, not by this call.
    #[must_use]
    pub fn read(&self) -> Claims {
        Claims { text: Some(self.clone()), value: OnceLock::new() }
    }
}

impl From<&Claims> for StoredClaims {
    fn from(claims: &Claims) -> Self {
        claims.text.clone().unwrap_or_else(|| Self(claims.as_value().to_string().into()))
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(map: Map<String, Value>) -> Self {
        Self::of(Value::Object(map))
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        self.as_value() == other.as_value()
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl fmt::Debug for StoredClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredClaims")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stored_claims_are_the_same_when_they_are_read() {
        let claims = Claims::new(json!({
            "sub": "ann", "n": [1, -2, 1.5, 18_446_744_073_709_551_615_u64, 1e300], "o": {"ü\n": null}, "none": null,
        }));
        let claims = claims.unwrap();
        let stored = StoredClaims::from(&claims);
        assert_eq!(stored.read(), claims);
        assert_eq!(StoredClaims::from(&stored.read()), stored);
        assert_eq!((stored.read().get("sub"), stored.read().get("none")), (Some(&json!("ann")), None));
        assert!(!format!("{stored:?}").contains("ann"));
    }
}
