//! Retention of the audit log.

use std::time::Duration;

use super::reader::Reader;

/// Retention of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Maximum age of an entry.
    pub max_age: Duration,
    /// Maximum number of entries.
    pub max_entries: u64,
}

impl Audit {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let from = from.section("retention");
        let max_age = from.duration("max-age");
        let max_entries = from.number("max-entries");
        Some(Self { max_age: max_age?, max_entries: max_entries? })
    }
}
