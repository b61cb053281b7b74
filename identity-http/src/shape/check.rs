//! Validation of a JSON value against a [`Shape`].

use serde_json::{Map, Value};

use super::{Deviation, Enumerations, Kind, Members, Number, Shape, Words, push};

/// Maximum number of deviations that are reported for one request.
pub(super) const MAX_FOUND: usize = 50;

/// State of the validation of one request.
pub(super) struct Check {
    enumerations: Enumerations,
    /// JSON pointer to the value that is currently validated.
    pointer: String,
    found: Vec<Deviation>,
}

impl Check {
    pub(super) fn new(enumerations: Enumerations, pointer: &str) -> Self {
        Self { enumerations, pointer: pointer.to_owned(), found: Vec::new() }
    }

    pub(super) fn found(self) -> Vec<Deviation> {
        self.found
    }

    pub(super) fn report(&mut self, kind: Kind) {
        if self.found.len() < MAX_FOUND {
            self.found.push(Deviation { pointer: self.pointer.clone(), kind });
        }
    }

    fn at(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push(&mut self.pointer, name);
        check(self);
        self.pointer.truncate(length);
    }

    fn value(&mut self, shape: &Shape, value: &Value) {
        if shape.is_any || self.found.len() >= MAX_FOUND {
            return;
        }
        match value {
            Value::Null if shape.null => {}
            Value::Null => self.report(Kind::Null),
            Value::Bool(_) if shape.flag => {}
            Value::Number(number) if shape.number.is_some() => {
                let accepted = shape.number.unwrap_or_default();
                if accepted.is_whole && !number.is_i64() && !number.is_u64() {
                    self.report(Kind::Type(shape.types()));
                } else if let Some(range) = accepted.outside(number) {
                    self.report(Kind::Range(range));
                }
            }
            Value::String(text) if shape.text.is_some() => {
                if let (Some(Words::Of(words)), Enumerations::Closed) = (&shape.text, self.enumerations)
                    && !words.contains(text)
                {
                    let words = words.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                    self.report(Kind::Word(words));
                }
            }
            Value::Array(items) if shape.list.is_some() => {
                let Some(item) = &shape.list else { return };
                for (index, value) in items.iter().enumerate() {
                    self.at(&index.to_string(), |check| check.value(item, value));
                }
            }
            Value::Object(object) if shape.object.is_some() => {
                let Some(members) = &shape.object else { return };
                self.members(members, object);
            }
            _ => self.report(Kind::Type(shape.types())),
        }
    }

    pub(super) fn members(&mut self, members: &Members, object: &Map<String, Value>) {
        if members.is_choice && object.len() != 1 {
            self.report(Kind::Alternatives);
        }
        for name in members.required.iter().filter(|name| !object.contains_key(*name)) {
            self.at(name, |check| check.report(Kind::Missing));
        }
        for (name, value) in object {
            match (members.known.get(name), &members.others) {
                (Some(shape), _) => self.at(name, |check| check.value(shape, value)),
                (None, Some(others)) => self.at(name, |check| check.value(others, value)),
                (None, None) => self.at(name, |check| check.report(Kind::Unknown)),
            }
        }
    }
}

impl Number {
    /// Returns a description of the accepted range if the whole number `number` is out of range.
    fn outside(self, number: &serde_json::Number) -> Option<String> {
        // A number beyond `i64` is above every maximum.
        let is_above = self.max.is_some_and(|max| number.as_i64().map_or(number.is_u64(), |number| number > max));
        let is_below = self.min.is_some_and(|min| number.as_i64().is_some_and(|number| number < min));
        (is_above || is_below).then(|| match (self.min, self.max) {
            (Some(min), Some(max)) => format!("between {min} and {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, max) => format!("at most {}", max.unwrap_or(i64::MAX)),
        })
    }
}
