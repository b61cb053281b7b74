//! Slows down whoever guesses passwords, without giving anybody a way to lock others out.
//!
//! Each attempt takes a token before its password is hashed, and gets it back when the password is right; so only failures
//! count, and many guesses at once are as many guesses. Without a token the answer is "later", whether or not there is such a
//! user. Tokens come from these buckets, which fill up again with time:
//!
//! - of the **address**: who guesses from one place is slow, whomever they try. IPv6 hosts own a whole /64, and so do we
//!   count them.
//! - of the **username**: who guesses from many places is slow with each user.
//! - of the **pair** of both, *instead* of the other two, when that user has signed in from that address lately. Nobody else
//!   can empty it: an attack on a user, or from a neighbour behind the same address on others, leaves the user at their
//!   usual place alone. It is larger, but it is one: behind the same address, a familiar user can be guessed at too.
//!
//! A username's bucket alone would let anybody lock a user out; an address's alone would let a botnet guess for ever. What an
//! attacker can still do is to make a user wait who signs in from a new place, and only while the attack lasts.
//!
//! Memory is bounded: buckets that are full again are forgotten; if that is not enough, those that are nearest to it.
//! Usernames are kept as seeded hashes, so that long ones cost no more, and a typed password stays nowhere. Each replica
//! counts for itself.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use super::buckets::{Expiring, Rule};
use crate::port::{Crypto, FamiliarPair};
use crate::value::client_network;

const OF_ADDRESS: Rule = Rule { size: 50, refill: Duration::from_secs(6) };
const OF_USERNAME: Rule = Rule { size: 20, refill: Duration::from_secs(6) };
const OF_PAIR: Rule = Rule { size: 50, refill: Duration::from_secs(2) };
/// How long a user is familiar at an address.
pub(super) const FAMILIAR: Duration = Duration::from_hours(30 * 24);
/// How old a stored familiarity may be before it is stored again.
const REFRESH: Duration = Duration::from_hours(24);
/// Entries of each kind that are kept.
pub(super) const CAPACITY: usize = 20_000;
/// Attempts of one pair take turns; this many pairs need not wait for each other.
const TURNS: u64 = 1024;

/// Counts failures.
pub(super) struct Throttle {
    seed: RandomState,
    state: Mutex<State>,
    /// Turns of familiar pairs, and of others: a familiar pair takes no turns with a stranger's.
    turns: [Vec<async_lock::Mutex<()>>; 2],
    /// Makes the digests by which stores know pairs.
    crypto: Option<Arc<dyn Crypto>>,
}

/// Whose attempt it is.
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

    /// The same, whose familiar pairs can be stored.
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

    /// Knows pairs that were familiar before this process, until a time of day.
    pub(super) fn recall(&self, pairs: &[(FamiliarPair, OffsetDateTime)], today: OffsetDateTime, now: Duration) {
        let mut state = self.state();
        for (digest, until) in pairs {
            let left = Duration::try_from(*until - today).unwrap_or_default();
            state.familiar.put(self.pair(digest), now + left.min(FAMILIAR), now);
        }
    }

    /// Whether the user has signed in from there lately.
    pub(super) fn is_familiar(&self, attempt: Attempt, now: Duration) -> bool {
        self.state().is_familiar(attempt, now)
    }

    /// Waits until no other attempt of the same pair is under way: what that one finds out counts for this one, and a burst
    /// of good credentials spends one token at a time.
    pub(super) async fn turn(&self, attempt: Attempt, now: Duration) -> Option<async_lock::MutexGuard<'_, ()>> {
        let [familiar, others] = &self.turns;
        let turns = if self.is_familiar(attempt, now) { familiar } else { others };
        let turn = usize::try_from(attempt.pair % TURNS).ok().and_then(|place| turns.get(place));
        match turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// Takes a token; or says when there will be one.
    pub(super) fn admit(&self, attempt: Attempt, now: Duration) -> Result<(), Duration> {
        let mut state = self.state();
        let buckets = state.buckets(attempt, now);
        let wait = buckets.iter().map(|(bucket, rule, key)| bucket.wait(*key, rule, 1, now)).max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        for (bucket, rule, key) in buckets {
            let full = bucket.full_at(key, rule, now);
            bucket.put(key, full + rule.refill, now);
        }
        Ok(())
    }

    /// Gives the token of an admitted attempt back that was not verified.
    pub(super) fn give_back(&self, attempt: Attempt, now: Duration) {
        self.state().give_back(attempt, now);
    }

    /// Gives the token of an admitted attempt back, and remembers that the user is familiar there for [`FAMILIAR`] from now on.
    /// Answers what to store of that, if it is worth it.
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
        for (bucket, rule, key) in self.buckets(attempt, now) {
            let full = bucket.full_at(key, rule, now);
            bucket.put(key, full.saturating_sub(rule.refill), now);
        }
    }

    /// The buckets that an attempt draws from.
    fn buckets(&mut self, attempt: Attempt, now: Duration) -> Vec<(&mut Expiring, &'static Rule, u64)> {
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

    /// Wrong guesses that are let through within an hour, one a second.
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
        // Nor for ever: who has not been there for a month is a stranger again.
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
