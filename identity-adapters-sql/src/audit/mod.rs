//! The audit log: SQL statements, and a rate limit for writes.

mod rate_limit;
mod search;

pub use rate_limit::{AuditPace, append_in_time};
pub use search::{Dialect, Search, count, page};

/// Statement that deletes the oldest entries. Parameter 1 is the time before which entries are deleted, 2 the number of
/// entries to keep, 3 the maximum number to delete. The newest entry stays.
pub const PRUNE: &str = "DELETE FROM audit_log WHERE audit_key IN (\
    SELECT audit_key FROM (SELECT audit_key, occurred_at FROM audit_log ORDER BY audit_key LIMIT $3) AS oldest \
    WHERE audit_key < (SELECT max(audit_key) FROM audit_log) \
    AND (occurred_at < $1 OR audit_key <= (SELECT max(audit_key) FROM audit_log) - $2))";
/// Statement that returns the number of entries, computed from the smallest and the largest key. The result is an upper
/// bound, because keys may have gaps.
pub const SIZE: &str = "SELECT COALESCE(max(audit_key) - min(audit_key) + 1, 0) FROM audit_log";
