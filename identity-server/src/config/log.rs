//! Logging settings (section `log`).

use tracing_subscriber::EnvFilter;

use super::choices::LogFormat;
use super::reader::Reader;

/// Logging settings (section `log`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Validated directives of `tracing_subscriber::EnvFilter`, such as `info,identity_core=debug` (default: `info`).
    pub level: String,
    /// Output format of the log on standard error (default: text).
    pub format: LogFormat,
}

impl Log {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let level = from.get("level", level);
        let format = from.choice("format", &LogFormat::WORDS);
        Some(Self { level: level?, format: format? })
    }
}

/// Parses a log level or filter. The levels `all` and `fatal` of the replaced service are accepted
/// (docs/reference/management-api.md §7.6).
fn level(text: &str) -> Result<String, &'static str> {
    let text = match text.to_ascii_lowercase().as_str() {
        "all" => "trace".to_owned(),
        "fatal" => "error".to_owned(),
        _ => text.to_owned(),
    };
    // The filter would interpret a misspelled level as a target name, and suppress all other output.
    let misspelt = text.split(',').any(|part| {
        !part.contains(['=', '[', ':'])
            && !["off", "error", "warn", "info", "debug", "trace"].contains(&&*part.trim().to_ascii_lowercase())
    });
    match EnvFilter::try_new(&text) {
        Ok(_) if !misspelt => Ok(text),
        _ => Err("must be `off`, `error`, `warn`, `info`, `debug` or `trace`, or directives such as \
             `info,identity_core=debug`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_levels() {
        for text in ["info", "INFO", "warn,identity_core=debug", "off", "identity_http::api=trace"] {
            assert_eq!(level(text), Ok(text.to_owned()));
        }
        assert_eq!(level("ALL"), Ok("trace".to_owned()));
        assert_eq!(level("FATAL"), Ok("error".to_owned()));
        for text in ["", "loud", "info,loud", "a=loud"] {
            assert!(level(text).is_err(), "{text:?}");
        }
    }
}
