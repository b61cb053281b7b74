//! Adapters for the system clock and random ids. No other module reads them directly.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use identity_core::port::{Clock, Ids};
use time::OffsetDateTime;
use uuid::{Builder, Uuid};

/// Clock that reads the wall-clock and monotonic time of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// Generator of random UUIDs, version 4 (RFC 9562 §5.4).
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

/// Number of random bytes that a thread draws at once. Each request has an id, and drawing is expensive.
const DRAWN: usize = 2048;

thread_local! {
    /// Random bytes that no id has used yet.
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes 16 random bytes. `None` if the system has no random bytes.
fn drawn() -> Option<[u8; 16]> {
    BYTES.with_borrow_mut(|bytes| {
        if bytes.is_empty() {
            bytes.resize(DRAWN, 0);
            if rand::fill(bytes).is_err() {
                bytes.clear();
            }
        }
        let id = *bytes.last_chunk()?;
        bytes.truncate(bytes.len() - id.len());
        Some(id)
    })
}

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "these are the ids")]
    fn fresh(&self) -> String {
        drawn().map_or_else(Uuid::new_v4, |bytes| Builder::from_random_bytes(bytes).into_uuid()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_uuids_and_never_the_same() {
        let ids: BTreeSet<String> = (0..4 * DRAWN).map(|_| RandomIds.fresh()).collect();
        assert_eq!(ids.len(), 4 * DRAWN);
        assert!(ids.iter().all(|id| Uuid::parse_str(id).is_ok_and(|id| id.get_version_num() == 4)));
    }
}
