//! How long the audit log is kept.

use std::time::Duration;

use super::reader::Reader;

/// How long the audit log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The greatest age of an entry.
    pub max_age: Duration,
    /// The greatest number of entries.
    pub max_entries: u64,
}

impl Audit {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let (from, hour) = (from.section("retention"), Duration::from_secs(3600));
        let max_age = from.duration("max-age", hour..=hour * 24 * 36_500);
        let max_entries = from.number("max-entries", 1000..=1_000_000_000_000);
        Some(Self { max_age: max_age?, max_entries: max_entries? })
    }
}
