//! What is wrong with a configuration. Messages never hold a value: it may be a secret, or in the place of one.

use std::cell::RefCell;
use std::fmt;

use super::tree::Origin;

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key it is about; empty when it is about a source as a whole.
    pub path: String,
    /// Where its value came from, if it has one.
    pub origin: Option<Origin>,
    /// What is wrong, to be read after the key: `must be a whole number`.
    pub message: String,
}

/// Where problems are collected.
#[derive(Default)]
pub(super) struct Collector {
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<String>>,
}

impl Collector {
    /// Takes note of a problem.
    pub(super) fn add(&self, path: impl Into<String>, origin: Option<&Origin>, message: impl Into<String>) {
        // What nobody wrote has no place to point at.
        let origin = origin.filter(|origin| !matches!(origin, Origin::Default)).cloned();
        self.problems.borrow_mut().push(Problem { path: path.into(), origin, message: message.into() });
    }

    /// Takes note of what is no problem, and what the user should know.
    pub(super) fn warn(&self, warning: impl Into<String>) {
        self.warnings.borrow_mut().push(warning.into());
    }

    /// The warnings since the last call.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// The problems that were collected, if any.
    pub(super) fn problems(self) -> Option<Problems> {
        let problems = self.problems.into_inner();
        (!problems.is_empty()).then_some(Problems(problems))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.origin, self.path.as_str()) {
            (Some(origin), "") => write!(f, "{origin}: {}", self.message),
            (Some(origin), path) => write!(f, "{origin}: `{path}` {}", self.message),
            (None, "") => f.write_str(&self.message),
            (None, path) => write!(f, "`{path}` {}", self.message),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        writeln!(f, "the configuration has {count} problem{}:", if count == 1 { "" } else { "s" })?;
        for problem in &self.0 {
            writeln!(f, "  - {problem}")?;
        }
        f.write_str("check it again with `identity-server check-config`; every key is in docs/configuration.md")
    }
}
