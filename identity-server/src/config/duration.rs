//! Durations such as `60s`, `5m`, `1h30m` and `500ms`, and ISO 8601 forms such as `PT60S` and `PT1M30S`.

use std::time::Duration;

/// Parses a duration; `None` if the text has another form. Each number needs a unit: `ms`, `s`, `m` or `h`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.to_ascii_uppercase();
    let mut rest = text.strip_prefix("PT").unwrap_or(&text);
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (digits, tail) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
        let count: u64 = digits.parse().ok()?;
        let (unit, tail) = tail.split_at_checked(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()))?;
        let milliseconds: u64 = match unit {
            "MS" => 1,
            "S" => 1_000,
            "M" => 60_000,
            "H" => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(count.checked_mul(milliseconds)?))?;
        rest = tail;
    }
    Some(total)
}

/// Formats a number of seconds in the largest unit without a fraction, such as `90s`, `5m` and `720h`.
pub(super) fn shown(seconds: u64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_formats_durations() {
        for (text, milliseconds) in [
            ("60s", 60_000),
            ("60S", 60_000),
            ("PT60S", 60_000),
            ("5m", 300_000),
            ("PT1M30S", 90_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for (seconds, text) in [(0, "0s"), (59, "59s"), (60, "1m"), (90, "90s"), (3600, "1h"), (5400, "90m")] {
            assert_eq!(shown(seconds), text);
        }
        for text in ["", "60", "s", "PT", "-1s", "1.5s", "1 s", "1d", "60s5", "99999999999999999999s", "1ü"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
