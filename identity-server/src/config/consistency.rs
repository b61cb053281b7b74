//! How old the data may be that decisions are made in.

use std::time::Duration;

use super::duration;
use super::reader::Reader;

/// How old the data may be that decisions are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The greatest age; without one, decisions are made however old the data is.
    pub max_age: Option<Duration>,
}

impl Consistency {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let (least, most) = (Duration::from_secs(10), Duration::from_secs(86_400));
        let max_age = from.get("max-age", |text| match duration::parse(text) {
            _ if text == "off" => Ok(None),
            Some(age) if (least..=most).contains(&age) => Ok(Some(age)),
            _ => Err("must be `off`, or a length of time from 10s to 24h"),
        });
        Some(Self { max_age: max_age? })
    }
}
