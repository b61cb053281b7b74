//! Rate limit for access requests, per caller.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::entity::Actor;
use crate::service::token_buckets::{Expiring, Rule};

/// Maximum number of callers with a bucket. Beyond it, the bucket that is closest to full is removed.
const CAPACITY: usize = 20_000;

/// A token bucket per caller. Its capacity is the number of evaluations per second. Each replica counts separately.
pub(super) struct RateLimit {
    seed: RandomState,
    rule: Option<Rule>,
    buckets: Mutex<Expiring>,
}

impl RateLimit {
    /// Creates a limit of `per_second` evaluations per caller; `None` means no limit.
    pub(super) fn new(per_second: Option<NonZeroU32>) -> Self {
        let rule = per_second
            .map(|per_second| Rule { size: per_second.get(), refill: Duration::from_secs(1) / per_second.get() });
        Self { seed: RandomState::new(), rule, buckets: Mutex::new(Expiring::new(CAPACITY)) }
    }

    /// Takes `questions` tokens, one per evaluation. A request for more than the capacity takes a full bucket.
    ///
    /// # Errors
    /// The time until enough tokens are available.
    pub(super) fn take(&self, actor: &Actor, questions: usize, now: Duration) -> Result<(), Duration> {
        let Some(rule) = &self.rule else { return Ok(()) };
        let key = self.seed.hash_one((actor.kind_name(), actor.id()));
        let questions = u32::try_from(questions).unwrap_or(u32::MAX).min(rule.size);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = buckets.wait(key, rule, questions, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        let full = buckets.full_at(key, rule, now);
        buckets.put(key, full + rule.refill * questions, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_rate_of_its_own() {
        let rate_limit = RateLimit::new(NonZeroU32::new(10));
        let ann = Actor::Anonymous;
        let noon = Duration::from_secs(1000);
        let asked = (0..100).filter(|_| rate_limit.take(&ann, 1, noon).is_ok()).count();
        assert_eq!(asked, 10);
        assert_eq!(rate_limit.take(&ann, 2, noon), Err(Duration::from_millis(200)));
        assert!(rate_limit.take(&Actor::System, 10, noon).is_ok());
        assert!(rate_limit.take(&ann, 2, noon + Duration::from_millis(200)).is_ok());
        assert!(rate_limit.take(&ann, 1000, noon + Duration::from_secs(2)).is_ok());
        assert!(RateLimit::new(None).take(&ann, 1000, noon).is_ok());
    }
}
