//! Problems of a configuration. Messages never contain a value: under a wrong key, any value may be a secret.

use std::cell::RefCell;
use std::fmt;

use super::tree::Origin;

/// All problems of a configuration, as the error of [`Sources::load`](super::Sources::load).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

/// A problem of the configuration: its key, the origin of the value, and a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Key with the problem; empty if the problem concerns a source as a whole.
    pub path: String,
    /// Origin of the value, if there is one.
    pub origin: Option<Origin>,
    /// Message to follow the key, such as `must be a whole number`.
    pub message: String,
}

/// Problem with a value or a section whose origin is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Key with the problem, such as `store.postgres.url`.
    pub path: String,
    /// Message to follow the key, such as `must be a directory`.
    pub message: String,
}

impl Finding {
    /// Creates a finding about the key `path`, with a message that follows the key.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Collects problems and warnings while a configuration is read.
#[derive(Default)]
pub(super) struct Collector {
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<String>>,
}

impl Collector {
    /// Records a problem with the key `path`. A value that comes from a default is reported without an origin.
    pub(super) fn add(&self, path: impl Into<String>, origin: Option<&Origin>, message: impl Into<String>) {
        // A default has no location to report.
        let origin = origin.filter(|origin| !matches!(origin, Origin::Default)).cloned();
        self.problems.borrow_mut().push(Problem { path: path.into(), origin, message: message.into() });
    }

    /// Records a warning for the log, which must be one line.
    pub(super) fn warn(&self, warning: impl Into<String>) {
        self.warnings.borrow_mut().push(warning.into());
    }

    /// Removes and returns the warnings recorded since the last call.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// Returns the recorded problems; `None` if there are none.
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
        f.write_str("validate it with `identity-server check-config`; all keys are described in docs/configuration.md")
    }
}
