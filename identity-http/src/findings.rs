//! Collects all violated rules of a request while its members and parameters are parsed, and reports them in one
//! response.

use identity_core::value::{BrokenRule, InvalidValue};

use crate::problem::Problem;
use crate::rule::Rule;
use crate::shape;

/// A violated rule of one member or parameter of a request.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// JSON pointer (RFC 6901) to the member; `None` for a path or query parameter.
    pub(crate) pointer: Option<String>,
    /// Name of the member or parameter. The error code derives from it, such as `name.invalid`.
    pub(crate) field: &'static str,
    pub(crate) rule: Rule,
}

/// Collector of the violated rules of a request.
pub(crate) struct Findings {
    /// JSON pointer to the object that is currently parsed; `None` for path and query parameters.
    object: Option<String>,
    found: Vec<Finding>,
}

impl Findings {
    /// Creates a collector for the members of the request body.
    pub(crate) fn of_body() -> Self {
        Self::of_object(String::new())
    }

    /// Creates a collector for the members of the object at `pointer` in the body.
    pub(crate) fn of_object(pointer: String) -> Self {
        Self { object: Some(pointer), found: Vec::new() }
    }

    /// Creates a collector for path and query parameters. Its findings have no JSON pointer.
    pub(crate) fn of_parameters() -> Self {
        Self { object: None, found: Vec::new() }
    }

    /// Unwraps the parsed value of the member `field`. On error, records the violated rule and returns `None`.
    pub(crate) fn take<T>(&mut self, field: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        self.within(field, |findings| findings.here(field, value))
    }

    /// Like [`Self::take`], but the JSON pointer refers to the current part, as set by [`Self::within`], instead of to
    /// `field`.
    pub(crate) fn here<T>(&mut self, field: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|InvalidValue { rule, .. }| self.refuse(field, (&rule).into())).ok()
    }

    /// Like [`Self::take`], for a path or query parameter: the finding has no JSON pointer.
    pub(crate) fn parameter<T>(&mut self, name: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        let record = |InvalidValue { rule, .. }| {
            self.found.push(Finding { pointer: None, field: name, rule: (&rule).into() });
        };
        value.map_err(record).ok()
    }

    /// Unwraps all parsed items of the list `field`. At the first invalid item, records its rule and index and returns
    /// `None`.
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

    /// Records that the member `field` violates `rule`.
    pub(crate) fn note(&mut self, field: &'static str, rule: BrokenRule) {
        self.record(field, field, rule);
    }

    /// Runs `parse` with the JSON pointer extended by `name`: a member name or a list index.
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
        self.within(name, |findings| findings.refuse(field, (&rule).into()));
    }

    /// Records that the current part of the object violates a rule. `field` determines the error code.
    pub(crate) fn refuse(&mut self, field: &'static str, rule: Rule) {
        self.found.push(Finding { pointer: self.object.clone(), field, rule });
    }

    pub(crate) fn into_all(self) -> Vec<Finding> {
        self.found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Converts all findings to one 400 problem, with a code such as `name.invalid` and a JSON pointer for each.
    pub(crate) fn problem(&self) -> Problem {
        let detail: Vec<String> =
            self.found.iter().map(|finding| format!("{} {}.", finding.field, finding.rule.detail)).collect();
        let pointed = |finding: &Finding| finding.pointer.clone().map(|pointer| (pointer, finding.rule.clone()));
        Problem::bad_request("invalid", detail.join(" "))
            .codes(self.found.iter().map(|finding| format!("{}.invalid", finding.field)))
            .pointing_at(self.found.iter().filter_map(pointed))
    }
}

/// Validates a single path or query parameter. The error is a 400 problem.
pub(crate) fn one<T>(field: &'static str, value: Result<T, InvalidValue>) -> Result<T, Problem> {
    let mut findings = Findings::of_parameters();
    findings.take(field, value).ok_or_else(|| findings.problem())
}
