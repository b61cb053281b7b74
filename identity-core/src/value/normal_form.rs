//! Normal form of stored times and texts, so that audit log, sessions and cursors behave equally in every store.

use std::borrow::Cow;

use time::format_description::StaticFormatDescription;
use time::macros::{datetime, format_description};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Earliest and latest stored time: years have four digits.
const FIRST: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999 UTC);
const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Converts a time to the form in which stores keep it: UTC, truncated to microseconds, clamped to the years 1 to 9999.
#[must_use]
pub fn to_microsecond(time: OffsetDateTime) -> OffsetDateTime {
    let utc = time.clamp(FIRST, LAST).to_offset(UtcOffset::UTC);
    utc.replace_nanosecond(utc.nanosecond() / 1_000 * 1_000).unwrap_or(utc)
}

/// Formats a time as RFC 3339 in UTC with six decimals, such as `2026-03-01T00:00:00.123456Z`. The texts sort in
/// chronological order.
#[must_use]
pub fn time_text(time: OffsetDateTime) -> String {
    to_microsecond(time).format(TIME).unwrap_or_default()
}

/// Parses the output of [`time_text`]. `None` for any other text, even if it is valid RFC 3339.
#[must_use]
pub fn parse_time(text: &str) -> Option<OffsetDateTime> {
    let time = PrimitiveDateTime::parse(text, TIME).ok()?.assume_utc();
    (time_text(time) == text).then_some(time)
}

/// Replaces U+0000 by U+FFFD, because PostgreSQL cannot store U+0000 in text.
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_order_and_their_microseconds() {
        let times = [
            datetime!(0001-01-01 00:00:00 UTC),
            datetime!(2026-03-01 00:59:59.999_999 +1),
            datetime!(2026-03-01 00:00:00 UTC),
            datetime!(2026-03-01 00:00:00.000_001 UTC),
            datetime!(9999-12-31 23:59:59.999_999 UTC),
        ];
        let texts = times.map(time_text);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts.each_ref().map(|text| parse_time(text).unwrap()), times);
        assert_eq!(time_text(datetime!(2026-03-01 00:00:00.123_456_789 UTC)), "2026-03-01T00:00:00.123456Z");
        assert_eq!(time_text(datetime!(9999-12-31 23:59:59 -1)), "9999-12-31T23:59:59.999999Z");
        assert_eq!(time_text(datetime!(0001-01-01 00:00:00 +1)), "0001-01-01T00:00:00.000000Z");
        for other in ["2026-03-01T00:00:00Z", "0000-03-01T00:00:00.000000Z", "+2026-03-01T00:00:00.000000Z", ""] {
            assert_eq!(parse_time(other), None, "{other}");
        }
    }
}
