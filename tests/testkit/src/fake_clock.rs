//! Adjustable wall clock for a child process. The monotonic clock of the process is unchanged.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Launch, skip_without};

const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// Wall clock of the processes that are launched with it.
pub struct FakeClock {
    library: PathBuf,
    directory: TempDir,
}

impl FakeClock {
    /// Creates a clock with the machine's time. [Skips](crate::skip()) the test when `libfaketime` is not installed.
    #[must_use]
    pub fn new() -> Option<Self> {
        let Some(library) = library() else {
            skip_without("FAKETIME", "there is no libfaketime to change the time of day: install the distribution's");
            return None;
        };
        let clock = Self { library, directory: TempDir::new().expect("a directory") };
        clock.set(0);
        Some(clock)
    }

    /// Sets the clock to the machine's time plus `offset` seconds. Processes see the change within one second.
    pub fn set(&self, offset: i64) {
        // The rename is atomic, so no process reads a partial file.
        let next = self.directory.path().join("next");
        std::fs::write(&next, format!("{offset:+}\n")).expect("a writable directory");
        std::fs::rename(next, self.file()).expect("a writable directory");
    }

    /// Returns the launch with this clock as its wall clock.
    #[must_use]
    pub fn of(&self, launch: Launch) -> Launch {
        launch
            .env("LD_PRELOAD", self.library.to_string_lossy())
            .env("FAKETIME_TIMESTAMP_FILE", self.file().to_string_lossy())
            .env("FAKETIME_CACHE_DURATION", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("offset")
    }
}

fn library() -> Option<PathBuf> {
    let machines = std::fs::read_dir(LIBRARIES).ok()?;
    let libraries = machines.filter_map(|machine| Some(machine.ok()?.path().join(LIBRARY)));
    libraries.into_iter().find(|library: &PathBuf| Path::exists(library))
}
