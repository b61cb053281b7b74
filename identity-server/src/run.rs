//! From a configuration to a running server.

use crate::config::Config;

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no server yet.
    #[error("not assembled yet")]
    NotAssembled,
}

/// Serves until it is told to stop.
///
/// # Errors
/// When the server cannot start.
pub fn serve(_config: Config) -> Result<(), RunError> {
    Err(RunError::NotAssembled)
}

/// As [`serve`], for trying things out on this machine.
///
/// # Errors
/// When the server cannot start.
pub fn dev(_config: Config) -> Result<(), RunError> {
    Err(RunError::NotAssembled)
}
