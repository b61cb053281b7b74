//! Rate limit for password guessing that prevents attackers from locking out other users.
//!
//! Each attempt takes a token before its password is verified, and returns it if the password is right. Therefore only
//! failures count, and concurrent guesses count before their outcome is known. Without a token, the response is "try
//! again later", whether or not the user exists. Tokens come from the following buckets, which refill over time:
//!
//! - The **address**: limits guesses from one address, for any username. An IPv6 host owns a whole /64, so each /64
//!   counts as one address.
//! - The **username**: limits guesses for one user from many addresses.
//! - The **pair** of address and username, *instead* of the other two buckets, if the user has recently signed in from
//!   that address. Guesses at the user from other addresses, and at other users from the same address, do not affect
//!   it. It refills faster, but is limited as well, because an attacker may share the address.
//!
//! With a bucket per username alone, anyone could lock a user out. With a bucket per address alone, a botnet could
//! guess without limit. An attacker can still delay a user who signs in from a new address, but only while the attack
//! lasts.
//!
//! Memory is bounded: full buckets are removed first, then those closest to full. Only seeded hashes of usernames are
//! kept. A long username therefore needs no more memory, and a password that was typed as the username is never stored.
//! Each replica counts separately.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use super::token_buckets::{Expiring, Rule};
use crate::port::{Crypto, FamiliarPair};
use crate::value::client_network;

const OF_ADDRESS: Rule = Rule { size: 50, refill: Duration::from_secs(6) };
const OF_USERNAME: Rule = Rule { size: 20, refill: Duration::from_secs(6) };
const OF_PAIR: Rule = Rule { size: 50, refill: Duration::from_secs(2) };
/// Time after a sign-in during which the pair of user and address counts as familiar: 30 days.
pub(super) const FAMILIAR: Duration = Duration::from_hours(30 * 24);
/// Minimum interval between two writes of the same familiar pair to the store: one day.
const REFRESH: Duration = Duration::from_hours(24);
/// Maximum number of buckets of each kind, and of familiar pairs.
pub(super) const CAPACITY: usize = 20_000;
/// Number of locks that serialize attempts of the same pair. Pairs wait for each other only if their hashes collide.
const TURNS: u64 = 1024;

/// Limits failed sign-in attempts by address, by username, and by familiar pair of both.
pub(super) struct Throttle {
    seed: RandomState,
    state: Mutex<State>,
    /// Locks that serialize attempts: first for familiar pairs, then for others. The two kinds never share a lock.
    turns: [Vec<async_lock::Mutex<()>>; 2],
    /// Computes the digests under which familiar pairs are stored; `None` if they are not stored.
    crypto: Option<Arc<dyn Crypto>>,
}

/// Hashed bucket keys of a sign-in attempt. `digest` identifies its pair of username and address in the store.
#[derive(Clone, Copy)]
pub(super) struct Attempt {
    address: u64,
    username: u64,
    pair: u64,
    digest: Option<FamiliarPair>,
}

struct State {
    addresses: Expiring,
    usernames: Expiring,
    pairs: Expiring,
    familiar: Expiring,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let expiring = || Expiring::new(capacity);
        let state = State { addresses: expiring(), usernames: expiring(), pairs: expiring(), familiar: expiring() };
        let turns = || (0..TURNS).map(|_| async_lock::Mutex::new(())).collect();
        Self { seed: RandomState::new(), state: Mutex::new(state), turns: [turns(), turns()], crypto: None }
    }

    /// Enables the storage of familiar pairs. `crypto` computes the digests that identify them in the store.
    pub(super) fn storable(self, crypto: Arc<dyn Crypto>) -> Self {
        Self { crypto: Some(crypto), ..self }
    }

    pub(super) fn attempt(&self, username: &str, address: Option<IpAddr>) -> Attempt {
        let place = address.map(client_network);
        let digest = self.crypto.as_ref().map(|crypto| {
            let place = place.map(|place| place.to_string()).unwrap_or_default();
            crypto.digest(format!("familiar\0{place}\0{username}").as_bytes())
        });
        Attempt {
            address: self.seed.hash_one(place),
            username: self.seed.hash_one(username),
            pair: digest.map_or_else(|| self.seed.hash_one((username, place)), |digest| self.pair(&digest)),
            digest,
        }
    }

    fn pair(&self, digest: &FamiliarPair) -> u64 {
        self.seed.hash_one(digest)
    }

    /// Restores familiar pairs, each with the wall-clock time at which it expires. `today` and `now` are the current
    /// time on the wall clock and on the monotonic clock.
    pub(super) fn recall(&self, pairs: &[(FamiliarPair, OffsetDateTime)], today: OffsetDateTime, now: Duration) {
        let mut state = self.state();
        for (digest, until) in pairs {
            let left = Duration::try_from(*until - today).unwrap_or_default();
            state.familiar.put(self.pair(digest), now + left.min(FAMILIAR), now);
        }
    }

    /// Whether the user has signed in from the address within the last 30 days.
    pub(super) fn is_familiar(&self, attempt: Attempt, now: Duration) -> bool {
        self.state().is_familiar(attempt, now)
    }

    /// Waits until no other attempt for the same pair of username and address is in progress. Holding the guard blocks
    /// later ones.
    ///
    /// The caller can then use the cached result of the previous attempt. A burst of requests with valid credentials
    /// thus takes one token at a time.
    pub(super) async fn turn(&self, attempt: Attempt, now: Duration) -> Option<async_lock::MutexGuard<'_, ()>> {
        let [familiar, others] = &self.turns;
        let turns = if self.is_familiar(attempt, now) { familiar } else { others };
        let turn = usize::try_from(attempt.pair % TURNS).ok().and_then(|place| turns.get(place));
        match turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// Takes one token from each bucket of the attempt, or none if one of the buckets is empty.
    ///
    /// # Errors
    /// The time until each bucket has a token.
    pub(super) fn admit(&self, attempt: Attempt, now: Duration) -> Result<(), Duration> {
        let mut state = self.state();
        let token_buckets = state.token_buckets(attempt, now);
        let wait =
            token_buckets.iter().map(|(bucket, rule, key)| bucket.wait(*key, rule, 1, now)).max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        for (bucket, rule, key) in token_buckets {
            let full = bucket.full_at(key, rule, now);
            bucket.put(key, full + rule.refill, now);
        }
        Ok(())
    }

    /// Returns the tokens of an admitted attempt whose password could not be verified, for example due to a full queue.
    pub(super) fn give_back(&self, attempt: Attempt, now: Duration) {
        self.state().give_back(attempt, now);
    }

    /// Returns the tokens of a successful attempt and marks the user as familiar at the address for [`FAMILIAR`].
    ///
    /// Returns the pair to store. `None` if it was stored within the last day, or if pairs are not stored.
    pub(super) fn succeeded(&self, attempt: Attempt, now: Duration) -> Option<FamiliarPair> {
        let mut state = self.state();
        state.give_back(attempt, now);
        let until = now + FAMILIAR;
        let is_stored = state.familiar.get(attempt.pair).is_some_and(|stored| until - stored < REFRESH);
        if is_stored {
            return None;
        }
        state.familiar.put(attempt.pair, until, now);
        attempt.digest
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_familiar(&self, attempt: Attempt, now: Duration) -> bool {
        self.familiar.get(attempt.pair).is_some_and(|until| until > now)
    }

    fn give_back(&mut self, attempt: Attempt, now: Duration) {
        for (bucket, rule, key) in self.token_buckets(attempt, now) {
            let full = bucket.full_at(key, rule, now);
            bucket.put(key, full.saturating_sub(rule.refill), now);
        }
    }

    /// Returns the buckets from which an attempt takes tokens: that of a familiar pair, or those of address and
    /// username.
    fn token_buckets(&mut self, attempt: Attempt, now: Duration) -> Vec<(&mut Expiring, &'static Rule, u64)> {
        if self.is_familiar(attempt, now) {
            return vec![(&mut self.pairs, &OF_PAIR, attempt.pair)];
        }
        vec![(&mut self.addresses, &OF_ADDRESS, attempt.address), (&mut self.usernames, &OF_USERNAME, attempt.username)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Duration = Duration::from_hours(12);

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn nth(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    /// Counts the wrong guesses admitted within an hour, at one guess per second.
    fn guesses(throttle: &Throttle, who: impl Fn(u32) -> Attempt) -> usize {
        let at = |second: u32| throttle.admit(who(second), NOON + Duration::from_secs(u64::from(second)));
        (0..3600).filter(|second| at(*second).is_ok()).count()
    }

    fn signed_in(throttle: &Throttle, username: &str, address: Option<IpAddr>) -> Attempt {
        let attempt = throttle.attempt(username, address);
        throttle.admit(attempt, NOON).unwrap();
        throttle.succeeded(attempt, NOON);
        attempt
    }

    #[test]
    fn guessing_from_one_address_is_slow_whomever_they_try() {
        let throttle = Throttle::new();
        let let_through = guesses(&throttle, |second| throttle.attempt(&format!("user-{second}"), ip("192.0.2.1")));
        assert!((600..=660).contains(&let_through), "{let_through}");
    }

    #[test]
    fn guessing_from_many_addresses_is_slow_with_each_user() {
        let throttle = Throttle::new();
        let let_through = guesses(&throttle, |second| throttle.attempt("root", nth(second)));
        assert!((600..=630).contains(&let_through), "{let_through}");
        throttle.admit(throttle.attempt("another", nth(1)), NOON + Duration::from_hours(1)).unwrap();
    }

    #[test]
    fn an_attack_leaves_the_user_at_their_usual_address_alone() {
        let throttle = Throttle::new();
        let at_home = signed_in(&throttle, "root", ip("198.51.100.7"));
        guesses(&throttle, |second| throttle.attempt("root", nth(second)));
        let now = NOON + Duration::from_secs(3599);
        assert!(throttle.admit(throttle.attempt("root", nth(4000)), now).is_err(), "the attack is throttled");
        for _ in 0..20 {
            throttle.admit(at_home, now).unwrap();
        }
    }

    #[test]
    fn a_neighbour_who_guesses_leaves_familiar_users_alone() {
        let throttle = Throttle::new();
        let office = ip("198.51.100.7");
        let at_work = signed_in(&throttle, "root", office);
        guesses(&throttle, |second| throttle.attempt(&format!("user-{second}"), office));
        let now = NOON + Duration::from_secs(3599);
        assert!(throttle.admit(throttle.attempt("new", office), now).is_err());
        throttle.admit(at_work, now).unwrap();
    }

    #[test]
    fn a_familiar_user_can_not_be_guessed_at_without_end_either() {
        let throttle = Throttle::new();
        let familiar = signed_in(&throttle, "root", ip("198.51.100.7"));
        let at_once = (0..1000).filter(|_| throttle.admit(familiar, NOON).is_ok()).count();
        assert_eq!(at_once, 50);
        assert!(throttle.admit(familiar, NOON + Duration::from_secs(2)).is_ok());
        // A user who has not signed in there for 30 days is no longer familiar.
        let (other, later) = (signed_in(&throttle, "eve", ip("192.0.2.1")), NOON + FAMILIAR);
        let at_once = (0..1000).filter(|_| throttle.admit(other, later).is_ok()).count();
        assert_eq!(at_once, 20);
    }

    #[test]
    fn right_passwords_cost_no_tokens() {
        let throttle = Throttle::new();
        for number in 0..1000 {
            signed_in(&throttle, &format!("user-{number}"), ip("198.51.100.7"));
        }
    }

    #[test]
    fn guesses_at_once_are_counted_before_their_outcome() {
        let throttle = Throttle::new();
        let attempt = throttle.attempt("root", None);
        let let_through = (0..1000).filter(|_| throttle.admit(attempt, NOON).is_ok()).count();
        assert_eq!(let_through, 20);
    }

    #[test]
    fn who_has_to_wait_is_told_how_long() {
        let throttle = Throttle::new();
        let attempt = throttle.attempt("root", ip("192.0.2.1"));
        while throttle.admit(attempt, NOON).is_ok() {}
        assert_eq!(throttle.admit(attempt, NOON), Err(Duration::from_secs(6)));
        assert_eq!(throttle.admit(attempt, NOON + Duration::from_secs(2)), Err(Duration::from_secs(4)));
        assert_eq!(throttle.admit(attempt, NOON + Duration::from_secs(6)), Ok(()));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let throttle = Throttle::new();
        let address = |text| throttle.attempt("", ip(text)).address;
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("::ffff:192.0.2.2"), address("192.0.2.1"));
    }

    #[test]
    fn random_names_cost_bounded_memory_and_do_not_wash_away_a_besieged_user() {
        let throttle = Throttle::with_capacity(100);
        let besieged = throttle.attempt("root", nth(0));
        for second in 0..20 {
            throttle.admit(throttle.attempt("root", nth(second)), NOON).unwrap();
        }
        for number in 0..5000 {
            signed_in(&throttle, &format!("right-{number}"), nth(number));
            throttle.admit(throttle.attempt(&format!("user-{number}"), nth(number)), NOON).unwrap();
        }
        let state = throttle.state();
        for entries in [&state.addresses, &state.usernames, &state.pairs, &state.familiar] {
            assert!(entries.until.len() <= 100);
        }
        drop(state);
        assert!(throttle.admit(besieged, NOON).is_err());
    }
}
