//! Times in JSON. Requests accept ISO 8601. Responses contain RFC 3339 in UTC with six fractional digits, so that their
//! lexicographic order is their chronological order. The stores keep microseconds.

use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, OffsetPrecision, TimePrecision};

const MICROSECONDS: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second { decimal_digits: std::num::NonZero::new(6) })
    .set_offset_precision(OffsetPrecision::Minute)
    .encode();

/// Parses an ISO 8601 time. The offset is required; seconds and fractions are optional: `2026-01-31T12:00Z`.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Iso8601::PARSING).ok()
}

/// Formats a time in UTC, such as `2026-01-31T12:00:00.000000Z`.
pub(crate) fn format(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(&Iso8601::<MICROSECONDS>).unwrap_or_default()
}

/// Serializes a time as a string in the form of [`format()`].
pub(crate) fn serialize<S: serde::Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*at))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn reads_times_with_and_without_seconds() {
        let at = datetime!(2020-01-01 00:00 UTC);
        for text in ["2020-01-01T00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z", "2020-01-01T01:00+01:00"]
        {
            assert_eq!(parse(text), Some(at), "{text}");
        }
        for text in ["", "2020-01-01", "2020-01-01T00:00", "yesterday", "2020-13-01T00:00Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_texts_is_the_order_of_times() {
        let times = [
            datetime!(2026-01-31 12:00 UTC),
            datetime!(2026-01-31 12:00:00.000001 UTC),
            datetime!(2026-01-31 12:00:00.1 UTC),
        ];
        let texts = times.map(format);
        assert_eq!(texts[0], "2026-01-31T12:00:00.000000Z");
        assert!(texts.is_sorted());
        assert_eq!(texts.map(|text| parse(&text)), times.map(Some));
    }
}
