//! Token buckets by key, in bounded memory. Times are of [`Clock::monotonic`](crate::port::Clock::monotonic): a time of day that is
//! set back or forth fills and empties no bucket.

use std::collections::HashMap;
use std::time::Duration;

/// How a bucket is.
pub(super) struct Rule {
    /// How many can be taken at once.
    pub(super) size: u32,
    /// Time until there is one more.
    pub(super) refill: Duration,
}

/// Times by key, of which only those in the future mean something.
pub(super) struct Expiring {
    pub(super) until: HashMap<u64, Duration>,
    capacity: usize,
}

/// As token buckets: the time at which a bucket will be full again says how empty it is.
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

    /// Time until so many can be taken; zero when they can be.
    pub(super) fn wait(&self, key: u64, rule: &Rule, taken: u32, now: Duration) -> Duration {
        (self.full_at(key, rule, now) + rule.refill * taken).saturating_sub(now + rule.refill * rule.size)
    }

    pub(super) fn put(&mut self, key: u64, until: Duration, now: Duration) {
        if until <= now {
            self.until.remove(&key);
            return;
        }
        if self.until.len() >= self.capacity && !self.until.contains_key(&key) {
            // A scan costs far less than the hash that whoever makes it necessary waits for.
            self.until.retain(|_, until| *until > now);
            let first = self.until.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            if let Some(first) = first.filter(|_| self.until.len() >= self.capacity) {
                self.until.remove(&first);
            }
        }
        self.until.insert(key, until);
    }
}
