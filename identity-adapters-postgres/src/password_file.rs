//! A password that is in a file, and may change there.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use identity_core::value::Secret;

use crate::settings::PostgresSettings;

/// The file that holds the role's password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordFile {
    /// The password alone.
    Password(PathBuf),
    /// A connection URL, of which only the password may change.
    Url(PathBuf),
}

/// How long a password counts before the file is read again.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads the file again now and then.
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

    /// The password, if it is another one than before. A file that cannot be read, or is empty, changes nothing.
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

/// The file's text less one line break at its end.
fn text(path: &Path) -> Option<Secret> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.strip_suffix('\n').map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text));
    (!text.trim().is_empty()).then(|| Secret::new(text.to_owned()))
}
