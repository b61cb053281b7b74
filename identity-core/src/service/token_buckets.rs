//! Token buckets by key, in bounded memory.
//!
//! Times come from [`Clock::monotonic`](crate::port::Clock::monotonic), so changes of the wall clock affect no bucket.

use std::collections::HashMap;
use std::time::Duration;

/// Capacity and refill rate of all buckets of one kind.
pub(super) struct Rule {
    /// Maximum number of tokens. A new bucket is full.
    pub(super) size: u32,
    /// Time after which one token is added.
    pub(super) refill: Duration,
}

/// Bounded map of hashed keys to expiry times. Expired entries have no effect and are evicted first.
pub(super) struct Expiring {
    pub(super) until: HashMap<u64, Duration>,
    capacity: usize,
}

/// Operations on token buckets. The stored time is the time at which a bucket is full again, from which its current
/// number of tokens follows.
impl Expiring {
    pub(super) fn new(capacity: usize) -> Self {
        Self { until: HashMap::new(), capacity }
    }

    pub(super) fn get(&self, key: u64) -> Option<Duration> {
        self.until.get(&key).copied()
    }

    pub(super) fn full_at(&self, key: u64, rule: &Rule, now: Duration) -> Duration {
        self.get(key).map_or(now, |full| full.clamp(now, now + rule.refill * rule.size))
    }

    /// Returns the time until `taken` tokens are available; zero if they are available now.
    pub(super) fn wait(&self, key: u64, rule: &Rule, taken: u32, now: Duration) -> Duration {
        (self.full_at(key, rule, now) + rule.refill * taken).saturating_sub(now + rule.refill * rule.size)
    }

    pub(super) fn put(&mut self, key: u64, until: Duration, now: Duration) {
        if until <= now {
            self.until.remove(&key);
            return;
        }
        if self.until.len() >= self.capacity && !self.until.contains_key(&key) {
            // This scans all entries. For sign-ins, that costs far less than the password hash that follows.
            self.until.retain(|_, until| *until > now);
            let first = self.until.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            if let Some(first) = first.filter(|_| self.until.len() >= self.capacity) {
                self.until.remove(&first);
            }
        }
        self.until.insert(key, until);
    }
}
