//! Reads the database password from a file that may change while the server runs.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use identity_core::value::Secret;

use crate::settings::{PasswordFile, PostgresSettings};

/// Minimum interval between reads of the file.
const INTERVAL: Duration = Duration::from_secs(1);

/// Password file that is read again when a connection is acquired, at most once per [`INTERVAL`].
#[derive(Debug)]
pub(crate) struct Watched {
    file: PasswordFile,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    read: Option<Instant>,
    password: Option<Secret>,
}

impl Watched {
    pub(crate) fn new(file: PasswordFile, password: Option<Secret>) -> Self {
        Self { file, state: Mutex::new(State { read: None, password }) }
    }

    /// Returns the new password if it changed since the last read. Returns `None` if it is unchanged, if the last read
    /// was less than [`INTERVAL`] ago, or if the file is unreadable or empty.
    pub(crate) fn changed(&self) -> Option<Secret> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.read.is_some_and(|read| read.elapsed() < INTERVAL) {
            return None;
        }
        state.read = Some(Instant::now());
        let password = self.file.read().filter(|new| state.password.as_ref() != Some(new))?;
        state.password = Some(password.clone());
        Some(password)
    }
}

impl PasswordFile {
    fn read(&self) -> Option<Secret> {
        let (Self::Password(path) | Self::Url(path)) = self;
        let text = text(path)?;
        match self {
            Self::Password(_) => Some(text),
            Self::Url(_) => PostgresSettings::from_url(&text).ok()?.password,
        }
    }
}

/// Reads the text of a file, without one trailing line break. `None` if the file is unreadable or blank.
fn text(path: &Path) -> Option<Secret> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.strip_suffix('\n').map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text));
    (!text.trim().is_empty()).then(|| Secret::new(text.to_owned()))
}
