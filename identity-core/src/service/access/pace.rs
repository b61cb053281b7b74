//! How often a caller may ask.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::entity::Actor;
use crate::service::buckets::{Expiring, Rule};

/// Callers that are remembered; each is somebody who authenticated.
const CAPACITY: usize = 20_000;

/// A token bucket for each caller, with room for the questions of one second. Each replica counts for itself.
pub(super) struct Pace {
    seed: RandomState,
    rule: Option<Rule>,
    buckets: Mutex<Expiring>,
}

impl Pace {
    /// So many questions a second; without a number, as many as anybody likes.
    pub(super) fn new(per_second: Option<NonZeroU32>) -> Self {
        let rule = per_second
            .map(|per_second| Rule { size: per_second.get(), refill: Duration::from_secs(1) / per_second.get() });
        Self { seed: RandomState::new(), rule, buckets: Mutex::new(Expiring::new(CAPACITY)) }
    }

    /// Takes so many questions; or says when there may be more. A request that asks more than a second's takes all there
    /// are.
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
    fn nobody_asks_faster_than_they_may_and_nobody_pays_for_another() {
        let pace = Pace::new(NonZeroU32::new(10));
        let ann = Actor::Anonymous;
        let noon = Duration::from_secs(1000);
        let asked = (0..100).filter(|_| pace.take(&ann, 1, noon).is_ok()).count();
        assert_eq!(asked, 10);
        assert_eq!(pace.take(&ann, 2, noon), Err(Duration::from_millis(200)));
        assert!(pace.take(&Actor::System, 10, noon).is_ok());
        assert!(pace.take(&ann, 2, noon + Duration::from_millis(200)).is_ok());
        assert!(pace.take(&ann, 1000, noon + Duration::from_secs(2)).is_ok());
        assert!(Pace::new(None).take(&ann, 1000, noon).is_ok());
    }
}
