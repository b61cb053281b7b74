//! Validation of path parameters in `/v2`.

use identity_core::value::{AuthorizationKey, InvalidValue};

use super::fields::Report;
use crate::problem::Problem;

/// Maximum length of a numeric key, in characters.
const MAX_KEY: usize = 25;

/// Returns a validated path parameter, or a 400 problem that contains its name and the violated rule.
pub(crate) fn in_path<T>(name: &str, value: Result<T, InvalidValue>) -> Result<T, Problem> {
    let mut report = Report::default();
    let value = report.take(name, value);
    report.finish(value)
}

/// Parses a numeric key in a path (docs/reference/orchestration-cluster.md §2.1). A number out of range is not an
/// error, but matches no authorization.
pub(crate) fn key_in_path(name: &str, text: &str) -> Result<AuthorizationKey, Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let numeric = !digits.is_empty() && text.len() <= MAX_KEY && digits.bytes().all(|byte| byte.is_ascii_digit());
    let mut report = Report::default();
    if !numeric {
        report.shape(format!("`{name}` must be numeric."));
    }
    report.finish(numeric.then(|| AuthorizationKey(text.parse().unwrap_or(0))))
}
