//! Retention of the audit log (section `audit.retention`).

use std::time::Duration;

use super::reader::Reader;

/// Retention of the audit log (section `audit.retention`). Older or excess entries are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Maximum age of an entry (default: one year).
    pub max_age: Duration,
    /// Maximum number of entries (default: 5 million). The oldest entries are removed first.
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
