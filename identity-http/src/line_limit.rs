//! Rate limit for log lines, so that frequent errors do not fill the disk.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PER_SECOND: u32 = 20;

/// Admits at most [`PER_SECOND`] log lines per second, and counts the suppressed ones.
pub(crate) struct LineLimit(Mutex<Option<Second>>);

struct Second {
    begun: Instant,
    lines: u32,
    suppressed: u64,
}

impl LineLimit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Admits or suppresses a line. Returns `None` if it is suppressed, otherwise the number of lines suppressed since
    /// the last admitted one.
    pub(crate) fn admit(&self, now: Instant) -> Option<u64> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = second.get_or_insert(Second { begun: now, lines: 0, suppressed: 0 });
        if now.saturating_duration_since(current.begun) >= Duration::from_secs(1) {
            (current.begun, current.lines) = (now, 0);
        }
        if current.lines == PER_SECOND {
            current.suppressed += 1;
            return None;
        }
        current.lines += 1;
        Some(std::mem::take(&mut current.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suppresses_and_counts_what_is_beyond_the_limit() {
        let (limit, begun) = (LineLimit::new(), Instant::now());
        let admitted = (0..100).filter(|_| limit.admit(begun) == Some(0)).count();
        assert_eq!(admitted, 20);
        assert_eq!(limit.admit(begun + Duration::from_millis(999)), None);
        assert_eq!(limit.admit(begun + Duration::from_secs(1)), Some(81));
        assert_eq!(limit.admit(begun + Duration::from_secs(1)), Some(0));
    }
}
