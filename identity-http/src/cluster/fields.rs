//! Parser for the JSON bodies of `/v2` (docs/reference/orchestration-cluster.md §1.11). The body is validated against
//! its schema, then read member by member. All errors are reported in one response.

use actix_web::http::StatusCode;
use identity_core::search::{LikePattern, TextFilter};
use identity_core::value::{BrokenRule, InvalidValue, strict_json_object};
use serde_json::{Map, Value};

use crate::body::Unfit;
use crate::findings::{Finding, Findings};
use crate::problem::Problem;
use crate::rule::Rule;
use crate::shape::{self, Deviation, Enumerations, Kind};

/// Errors found in a request, in two categories that determine the title of the problem document.
#[derive(Default)]
pub(crate) struct Report {
    /// Errors with the title `Bad Request`: unknown properties, wrong types, unknown enum values.
    shape: Vec<String>,
    /// Errors with the title `INVALID_ARGUMENT`: missing properties, blank text, invalid characters, numbers out of
    /// range.
    values: Vec<String>,
    /// JSON pointers to the invalid members of the body, with the violated rules.
    findings: Vec<(String, Rule)>,
}

impl Report {
    pub(crate) fn shape(&mut self, finding: impl Into<String>) {
        self.shape.push(finding.into());
    }

    pub(crate) fn value(&mut self, finding: impl Into<String>) {
        self.values.push(finding.into());
    }

    /// Whether the shape of the request is valid so far: no unknown properties, wrong types or unknown enum values.
    pub(crate) fn has_shape(&self) -> bool {
        self.shape.is_empty()
    }

    /// Adds errors of a parser that is shared with other APIs, with the title `INVALID_ARGUMENT`.
    pub(crate) fn values_of(&mut self, findings: Findings) {
        for Finding { pointer, field, rule } in findings.into_all() {
            self.value_at(pointer.as_deref().unwrap_or(field), rule);
        }
    }

    /// Adds the deviations of a nested object from its schema.
    pub(crate) fn unfit(&mut self, unfit: Unfit) {
        self.shape(unfit.detail());
        self.findings.extend(unfit.into_all());
    }

    /// Adds a violated rule of `name`: a JSON pointer, or the name of a path parameter.
    pub(crate) fn value_at(&mut self, name: &str, rule: Rule) {
        self.value(format!("`{name}` {}.", rule.detail));
        self.point(name, rule);
    }

    fn shape_at(&mut self, pointer: &str, rule: Rule) {
        self.shape(format!("`{pointer}` {}.", rule.detail));
        self.point(pointer, rule);
    }

    fn point(&mut self, name: &str, rule: Rule) {
        if name.starts_with('/') {
            self.findings.push((name.to_owned(), rule));
        }
    }

    fn deviation(&mut self, Deviation { pointer, kind }: &Deviation) {
        let rule = Rule::from(kind);
        match kind {
            Kind::Missing | Kind::Range(_) => self.value_at(pointer, rule),
            Kind::Null | Kind::Type(_) | Kind::Word(_) | Kind::Alternatives | Kind::Unknown => {
                self.shape_at(pointer, rule)
            }
        }
    }

    /// Unwraps a parsed value. On error, records the violated rule for `name`: a JSON pointer, or the name of a path
    /// parameter.
    pub(crate) fn take<T>(&mut self, name: &str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|error| self.value_at(name, (&error.rule).into())).ok()
    }

    /// Returns the parsed request if no errors were recorded, otherwise a 400 problem that describes all of them.
    pub(crate) fn finish<T>(self, made: Option<T>) -> Result<T, Problem> {
        let title = if self.shape.is_empty() { "INVALID_ARGUMENT" } else { "Bad Request" };
        match made {
            Some(made) if self.shape.is_empty() && self.values.is_empty() => Ok(made),
            _ => {
                let detail = self.shape.into_iter().chain(self.values).collect::<Vec<_>>().join(" ");
                Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", detail).titled(title).pointing_at(self.findings))
            }
        }
    }
}

/// A JSON object whose properties are removed one by one. A property of a wrong type counts as absent, because
/// validation against the schema has already reported it.
pub(crate) struct Fields {
    map: Map<String, Value>,
    /// JSON pointer (RFC 6901) to this object in the body.
    pointer: String,
}

impl Fields {
    /// Parses the body and validates it against the schema of this name in the OpenAPI document.
    pub(crate) fn body(bytes: &[u8], schema: &str) -> Result<(Self, Report), Problem> {
        Self::body_with_alternatives(bytes, schema, &[])
    }

    /// Like [`Self::body`], for a schema with alternative properties: an alternative that is null counts as absent.
    pub(crate) fn body_with_alternatives(
        bytes: &[u8],
        schema: &str,
        alternatives: &[&str],
    ) -> Result<(Self, Report), Problem> {
        let mut map = strict_json_object(bytes).map_err(|fault| {
            let detail = format!("The request body cannot be read: {fault}.");
            Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail).titled("Bad Request")
        })?;
        map.retain(|name, value| !value.is_null() || !alternatives.contains(&name.as_str()));
        let mut report = Report::default();
        let shape = shape::find(schema).ok_or_else(Problem::internal)?;
        // Enum values are validated when a property is read: they are case-insensitive, and custom resource types are
        // accepted.
        shape.deviations(&map, "", Enumerations::Open).iter().for_each(|found| report.deviation(found));
        Ok((Self { map, pointer: String::new() }, report))
    }

    /// Like [`Self::body`], but an empty body counts as an empty object.
    pub(crate) fn optional_body(bytes: &[u8], schema: &str) -> Result<(Self, Report), Problem> {
        if bytes.trim_ascii().is_empty() {
            return Ok((Self { map: Map::new(), pointer: String::new() }, Report::default()));
        }
        Self::body(bytes, schema)
    }

    /// Returns the JSON pointer to a property of this object.
    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// Whether the property is present, even as null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether the property is present and not null.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Removes and returns a property. Null counts as absent.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Removes and returns a string. Other types count as absent.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Removes and returns a string. A blank string is recorded as an error.
    pub(crate) fn filled_text(&mut self, name: &str, report: &mut Report) -> Option<String> {
        let text = self.text(name)?;
        if text.trim().is_empty() {
            report.value_at(&self.pointer(name), (&BrokenRule::Blank).into());
            return None;
        }
        Some(text)
    }

    /// Removes and returns a list of strings. A list with an item of another type counts as absent.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let Value::Array(items) = self.value(name)? else { return None };
        items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// Removes and returns the alternatives of a filter. An empty list counts as absent, because published clients send
    /// every unset list as `[]`.
    pub(crate) fn alternatives(&mut self, name: &str) -> Option<Vec<String>> {
        self.texts(name).filter(|texts| !texts.is_empty())
    }

    /// Removes and returns a list of objects. Items of other types are skipped; an absent list is empty.
    pub(crate) fn objects(&mut self, name: &str) -> Vec<Fields> {
        let Some(Value::Array(items)) = self.value(name) else { return Vec::new() };
        let pointer = self.pointer(name);
        let object = |(index, item)| match item {
            Value::Object(map) => Some(Fields { map, pointer: format!("{pointer}/{index}") }),
            _ => None,
        };
        items.into_iter().enumerate().filter_map(object).collect()
    }

    /// Removes and returns an object. An absent property yields an empty object.
    pub(crate) fn object(&mut self, name: &str) -> Fields {
        let pointer = self.pointer(name);
        match self.value(name) {
            Some(Value::Object(map)) => Fields { map, pointer },
            _ => Fields { map: Map::new(), pointer },
        }
    }

    /// Converts `value`, the removed value of the property `name`, if it is an object; `None` for other types.
    pub(crate) fn nested(&self, name: &str, value: Value) -> Option<Fields> {
        match value {
            Value::Object(map) => Some(Fields { map, pointer: self.pointer(name) }),
            _ => None,
        }
    }

    /// Removes and returns an integer. One that exceeds `i64` is recorded as an error.
    pub(crate) fn number(&mut self, name: &str, report: &mut Report) -> Option<i64> {
        let value = self.value(name)?;
        if value.is_u64() && !value.is_i64() {
            report.shape(format!("`{}` must be at most {}.", self.pointer(name), i64::MAX));
        }
        value.as_i64()
    }

    /// Removes and returns a boolean.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    /// Removes a string and returns the value of the case-insensitive match in `words`. Other strings are recorded as
    /// errors.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)], report: &mut Report) -> Option<T> {
        let text = self.filled_text(name, report)?;
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, value)| *value);
        if found.is_none() {
            let allowed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            report.shape_at(&self.pointer(name), (&Kind::Word(allowed)).into());
        }
        found
    }

    /// Removes and parses a text filter: a string, or an object of operators such as `{"$like": "a*"}`
    /// (docs/reference/orchestration-cluster.md §1.11).
    pub(crate) fn text_filter(&mut self, name: &str, report: &mut Report) -> Option<TextFilter> {
        if let Some(Value::String(_)) = self.map.get(name) {
            return self.text(name).map(TextFilter::equals);
        }
        if !self.is_given(name) {
            return None;
        }
        let mut operators = self.object(name);
        let like = operators.text("$like");
        Some(TextFilter {
            eq: operators.text("$eq"),
            neq: operators.text("$neq"),
            exists: operators.flag("$exists"),
            is_in: operators.alternatives("$in"),
            not_in: operators.alternatives("$notIn"),
            like: like.and_then(|pattern| report.take(&operators.pointer("$like"), LikePattern::parse(&pattern))),
        })
    }
}
