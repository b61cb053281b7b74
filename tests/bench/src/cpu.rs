//! CPU time of groups of threads of this process.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// Threads of this process that were started during a call.
pub struct Threads(BTreeSet<u32>);

fn all() -> BTreeSet<u32> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.filter_map(|task| task.unwrap().file_name().to_str()?.parse().ok()).collect()
}

impl Threads {
    /// Runs `start` and returns the threads that exist afterwards and did not before.
    pub fn started_by<T>(start: impl FnOnce() -> T) -> (Self, T) {
        let before = all();
        let started = start();
        (Self(all().difference(&before).copied().collect()), started)
    }

    /// The CPU time that these threads have used. A thread that has ended counts as zero.
    #[must_use]
    pub fn used(&self) -> Duration {
        let of = |thread: &u32| {
            // The first field is the time on the CPU in nanoseconds.
            let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
        };
        Duration::from_nanos(self.0.iter().map(of).sum())
    }
}
