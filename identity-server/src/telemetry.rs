//! Log output. It goes to standard error; standard output belongs to the commands.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{Log, LogFormat};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The directives of `log.level` are none.
    #[error("the log level cannot be read")]
    Level(#[from] ParseError),
    /// Somebody else has set one up.
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
}

/// Sets up the process's log. Once.
///
/// # Errors
/// When the level is not one, or the log has been set up before.
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
