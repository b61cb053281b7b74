//! How long browsers stay signed in, and how what is kept of them is hidden.

use std::time::Duration;

use identity_core::value::Secret;

use super::reader::Reader;
use crate::crypto::SealingKey;

/// How long browsers stay signed in, and how what is kept of them is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// How long without activity.
    pub idle: Duration,
    /// How long at most.
    pub longest: Duration,
    /// How many sessions one user has at most.
    pub most_per_user: usize,
    /// What tokens are sealed with.
    pub key: Option<Secret>,
    /// What they were sealed with before.
    pub previous_key: Option<Secret>,
}

impl Session {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let (minute, month) = (Duration::from_secs(60), Duration::from_secs(30 * 86_400));
        let idle = from.duration("idle-timeout", minute..=month);
        let longest = from.duration("absolute-timeout", minute..=month);
        if let (Some(idle), Some(longest)) = (idle, longest)
            && idle > longest
        {
            from.problem("idle-timeout", "must not be longer than `session.absolute-timeout`");
        }
        let most_per_user = from.number("max-per-user", 1..=10_000);
        let key = |name: &str| {
            let key = from.secret(name);
            if key.as_ref().is_some_and(|key| SealingKey::parse(key).is_none()) {
                from.problem(name, "must be 32 random bytes in base64, as `openssl rand -base64 32` prints them");
            }
            key
        };
        let (key, previous_key) = (key("encryption-key"), key("previous-encryption-key"));
        if key.is_none() && previous_key.is_some() {
            from.problem("encryption-key", "is required beside `session.previous-encryption-key`");
        }
        Some(Self { idle: idle?, longest: longest?, most_per_user: most_per_user?, key, previous_key })
    }
}
