//! Reading of JSON objects that collects all violated rules.

use std::cell::RefCell;
use std::fmt::{Display, Write as _};

use serde_json::{Map, Value};

use super::DocumentFinding;
use super::shape::{self, Shape};

/// Maximum number of collected findings. A document with more is not worth a longer list.
const MAX_FINDINGS: usize = 1000;

/// Violated rules that have been found so far.
#[derive(Default)]
pub(super) struct Findings(RefCell<Vec<DocumentFinding>>);

impl Findings {
    pub(super) fn add(&self, pointer: &str, rule: impl Display) {
        let mut found = self.0.borrow_mut();
        if found.len() < MAX_FINDINGS {
            found.push(DocumentFinding { pointer: pointer.to_owned(), rule: rule.to_string() });
        }
    }

    pub(super) fn into_all(self) -> Vec<DocumentFinding> {
        self.0.into_inner()
    }
}

/// A JSON object, its place, and the members that may occur in it.
pub(super) struct Object<'f, 'v> {
    findings: &'f Findings,
    members: &'v Map<String, Value>,
    pub(super) pointer: String,
}

impl<'f, 'v> Object<'f, 'v> {
    /// Takes an object with these members. Other members are findings. `None` if the value is not an object.
    pub(super) fn take(findings: &'f Findings, value: &'v Value, pointer: String, known: Shape) -> Option<Self> {
        let Value::Object(members) = value else {
            findings.add(&pointer, "must be an object");
            return None;
        };
        for name in members.keys().filter(|name| !shape::has(known, name)) {
            findings.add(&below(&pointer, name), "is unknown");
        }
        Some(Self { findings, members, pointer })
    }

    pub(super) fn add(&self, name: &str, rule: impl Display) {
        self.findings.add(&self.at(name), rule);
    }

    /// Adds a finding for a value below this object.
    pub(super) fn refuse(&self, pointer: &str, rule: impl Display) {
        self.findings.add(pointer, rule);
    }

    /// Returns the pointer to a member.
    pub(super) fn at(&self, name: &str) -> String {
        below(&self.pointer, name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Returns the value of a member. `None` if it is missing or null.
    pub(super) fn given(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Parses a text. `None` if it is missing or invalid.
    pub(super) fn text<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        text(self.findings, self.given(name)?, &self.at(name), parse)
    }

    /// Parses a text that must be there.
    pub(super) fn required<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        if !self.has(name) {
            self.add(name, "is required");
        }
        self.text(name, parse)
    }

    /// Reads a boolean. `None` if it is missing or invalid.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        let flag = self.given(name)?.as_bool();
        if flag.is_none() {
            self.add(name, "must be `true` or `false`");
        }
        flag
    }

    /// Parses the texts of a list, with their pointers. Empty if the list is missing.
    pub(super) fn texts<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<(String, T)> {
        let item = |(pointer, value): (String, &Value)| {
            let parsed = text(self.findings, value, &pointer, &parse)?;
            Some((pointer, parsed))
        };
        self.items(name).filter_map(item).collect()
    }

    /// Returns the objects of a list. Empty if the list is missing.
    pub(super) fn objects(&self, name: &str, known: Shape) -> Vec<Self> {
        let object = |(pointer, value)| Self::take(self.findings, value, pointer, known);
        self.items(name).filter_map(object).collect()
    }

    /// Returns the objects of an object, by name.
    pub(super) fn entries(&self, name: &str, known: Shape) -> Vec<(&'v str, Self)> {
        match self.given(name) {
            None => Vec::new(),
            Some(Value::Object(members)) => {
                let pointer = self.at(name);
                let entry = |(name, value): (&'v String, &'v Value)| {
                    let object = Self::take(self.findings, value, below(&pointer, name), known)?;
                    Some((name.as_str(), object))
                };
                members.iter().filter_map(entry).collect()
            }
            Some(_) => {
                self.add(name, "must be an object");
                Vec::new()
            }
        }
    }

    fn items(&self, name: &str) -> impl Iterator<Item = (String, &'v Value)> {
        let list = match self.given(name) {
            None => [].as_slice(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.add(name, "must be a list");
                &[]
            }
        };
        let pointer = self.at(name);
        list.iter().enumerate().map(move |(index, value)| (format!("{pointer}/{index}"), value))
    }
}

fn text<T, E: Display>(
    findings: &Findings,
    value: &Value,
    pointer: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    let Value::String(text) = value else {
        findings.add(pointer, "must be text; write other values in quotes");
        return None;
    };
    parse(text).map_err(|error| findings.add(pointer, error)).ok()
}

/// Returns the pointer to a member of the object at `pointer`.
fn below(pointer: &str, name: &str) -> String {
    let mut below = pointer.to_owned();
    _ = write!(below, "/{}", name.replace('~', "~0").replace('/', "~1"));
    below
}
