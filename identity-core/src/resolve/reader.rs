//! Reads the strings of a claim in the form that the identity provider uses. Elements that are neither strings nor
//! integers are left out and reported; they never reject the token.

use std::borrow::Cow;

use serde_json::Value;

use super::remark::{DropReason, Hint, Remark};
use crate::value::{ClaimSelector, Claims, text_or_integer};

/// Separators of lists. A string that contains one of them is reported as a possible list.
const SEPARATORS: [char; 4] = [',', ';', '|', ' '];

/// Form of a claim that contains several strings, such as group ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimForm {
    /// A string or an array of strings, such as `["sales", "support"]`.
    #[default]
    List,
    /// A string that is split at this separator, such as `sales,support`. White space around the elements is trimmed,
    /// and empty elements are ignored.
    Split(String),
    /// A JSON array encoded in a string, such as `"[\"sales\"]"`.
    Json,
    /// An object whose member names are the strings, such as `{"sales": {}}`.
    Keys,
    /// An object or an array of objects. The member with this name contains the strings, such as `[{"id": "sales"}]`.
    Field(String),
}

/// Selector and form of a claim that holds strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimReader {
    /// Query that selects the claim.
    pub selector: ClaimSelector,
    /// Form of the selected value.
    pub form: ClaimForm,
}

impl From<ClaimSelector> for ClaimReader {
    fn from(selector: ClaimSelector) -> Self {
        Self { selector, form: ClaimForm::List }
    }
}

/// Strings of a claim, with remarks for the operator.
#[derive(Debug, Default)]
pub(super) struct Reading<'c> {
    /// Strings, each with its position in the claim, counted from 1.
    pub(super) texts: Vec<(usize, Cow<'c, str>)>,
    /// Elements that were left out, and hints that the claim may have another form.
    pub(super) remarks: Vec<Remark>,
    position: usize,
}

impl ClaimReader {
    /// Reads the strings of the claim. A missing claim yields none.
    pub(super) fn read<'c>(&self, claims: &'c Claims) -> Reading<'c> {
        let mut reading = Reading::default();
        match self.selector.select(claims.as_value()) {
            Ok(nodes) => {
                for (node, _) in nodes {
                    reading.node(node, &self.form);
                }
            }
            Err(_) => reading.leave_out(DropReason::OverBudget),
        }
        reading
    }
}

impl<'c> Reading<'c> {
    fn node(&mut self, node: &'c Value, form: &ClaimForm) {
        if node.is_null() {
            return;
        }
        match form {
            ClaimForm::List => self.list(node),
            ClaimForm::Split(separator) => each(node, |node| match node {
                Value::String(text) => self.split(text, separator),
                other => self.element(Cow::Borrowed(other)),
            }),
            ClaimForm::Json => match node {
                Value::String(text) => self.json(text),
                other => self.list(other),
            },
            ClaimForm::Keys => each(node, |node| match node {
                Value::Object(members) => {
                    for name in members.keys() {
                        self.text(Cow::Borrowed(name));
                    }
                }
                other => self.not("an object", other),
            }),
            ClaimForm::Field(name) => each(node, |node| match node {
                Value::Object(members) => match members.get(name) {
                    Some(Value::Array(items)) => items.iter().for_each(|item| self.element(Cow::Borrowed(item))),
                    Some(value) => self.element(Cow::Borrowed(value)),
                    None => {
                        self.position += 1;
                        self.leave_out(DropReason::NoField(name.clone()));
                    }
                },
                other => self.not("an object", other),
            }),
        }
    }

    fn list(&mut self, node: &'c Value) {
        match node {
            Value::Array(items) => {
                if items.iter().any(Value::is_object) {
                    self.hint(Hint::Field);
                }
                items.iter().for_each(|item| self.element(Cow::Borrowed(item)));
            }
            Value::Object(_) => {
                self.hint(Hint::Keys);
                self.element(Cow::Borrowed(node));
            }
            Value::String(text) => {
                if text.starts_with('[') && serde_json::from_str::<Vec<Value>>(text).is_ok() {
                    self.hint(Hint::Json);
                } else if let Some(separator) = SEPARATORS.into_iter().find(|separator| text.contains(*separator)) {
                    self.hint(Hint::Split(separator));
                }
                self.text(Cow::Borrowed(text));
            }
            other => self.element(Cow::Borrowed(other)),
        }
    }

    fn split(&mut self, text: &'c str, separator: &str) {
        let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
        parts.for_each(|part| self.text(Cow::Borrowed(part)));
    }

    fn json(&mut self, text: &'c str) {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(items)) => items.into_iter().for_each(|item| self.element(Cow::Owned(item))),
            _ => {
                self.position += 1;
                self.leave_out(DropReason::NoJsonList);
            }
        }
    }

    /// Adds one element: a string, or an integer as its decimal text.
    fn element(&mut self, value: Cow<'c, Value>) {
        match value {
            Cow::Borrowed(value) => match text_of(value) {
                Ok(text) => self.text(text),
                Err(reason) => self.drop_next(reason),
            },
            Cow::Owned(Value::String(text)) => self.text(Cow::Owned(text)),
            Cow::Owned(value) => match text_of(&value) {
                Ok(text) => self.text(Cow::Owned(text.into_owned())),
                Err(reason) => self.drop_next(reason),
            },
        }
    }

    fn text(&mut self, text: Cow<'c, str>) {
        self.position += 1;
        self.texts.push((self.position, text));
    }

    fn not(&mut self, wanted: &'static str, value: &Value) {
        self.drop_next(DropReason::Kind { found: kind(value), wanted });
    }

    fn drop_next(&mut self, reason: DropReason) {
        self.position += 1;
        self.leave_out(reason);
    }

    fn leave_out(&mut self, reason: DropReason) {
        Remark::add_dropped(&mut self.remarks, self.position, reason);
    }

    fn hint(&mut self, hint: Hint) {
        let remark = Remark::Form(hint);
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

/// Calls `read` for each element of an array, or once for any other value.
pub(super) fn each<'c>(node: &'c Value, mut read: impl FnMut(&'c Value)) {
    match node {
        Value::Array(items) => items.iter().for_each(read),
        one => read(one),
    }
}

/// Returns a string, or an integer as its decimal text. All other types are errors.
pub(super) fn text_of(value: &Value) -> Result<Cow<'_, str>, DropReason> {
    text_or_integer(value).ok_or_else(|| DropReason::Kind { found: kind(value), wanted: "a string" })
}

/// Returns the name of a value's JSON type for messages, such as `a list`.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "a number",
        Value::Number(_) => "a number that is not whole or too large",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
