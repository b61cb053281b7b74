//! Times as text: RFC 3339 in UTC with six decimals, so that they sort as they pass.

use identity_core::entity::to_microsecond;
use identity_core::port::StoreError;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

const FORMAT: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A time beyond the years that UTC can tell becomes a text that nothing reads back.
pub(crate) fn to_text(time: OffsetDateTime) -> String {
    let utc = time.checked_to_offset(UtcOffset::UTC).map(to_microsecond);
    utc.and_then(|utc| utc.format(FORMAT).ok()).unwrap_or_default()
}

pub(crate) fn parse(table: &str, key: impl std::fmt::Display, text: &str) -> Result<OffsetDateTime, StoreError> {
    PrimitiveDateTime::parse(text, FORMAT)
        .map(PrimitiveDateTime::assume_utc)
        .map_err(|error| StoreError::unreadable(table, key, error))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

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
        let texts = times.map(to_text);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts.clone().map(|text| parse("t", 1, &text).unwrap()), times);
        assert_eq!(to_text(datetime!(2026-03-01 00:00:00.123_456_789 UTC)), "2026-03-01T00:00:00.123456Z");
    }
}
