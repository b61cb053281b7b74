//! Values built from files, such as keys, which are rebuilt when the files change.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use identity_core::port::Clock;
use tracing::{info, warn};

use crate::telemetry::Warning;

/// Maximum size of a key or certificate file in bytes.
const MAX_FILE: u64 = 1024 * 1024;

type Make<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync>;

/// A value built from the contents of files. The files are read on each use: they are small, and only their contents
/// reliably show a change. If they cannot be read or used, the last good value stays in use.
pub(crate) struct Reloaded<T> {
    files: Vec<PathBuf>,
    make: Make<T>,
    current: Mutex<Current<T>>,
    warning: Warning,
    clock: Arc<dyn Clock>,
}

struct Current<T> {
    /// SHA-256 digest of the file contents; the contents themselves are not stored.
    digest: Vec<u8>,
    value: Arc<T>,
}

impl<T: Send + Sync + 'static> Reloaded<T> {
    /// Reads the files for the first time. Unlike later reads, this one fails if they cannot be read or used.
    pub(crate) fn new(
        files: Vec<PathBuf>,
        clock: Arc<dyn Clock>,
        make: impl Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let contents = read(&files)?;
        let current = Current { digest: digest(&contents), value: Arc::new(make(&contents)?) };
        Ok(Self { files, make: Box::new(make), current: Mutex::new(current), warning: Warning::default(), clock })
    }

    /// Returns the value for the current file contents, or the last good value if they are unusable.
    pub(crate) async fn get(self: &Arc<Self>) -> Arc<T> {
        let this = Arc::clone(self);
        // Runs on a blocking thread, as the file system may be slow. The task fails only if the runtime shuts down.
        let fresh = tokio::task::spawn_blocking(move || this.reload()).await;
        fresh.unwrap_or_else(|_| Arc::clone(&self.lock().value))
    }

    pub(crate) fn reload(&self) -> Arc<T> {
        let made = read(&self.files).and_then(|contents| {
            let digest = digest(&contents);
            if self.lock().digest == digest {
                return Ok(None);
            }
            (self.make)(&contents).map(|value| Some(Current { digest, value: Arc::new(value) }))
        });
        let mut current = self.lock();
        match made {
            Ok(None) => {}
            Ok(Some(fresh)) => {
                info!(files = ?self.files, "reloaded changed files");
                *current = fresh;
            }
            Err(reason) if self.warning.is_due(self.clock.now()) => {
                warn!(files = ?self.files, reason, "changed files cannot be used; their previous contents remain in use");
            }
            Err(_) => {}
        }
        Arc::clone(&current.value)
    }

    fn lock(&self) -> MutexGuard<'_, Current<T>> {
        // No code panics while it holds the lock; after a panic, the value would still be consistent.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    let read = |path: &PathBuf| {
        let named = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let mut content = Vec::new();
        let file = File::open(path).map_err(|error| named(&error))?;
        file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(|error| named(&error))?;
        if content.len() as u64 > MAX_FILE {
            return Err(named(&format_args!("must not be longer than {MAX_FILE} bytes")));
        }
        Ok(content)
    };
    files.iter().map(read).collect()
}

fn digest(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for content in contents {
        context.update(&content.len().to_be_bytes());
        context.update(content);
    }
    context.finish().as_ref().to_vec()
}
