//! Token cutoffs: after rights of a principal are revoked, its tokens issued before that time are rejected.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::entity::Principal;
use crate::port::{Clock, StoreError, TokenCutoff, TokenCutoffStore};
use crate::value::Claims;

/// Assumed maximum lifetime of a token. A cutoff expires after this time, because no token is left to reject.
const TOKEN_LIFETIME_MAX: Duration = Duration::hours(24);

/// Token cutoffs of all principals. Cached in memory, so that checking a token takes one hash map look-up.
pub struct Cutoffs {
    store: Arc<dyn TokenCutoffStore>,
    clock: Arc<dyn Clock>,
    known: ArcSwap<HashMap<Principal, OffsetDateTime>>,
}

impl Cutoffs {
    /// Creates the service without cutoffs. Call [`Cutoffs::refresh`] to load the stored ones.
    #[must_use]
    pub fn new(store: Arc<dyn TokenCutoffStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: ArcSwap::default() }
    }

    /// Rejects tokens of a principal that were issued before now. Other replicas follow at their next refresh.
    ///
    /// # Errors
    /// When the store fails. The cutoff then takes effect on this replica only.
    pub async fn cut(&self, principal: &Principal) -> Result<(), StoreError> {
        let not_before = self.clock.now();
        self.known.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(principal.clone(), not_before);
            known
        });
        let expires_at = not_before + TOKEN_LIFETIME_MAX;
        self.store.put(&TokenCutoff { principal: principal.clone(), not_before, expires_at }).await
    }

    /// Loads cutoffs that other replicas have stored and drops expired ones. Cutoffs known only to this replica are
    /// kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let stored = self.store.load(now).await?;
        self.known.rcu(|known| {
            let recent = known.iter().filter(|(_, not_before)| **not_before + TOKEN_LIFETIME_MAX > now);
            let mut next: HashMap<Principal, OffsetDateTime> =
                recent.map(|(principal, not_before)| (principal.clone(), *not_before)).collect();
            for cutoff in &stored {
                let kept = next.entry(cutoff.principal.clone()).or_insert(cutoff.not_before);
                *kept = cutoff.not_before.max(*kept);
            }
            next
        });
        Ok(())
    }

    /// Deletes expired cutoffs from the store. Returns the number of deleted cutoffs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.store.sweep(self.clock.now()).await
    }

    /// Whether a token with these claims was issued (`iat`) before the cutoff of `principal`. A token without a valid
    /// issue time counts as issued before it.
    #[must_use]
    pub fn applies_to(&self, principal: &Principal, claims: &Claims) -> bool {
        let known = self.known.load();
        let Some(not_before) = known.get(principal) else { return false };
        let issued = claims.as_value().get("iat").and_then(Value::as_i64);
        let issued = issued.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        // `iat` has whole seconds, so a token issued within the second of the cutoff counts as older.
        issued.is_none_or(|issued| issued < *not_before)
    }
}

#[cfg(test)]
#[cfg(feature = "test-support")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fake::{FixedClock, MemoryInstallation};
    use crate::value::Username;

    fn ann() -> Principal {
        Principal::User(Username::parse("ann").unwrap())
    }

    #[tokio::test]
    async fn tokens_of_before_are_cut_on_every_replica_and_later_ones_are_not() {
        let store = MemoryInstallation::default();
        let start = OffsetDateTime::UNIX_EPOCH + Duration::seconds(1000);
        let clock = Arc::new(FixedClock::new(start));
        let replica = || Cutoffs::new(Arc::new(store.clone()), Arc::clone(&clock) as _);
        let (one, two) = (replica(), replica());
        let issued = |seconds: i64| Claims::new(json!({"iat": seconds})).unwrap();
        assert!(!one.applies_to(&ann(), &issued(1)));
        one.cut(&ann()).await.unwrap();
        assert!(!two.applies_to(&ann(), &issued(1)), "not loaded yet");
        two.refresh().await.unwrap();
        for replica in [&one, &two] {
            assert!(replica.applies_to(&ann(), &issued(999)));
            assert!(replica.applies_to(&ann(), &Claims::new(json!({})).unwrap()), "no time of issue");
            assert!(!replica.applies_to(&ann(), &issued(1000)));
            let bob = Principal::User(Username::parse("bob").unwrap());
            assert!(!replica.applies_to(&bob, &issued(1)));
        }
        clock.set(start + Duration::hours(25));
        for replica in [&one, &two] {
            replica.refresh().await.unwrap();
            assert!(!replica.applies_to(&ann(), &issued(999)), "such a token has expired");
        }
        assert_eq!(one.sweep().await.unwrap(), 1);
    }
}
