//! Logging setup. Logs go to standard error; standard output is reserved for command output.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{Log, LogFormat};

/// Reason why logging could not be initialized at start-up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is not a valid filter directive.
    #[error("the log level must be a level or a list of filter directives")]
    Level(#[from] ParseError),
    /// Another global `tracing` subscriber is already set.
    #[error("logging is already initialized")]
    Twice(#[from] TryInitError),
}

/// Installs the global `tracing` subscriber, which writes to standard error.
///
/// # Errors
/// Returns an error if `log.level` cannot be parsed, or a global subscriber is already set.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(&log.level)?);
    match log.format {
        LogFormat::Text => {
            registry.with(layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr)).try_init()?;
        }
        LogFormat::Json => registry.with(layer().json().flatten_event(true).with_writer(io::stderr)).try_init()?,
    }
    Ok(())
}
