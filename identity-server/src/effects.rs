//! Adapters for the system clock and random ids. No other module reads them directly.

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

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "these are the ids")]
    fn fresh(&self) -> String {
        // Each request has an id. This generator works in user space; the one of `uuid` makes a system call.
        let mut bytes = [0; 16];
        let id =
            rand::fill(&mut bytes).map_or_else(|_| Uuid::new_v4(), |()| Builder::from_random_bytes(bytes).into_uuid());
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_and_never_the_same() {
        let (one, other) = (RandomIds.fresh(), RandomIds.fresh());
        assert!(Uuid::parse_str(&one).is_ok_and(|id| id.get_version_num() == 4));
        assert_ne!(one, other);
    }
}
