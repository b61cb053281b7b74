//! Strict JSON parsing: rejects text that different parsers may interpret differently (RFC 8725 §2.4, RFC 8259 §4).

use std::borrow::Cow;
use std::cell::Cell;
use std::{fmt, io};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Maximum nesting depth of objects and arrays. Tokens in practice have three or four levels.
const MAX_DEPTH: usize = 16;

/// Returns a string as it is, or an integer as decimal text. `None` for all other values. Fractions and numbers beyond
/// 64 bits are excluded, because parsing may lose digits and make different numbers equal.
#[must_use]
pub fn text_or_integer(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// Parses text that is exactly one JSON object. Rejects duplicate members (compared after unescaping), more than 16
/// levels of nesting, and trailing text.
///
/// # Errors
/// If the text is not such an object. The message describes the problem and contains nothing of the input.
pub fn strict_json_object(bytes: &[u8]) -> Result<Map<String, Value>, &'static str> {
    let fault = Cell::new("not JSON");
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { levels: MAX_DEPTH, fault: &fault };
    let value = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("not a JSON object"),
        Err(_) => Err(fault.get()),
    }
}

/// Returns the length of a value as compact JSON text, in bytes. `None` if it exceeds `most`; serialization stops
/// there.
#[must_use]
pub fn json_length(value: &Value, most: usize) -> Option<usize> {
    let mut length = Length { length: 0, most };
    serde_json::to_writer(&mut length, value).ok().map(|()| length.length)
}

/// Writer that counts bytes, stores none, and fails once the count exceeds `most`.
struct Length {
    length: usize,
    most: usize,
}

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length = self.length.saturating_add(bytes.len());
        if self.length > self.most { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Strict<'f> {
    levels: usize,
    fault: &'f Cell<&'static str>,
}

impl Strict<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(self.refuse("nested too deeply")),
        }
    }

    fn refuse<E: Error>(self, fault: &'static str) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| self.refuse("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.insert(name, members.next_value_seed(inner)?).is_some() {
                return Err(self.refuse("a member occurs twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 2.5, "x", null, true, {"b": {}}], "ä": "\u00e4"} "#;
        let expected = json!({"a": [1, -2, 2.5, "x", null, true, {"b": {}}], "ä": "ä"});
        assert_eq!(strict_json_object(text.as_bytes()).map(Value::Object), Ok(expected));
    }

    #[test]
    fn a_member_may_not_occur_twice_at_any_level_or_spelling() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"a":1,"a":2}}"#, r#"{"x":[{"a":1,"a":2}]}"#]
        {
            assert_eq!(strict_json_object(text.as_bytes()), Err("a member occurs twice"), "{text}");
        }
    }

    #[test]
    fn the_length_of_a_text_is_counted_up_to_a_bound() {
        let value = json!({"a": ["ä", 1, null], "b": {"c": "\n"}});
        let length = value.to_string().len();
        assert_eq!(json_length(&value, length), Some(length));
        assert_eq!(json_length(&value, length - 1), None);
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(strict_json_object(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(strict_json_object(nested(MAX_DEPTH).as_bytes()), Err("nested too deeply"));
        assert_eq!(strict_json_object(nested(100_000).as_bytes()), Err("nested too deeply"));
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, fault) in [
            ("", "not JSON"),
            ("{", "not JSON"),
            ("{} {}", "not JSON"),
            ("{\"a\":1e400}", "not JSON"),
            ("{\"a\":NaN}", "not JSON"),
            ("{\"a\":\"\\ud800\"}", "not JSON"),
            ("\u{feff}{}", "not JSON"),
            ("[]", "not a JSON object"),
            ("null", "not a JSON object"),
        ] {
            assert_eq!(strict_json_object(text.as_bytes()), Err(fault), "{text}");
        }
        assert_eq!(strict_json_object(b"{\"a\":\"\xff\"}"), Err("not JSON"));
    }
}
