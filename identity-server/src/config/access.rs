//! Decisions as a service.

use std::num::NonZeroU32;

use super::reader::Reader;

/// Decisions as a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// How many questions a caller may ask; `None` for as many as they like.
    pub questions_per_second: Option<NonZeroU32>,
    /// How many callers' last tokens are remembered.
    pub recent_callers: usize,
    /// Whether the claims of those tokens are kept, and not only their names.
    pub keep_claims: bool,
}

impl Access {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let questions_per_second = from.number::<u32>("questions-per-second", 0..=1_000_000);
        let recent_callers = from.number("recent-callers", 0..=100_000);
        let keep_claims = from.flag("keep-claims");
        Some(Self {
            questions_per_second: NonZeroU32::new(questions_per_second?),
            recent_callers: recent_callers?,
            keep_claims: keep_claims?,
        })
    }
}
