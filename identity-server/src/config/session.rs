//! Settings of browser sessions (section `session`).

use std::time::Duration;

use identity_core::value::Secret;

use super::reader::Reader;
use identity_adapters_system::SealingKey;

/// Timeouts, limits and encryption keys of browser sessions (section `session`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Idle timeout of a session (default: 30 minutes). Not longer than `longest`.
    pub idle: Duration,
    /// Maximum lifetime of a session (default: 12 hours).
    pub longest: Duration,
    /// Maximum number of sessions per user (default: 50).
    pub most_per_user: usize,
    /// Key that encrypts the stored tokens of sessions: 32 bytes in base64.
    pub key: Option<Secret>,
    /// Previous encryption key, which only decrypts, so that a key change ends no session.
    pub previous_key: Option<Secret>,
}

impl Session {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let idle = from.duration("idle-timeout");
        let longest = from.duration("absolute-timeout");
        if let (Some(idle), Some(longest)) = (idle, longest)
            && idle > longest
        {
            from.problem("idle-timeout", "must not be longer than `session.absolute-timeout`");
        }
        let most_per_user = from.number("max-per-user");
        let key = |name: &str| {
            let key = from.secret(name);
            if key.as_ref().is_some_and(|key| SealingKey::parse(key).is_none()) {
                from.problem(name, "must be 32 random bytes in base64, as `openssl rand -base64 32` prints them");
            }
            key
        };
        let (key, previous_key) = (key("encryption-key"), key("previous-encryption-key"));
        if key.is_none() && previous_key.is_some() {
            from.problem("encryption-key", "is required with `session.previous-encryption-key`");
        }
        Some(Self { idle: idle?, longest: longest?, most_per_user: most_per_user?, key, previous_key })
    }
}
