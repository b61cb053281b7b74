//! JSON as Rust values, strictly. Serde takes a list for a struct, its items for members in their order, and an object for a
//! word: whoever sends that means something else.

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

/// Reads an object of `T`'s shape.
pub(crate) fn from_object<'de, T: Deserialize<'de>>(object: Map<String, Value>) -> Result<T, Error> {
    T::deserialize(Strict(Value::Object(object)))
}

/// A value in which, at every level, a struct is an object and a word is a text.
struct Strict(Value);

impl Strict {
    fn is_no(&self, expected: &str) -> Error {
        let found = match &self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(flag) => Unexpected::Bool(*flag),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(_) => Unexpected::Other("string"),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(found, &expected)
    }
}

impl<'de> IntoDeserializer<'de, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => SeqDeserializer::new(items.into_iter().map(Strict)).deserialize_any(visitor),
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Strict(value)));
                MapDeserializer::new(members).deserialize_any(visitor)
            }
            simple => simple.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { Err(self.is_no("an object")) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.into_deserializer()),
            _ => Err(self.is_no("a string")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Vec<Inner>,
        word: Option<Word>,
        #[serde(default)]
        number: u32,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: String,
        b: Option<bool>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Word {
        Yes,
    }

    fn read(value: Value) -> Result<Outer, String> {
        let Value::Object(object) = value else { panic!("not an object") };
        from_object(object).map_err(|error| error.to_string())
    }

    #[test]
    fn objects_are_objects_at_every_level() {
        let inner = || Inner { a: "x".to_owned(), b: Some(true) };
        let whole = json!({"inner": [{"a": "x", "b": true}], "word": "Yes", "number": 7});
        assert_eq!(read(whole), Ok(Outer { inner: vec![inner()], word: Some(Word::Yes), number: 7 }));
        assert_eq!(read(json!({"inner": [], "word": null})), Ok(Outer { inner: vec![], word: None, number: 0 }));
        for (wrong, named) in [
            (json!({"inner": [["x", true]]}), "sequence, expected an object"),
            (json!({"inner": ["x"]}), "expected an object"),
            (json!({"inner": [null]}), "expected an object"),
            (json!({"inner": {"a": "x"}}), "expected a sequence"),
            (json!({"inner": [], "word": {"Yes": null}}), "expected a string"),
            (json!({"inner": [], "word": "No"}), "unknown variant `No`"),
            (json!({"inner": [], "word": ["Yes"]}), "expected a string"),
            (json!({"inner": [], "number": "7"}), "expected u32"),
            (json!({"inner": [], "number": -1}), "expected u32"),
            (json!({"inner": [{"a": 1}]}), "expected a string"),
            (json!({"inner": [], "more": 1}), "unknown field `more`"),
            (json!({}), "missing field `inner`"),
        ] {
            let refused = read(wrong.clone()).unwrap_err();
            assert!(refused.contains(named), "{wrong}: {refused}");
        }
    }
}
