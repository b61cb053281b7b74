//! Query parameter `limit` of access reviews.

use crate::problem::Problem;

/// Default number of lines in a review.
const DEFAULT_LINES: usize = 10_000;
/// Maximum number of lines in a review.
const MAX_LINES: usize = 1_000_000;

/// Validates the parameter `limit`, and applies its default. Values out of range are a 400 problem.
pub(super) fn parse(given: Option<usize>) -> Result<usize, Problem> {
    let limit = given.unwrap_or(DEFAULT_LINES);
    if (1..=MAX_LINES).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::bad_request("invalid", "`limit` must be between 1 and 1000000."))
    }
}
