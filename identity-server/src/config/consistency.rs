//! Maximum age of the data that decisions use (section `consistency`).

use std::time::Duration;

use super::reader::Reader;

/// Maximum age of the data that decisions use (section `consistency`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// Maximum time since the store confirmed the data (default: 60 s); `None` allows any age.
    pub max_age: Option<Duration>,
}

impl Consistency {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        Some(Self { max_age: from.duration_or_off("max-age")? })
    }
}
