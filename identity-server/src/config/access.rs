//! Settings of the decision API.

use std::num::NonZeroU32;

use super::reader::Reader;

/// Settings of the decision API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Rate limit per caller, in evaluations per second; `None` disables it.
    pub questions_per_second: Option<NonZeroU32>,
    /// Maximum number of recent callers whose latest tokens are kept in memory.
    pub recent_callers: usize,
    /// Whether the values of the tokens' claims are kept, rather than only the names of the claims.
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
