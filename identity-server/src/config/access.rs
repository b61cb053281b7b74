//! Settings of the decision API (section `access`).

use std::num::NonZeroU32;

use super::reader::Reader;

/// Settings of the decision API: its rate limit, and its record of recent callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Rate limit in decisions per second, per caller and replica (default: 20,000); `None` disables it.
    pub questions_per_second: Option<NonZeroU32>,
    /// Maximum number of recent callers whose last tokens are kept in memory, for inspection (default: 1000).
    pub recent_callers: usize,
    /// Whether the claim values of these tokens are kept in addition to the claim names (default: false).
    pub keep_claims: bool,
}

impl Access {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let questions_per_second = from.number("questions-per-second");
        let recent_callers = from.number("recent-callers");
        let keep_claims = from.flag("keep-claims");
        Some(Self {
            questions_per_second: NonZeroU32::new(questions_per_second?),
            recent_callers: recent_callers?,
            keep_claims: keep_claims?,
        })
    }
}
