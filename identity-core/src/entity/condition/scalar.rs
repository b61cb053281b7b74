//! Constants in conditions: strings, numbers and booleans.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::wrong;
use crate::value::InvalidValue;

/// Maximum length of a string, in characters.
const MAX_TEXT: usize = 1024;

/// Constant in a condition: a string of at most 1024 characters, a number or a boolean. Integral numbers have one form:
/// `100.0` becomes `100`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar(Value);

impl Scalar {
    /// Creates a scalar from a JSON value.
    ///
    /// # Errors
    /// If the value is null, a list or an object, or a string that is longer than 1024 characters or contains U+0000.
    pub fn new(value: impl Into<Value>) -> Result<Self, InvalidValue> {
        let value = value.into();
        match &value {
            Value::String(text) if text.chars().count() > MAX_TEXT || text.contains('\0') => {
                Err(wrong("made of strings of at most 1024 characters"))
            }
            Value::Number(number) => Ok(Self(number.as_f64().and_then(whole).unwrap_or(value))),
            Value::String(_) | Value::Bool(_) => Ok(Self(value)),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(wrong("made of strings, numbers and booleans")),
        }
    }

    /// The constant as a JSON value, after normalization.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

/// Orders booleans before numbers, and numbers before strings.
impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        // Floating-point values may be equal for different integers of 2^53 or more.
        let order = |number: &Number| (number.as_u64(), number.as_i64());
        match (&self.0, &other.0) {
            (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
            (Value::Number(one), Value::Number(other)) => {
                let floats = [one, other].map(|number| number.as_f64().unwrap_or_default());
                floats[0].total_cmp(&floats[1]).then_with(|| order(one).cmp(&order(other)))
            }
            (Value::String(one), Value::String(other)) => one.cmp(other),
            (one, other) => (one.is_string(), one.is_number()).cmp(&(other.is_string(), other.is_number())),
        }
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        scalar.0
    }
}

/// Converts an integral number below 2^53 in magnitude to an integer, so that conditions with `100` and `100.0` are
/// equal. `None` for other numbers, which are kept as written.
fn whole(number: f64) -> Option<Value> {
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits")]
    (number.fract() == 0.0 && number.abs() < MAX_EXACT).then(|| Value::from(number as i64))
}
