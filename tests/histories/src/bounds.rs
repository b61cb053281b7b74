//! Time bounds against which a history is checked, as published in `docs/operations.md`.

use std::time::Duration;

/// `consistency.max-age` of the replicas under test: the smallest configurable value.
pub const MAX_AGE: Duration = Duration::from_secs(10);

/// Age of the data from which a replica queries the store before it answers, also after it was suspended. While the
/// store is reachable, no answer is based on older data.
pub const CONFIRMED: Duration = Duration::from_secs(3);

/// Upper bound for the duration of a read: 2 s to wait for a revision, 5 s for a connection, 5 s for the store's
/// response, and 2 s of tolerance for a busy machine.
pub const READ: Duration = Duration::from_secs(14);

/// Upper bound for the duration of a write: 5 s in the queue, 5 s for a connection, 10 s for the write lock, 5 s for
/// each of two responses of the store, and 2 s of tolerance for a busy machine.
pub const WRITE: Duration = Duration::from_secs(32);

/// Upper bound for the time from the end of a fault until every replica is ready and has accepted a write.
pub const RECOVERY: Duration = Duration::from_secs(30);

/// Time after recovery during which a store query that started during the fault may still be in progress.
pub const SETTLING: Duration = Duration::from_secs(5);
