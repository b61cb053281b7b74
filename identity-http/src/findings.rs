//! Findings: violated rules of a request, collected while its parts are parsed, and reported together.

use identity_core::value::{BrokenRule, InvalidValue};

use crate::problem::Problem;
use crate::shape;

/// One violated rule of a request.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// JSON pointer to the member (RFC 6901). `None` for parameters of the path and the query.
    pub(crate) pointer: Option<String>,
    /// Name of the member or the parameter.
    pub(crate) field: &'static str,
    /// The violated rule, to follow the name.
    pub(crate) rule: String,
}

/// All violated rules of a request.
pub(crate) struct Findings {
    /// Pointer to the object that is being parsed. `None` for parameters of the path and the query.
    object: Option<String>,
    found: Vec<Finding>,
}

impl Findings {
    /// Findings about the members of the body.
    pub(crate) fn of_body() -> Self {
        Self::of_object(String::new())
    }

    /// Findings about the members of the object at a pointer.
    pub(crate) fn of_object(pointer: String) -> Self {
        Self { object: Some(pointer), found: Vec::new() }
    }

    /// Findings about parameters of the path and the query.
    pub(crate) fn of_parameters() -> Self {
        Self { object: None, found: Vec::new() }
    }

    /// Returns the value, or records the violated rule.
    pub(crate) fn take<T>(&mut self, field: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        self.within(field, |findings| findings.here(field, value))
    }

    /// Returns the value of the current part of the object, or records that `field` violates a rule.
    pub(crate) fn here<T>(&mut self, field: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|InvalidValue { rule, .. }| self.refuse(field, rule.to_string())).ok()
    }

    /// Like [`Self::take`], for a parameter of the path or the query.
    pub(crate) fn parameter<T>(&mut self, name: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        let record = |InvalidValue { rule, .. }| {
            self.found.push(Finding { pointer: None, field: name, rule: rule.to_string() });
        };
        value.map_err(record).ok()
    }

    /// Returns all values of a list, or records the first violated rule.
    pub(crate) fn all<T>(
        &mut self,
        field: &'static str,
        values: impl IntoIterator<Item = Result<T, InvalidValue>>,
    ) -> Option<Vec<T>> {
        let mut all = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            match value {
                Ok(value) => all.push(value),
                Err(InvalidValue { rule, .. }) => {
                    self.within(field, |findings| findings.record(&index.to_string(), field, rule));
                    return None;
                }
            }
        }
        Some(all)
    }

    /// Records a violated rule of a member.
    pub(crate) fn note(&mut self, field: &'static str, rule: BrokenRule) {
        self.record(field, field, rule);
    }

    /// Parses a part of the object: a member, or an item of a list.
    pub(crate) fn within<T>(&mut self, name: &str, parse: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.object.as_ref().map(String::len);
        if let Some(pointer) = &mut self.object {
            shape::push(pointer, name);
        }
        let parsed = parse(self);
        if let (Some(pointer), Some(length)) = (&mut self.object, length) {
            pointer.truncate(length);
        }
        parsed
    }

    fn record(&mut self, name: &str, field: &'static str, rule: BrokenRule) {
        self.within(name, |findings| findings.refuse(field, rule.to_string()));
    }

    /// Records that the current part of the object violates a rule.
    pub(crate) fn refuse(&mut self, field: &'static str, rule: String) {
        self.found.push(Finding { pointer: self.object.clone(), field, rule });
    }

    pub(crate) fn into_all(self) -> Vec<Finding> {
        self.found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Problem that reports all findings.
    pub(crate) fn problem(&self) -> Problem {
        let detail: Vec<String> =
            self.found.iter().map(|finding| format!("{} {}.", finding.field, finding.rule)).collect();
        let pointed = |finding: &Finding| finding.pointer.clone().map(|pointer| (pointer, finding.rule.clone()));
        Problem::bad_request("invalid", detail.join(" "))
            .codes(self.found.iter().map(|finding| format!("{}.invalid", finding.field)))
            .pointing_at(self.found.iter().filter_map(pointed))
    }
}

/// Validates a single value of a path or query.
pub(crate) fn one<T>(field: &'static str, value: Result<T, InvalidValue>) -> Result<T, Problem> {
    let mut findings = Findings::of_parameters();
    findings.take(field, value).ok_or_else(|| findings.problem())
}
