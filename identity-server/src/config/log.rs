//! What is logged, and how.

use tracing_subscriber::EnvFilter;

use super::reader::Reader;

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Directives of `tracing_subscriber::EnvFilter`, which have been checked.
    pub level: String,
    /// How it is written.
    pub format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Log {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let level = from.get("level", level);
        let format = from.choice("format", |word| match word {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        Some(Self { level: level?, format: format? })
    }
}

/// The replaced service has two levels more (management reference §7.6).
fn level(text: &str) -> Result<String, &'static str> {
    let text = match text.to_ascii_lowercase().as_str() {
        "all" => "trace".to_owned(),
        "fatal" => "error".to_owned(),
        _ => text.to_owned(),
    };
    // A word that is no level is a target of that name to the filter, and would silence everything else.
    let misspelt = text.split(',').any(|part| {
        !part.contains(['=', '[', ':'])
            && !["off", "error", "warn", "info", "debug", "trace"].contains(&&*part.trim().to_ascii_lowercase())
    });
    match EnvFilter::try_new(&text) {
        Ok(_) if !misspelt => Ok(text),
        _ => Err(
            "must be `off`, `error`, `warn`, `info`, `debug` or `trace`, or directives such as `info,identity_core=debug`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
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
