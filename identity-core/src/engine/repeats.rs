//! Aggregation of repeated refusals in the audit log. The first refusals of each kind are recorded individually. The
//! others are only counted, and their number is recorded once a minute.
//!
//! Clients control how often they are refused. Without a limit, they would also control the growth of the audit log.
//! Refusals of clients without credentials are counted by client network, operation and reason. Denials of a principal
//! are counted by operation, entity and reason. Changes, and refusals of permitted changes, are always recorded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

use super::Engine;
use crate::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, Principal};
use crate::value::client_network;

/// Interval at which the counts are recorded in the audit log.
const INTERVAL: Duration = Duration::MINUTE;
/// Time without a refusal after which the count of a kind is removed. The next refusal of that kind is recorded
/// individually again.
const FORGOTTEN: Duration = Duration::minutes(10);
/// Maximum numbers of kinds that are counted separately. `anonymous` and `principals` apply to all clients without
/// credentials and to all principals together, `address` and `principal` to each one.
const BOUNDS: Bounds = Bounds { anonymous: 512, address: 16, principals: 8192, principal: 256 };
/// Number of refusals of a kind that are recorded individually: for clients without credentials, and for principals. It
/// is higher for principals, because different requests of a principal may be of the same kind.
const FIRSTS: (u32, u32) = (1, 10);
/// Reason in the audit entry of refusals beyond [`BOUNDS`], which are counted together.
const OTHERS: &str = "others";

#[derive(Clone, Copy)]
struct Bounds {
    anonymous: usize,
    address: usize,
    principals: usize,
    principal: usize,
}

/// Client or principal whose refusals are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Source {
    Address(Option<IpAddr>),
    Principal(Principal),
    /// All clients without credentials, or all principals, beyond [`BOUNDS`].
    Others {
        anonymous: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    source: Source,
    what: Option<(AuditOperation, EntityKind, String, AuditResult, Option<String>)>,
}

struct Repeat {
    /// Audit log key of the first refusal that was recorded individually, if any.
    key: Option<u64>,
    /// Number of refusals of this kind that were recorded individually.
    recorded: u32,
    /// Latest refusal of this kind that was only counted.
    latest: AuditEvent,
    count: u64,
    since: OffsetDateTime,
    last: OffsetDateTime,
}

#[derive(Default)]
struct State {
    kinds: HashMap<Kind, Repeat>,
    of_source: HashMap<Source, usize>,
    anonymous: usize,
    principals: usize,
}

/// Counts of repeated refusals. The audit log records them as numbers instead of one entry each.
#[derive(Default)]
pub(super) struct Repeats {
    state: Mutex<State>,
    counted: AtomicU64,
}

/// How an event is recorded.
enum Noted {
    /// Individually, without counting.
    Always,
    /// Individually, as one of the first of its kind. Its key is then passed to [`Repeats::recorded`].
    First(Kind),
    /// Only as part of a count. Holds the key of the first entry of its kind.
    Counted(Option<u64>),
}

impl Repeats {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, event: &AuditEvent, origin: Option<IpAddr>) -> Noted {
        let is_counted = match event.actor {
            Actor::Anonymous => event.result != AuditResult::Success,
            Actor::Principal(_) => event.result == AuditResult::Denied,
            Actor::System => false,
        };
        if !is_counted {
            return Noted::Always;
        }
        let mut state = self.state();
        let kind = state.kind(event, origin);
        if !state.kinds.contains_key(&kind) {
            state.add(&kind);
        }
        let repeat = state.kinds.entry(kind.clone()).or_insert_with(|| Repeat {
            key: None,
            recorded: 0,
            latest: event.clone(),
            count: 0,
            since: event.at,
            last: event.at,
        });
        repeat.last = event.at;
        let firsts = if event.actor == Actor::Anonymous { FIRSTS.0 } else { FIRSTS.1 };
        // Common kinds, which collect refusals beyond the bounds, have no individual entries.
        if kind.what.is_some() && repeat.recorded < firsts {
            repeat.recorded += 1;
            return Noted::First(kind);
        }
        if repeat.count == 0 {
            repeat.since = event.at;
        }
        repeat.count += 1;
        repeat.latest = event.clone();
        self.counted.fetch_add(1, Ordering::Relaxed);
        Noted::Counted(repeat.key)
    }

    fn recorded(&self, kind: &Kind, key: Option<u64>) {
        if let Some(repeat) = self.state().kinds.get_mut(kind) {
            repeat.key = repeat.key.or(key);
        }
    }

    /// Returns an audit entry for each count whose interval has ended at `now`, or for every count if `all` is set.
    /// Resets these counts.
    fn due(&self, now: OffsetDateTime, all: bool) -> Vec<AuditEvent> {
        let mut state = self.state();
        let mut entries = Vec::new();
        for (kind, repeat) in &mut state.kinds {
            if repeat.count > 0 && (all || now - repeat.since >= INTERVAL) {
                entries.push(entry(kind, repeat, now));
                repeat.count = 0;
                repeat.since = now;
            }
        }
        state.forget(now);
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

impl State {
    /// Returns the kind under which an event is counted. If a bound is reached, the kind is shared by all events of the
    /// source, or by all sources.
    fn kind(&self, event: &AuditEvent, origin: Option<IpAddr>) -> Kind {
        let (source, key) = match &event.actor {
            // Clients without credentials choose the entity freely, so its key is ignored.
            Actor::Anonymous | Actor::System => (Source::Address(origin.map(client_network)), String::new()),
            Actor::Principal(principal) => (Source::Principal(principal.clone()), event.entity.key.clone()),
        };
        let anonymous = matches!(source, Source::Address(_));
        let what = Some((event.operation, event.entity.kind, key, event.result, event.reason.clone()));
        let own = Kind { source, what };
        if self.kinds.contains_key(&own) {
            return own;
        }
        let of_source = self.of_source.get(&own.source).copied().unwrap_or_default();
        let (in_all, most, of_one) = if anonymous {
            (self.anonymous, BOUNDS.anonymous, BOUNDS.address)
        } else {
            (self.principals, BOUNDS.principals, BOUNDS.principal)
        };
        let others = Kind { source: own.source.clone(), what: None };
        if in_all >= most && !self.kinds.contains_key(&others) {
            return Kind { source: Source::Others { anonymous }, what: None };
        }
        if in_all >= most || of_source >= of_one { others } else { own }
    }

    fn add(&mut self, kind: &Kind) {
        *self.of_source.entry(kind.source.clone()).or_default() += 1;
        *self.total(&kind.source) += 1;
    }

    fn total(&mut self, source: &Source) -> &mut usize {
        match source {
            Source::Address(_) | Source::Others { anonymous: true } => &mut self.anonymous,
            Source::Principal(_) | Source::Others { anonymous: false } => &mut self.principals,
        }
    }

    fn forget(&mut self, now: OffsetDateTime) {
        let is_old = |repeat: &Repeat| repeat.count == 0 && now - repeat.last >= FORGOTTEN;
        let old: Vec<Kind> =
            self.kinds.iter().filter(|(_, repeat)| is_old(repeat)).map(|(kind, _)| kind.clone()).collect();
        for kind in old {
            self.kinds.remove(&kind);
            *self.total(&kind.source) -= 1;
            if let Some(count) = self.of_source.get_mut(&kind.source) {
                *count -= 1;
                if *count == 0 {
                    self.of_source.remove(&kind.source);
                }
            }
        }
    }
}

/// Creates the audit entry of a count. Its reason includes the number of repetitions.
fn entry(kind: &Kind, repeat: &Repeat, now: OffsetDateTime) -> AuditEvent {
    let latest = &repeat.latest;
    let reason = match &kind.what {
        Some((.., reason)) => reason.as_deref().unwrap_or_default(),
        None => OTHERS,
    };
    let actor = match &kind.source {
        Source::Others { anonymous: false } => Actor::System,
        _ => latest.actor.clone(),
    };
    let key = if kind.what.is_some() { latest.entity.key.clone() } else { String::new() };
    AuditEvent {
        key: 0,
        at: now,
        actor,
        entity: AuditEntity { kind: latest.entity.kind, key },
        related: None,
        reason: Some(format!("{reason} (repeated {} times)", repeat.count).trim_start().to_owned()),
        request_id: None,
        issuer: matches!(kind.source, Source::Principal(_)).then(|| latest.issuer.clone()).flatten(),
        ..latest.clone()
    }
}

impl Engine {
    /// Records an event like [`Engine::append`]. `origin` is the address of the client. Repeated refusals of clients
    /// without credentials are counted by the network of this address.
    pub async fn append_from(&self, event: &AuditEvent, origin: Option<IpAddr>) -> Option<u64> {
        match self.repeats.note(event, origin) {
            Noted::Always => self.append_always(event).await,
            Noted::Counted(first) => first,
            Noted::First(kind) => {
                let key = self.append_always(event).await;
                self.repeats.recorded(&kind, key);
                key
            }
        }
    }

    /// Records the numbers of repeated refusals and of lost entries for each interval that has ended, or up to now if
    /// `all` is set. Also writes queued entries whose callers no longer wait for them. Call it every few seconds, and
    /// with `all` before the process exits.
    pub async fn record_counts(&self, all: bool) {
        let now = self.clock().now();
        self.appender.append_sums(&self.repeats.due(now, all)).await;
        self.appender.flush().await;
        self.appender.record_lost(now, all).await;
    }

    /// Returns the number of audit entries lost since start-up, because a queue was full or the store failed.
    #[must_use]
    pub fn lost_audit_entries(&self) -> u64 {
        self.appender.lost()
    }

    /// Returns the number of refusals since start-up that were counted instead of recorded.
    #[must_use]
    pub fn counted_refusals(&self) -> u64 {
        self.repeats.counted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::FieldChanges;
    use crate::value::Username;

    const NOON: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn event(actor: Actor, key: &str, reason: &str) -> AuditEvent {
        AuditEvent {
            key: 0,
            at: NOON,
            actor,
            issuer: None,
            operation: AuditOperation::Create,
            entity: AuditEntity { kind: EntityKind::Session, key: key.to_owned() },
            related: None,
            result: AuditResult::Denied,
            reason: Some(reason.to_owned()),
            revision: None,
            request_id: None,
            changes: FieldChanges::default(),
        }
    }

    fn ann() -> Actor {
        Actor::Principal(Principal::User(Username::parse("ann").unwrap()))
    }

    fn from(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    fn is_first(repeats: &Repeats, event: &AuditEvent, origin: Option<IpAddr>) -> bool {
        match repeats.note(event, origin) {
            Noted::First(kind) => {
                repeats.recorded(&kind, Some(7));
                true
            }
            Noted::Counted(_) => false,
            Noted::Always => panic!("not counted"),
        }
    }

    fn reasons(entries: &[AuditEvent]) -> Vec<&str> {
        entries.iter().filter_map(|entry| entry.reason.as_deref()).collect()
    }

    #[test]
    fn the_first_of_a_kind_is_recorded_and_the_others_once_a_minute() {
        let repeats = Repeats::default();
        let guess = event(Actor::Anonymous, "", "password");
        assert!(is_first(&repeats, &guess, from(1)));
        for _ in 0..1000 {
            assert!(!is_first(&repeats, &guess, from(1)));
        }
        assert!(is_first(&repeats, &guess, from(2)), "another address");
        assert!(is_first(&repeats, &event(Actor::Anonymous, "", "throttled"), from(1)), "another reason");
        assert_eq!(repeats.due(NOON + Duration::seconds(59), false), []);
        let entries = repeats.due(NOON + Duration::MINUTE, false);
        assert_eq!(reasons(&entries), ["password (repeated 1000 times)"]);
        assert_eq!(repeats.due(NOON + Duration::hours(1), false), []);
        assert!(is_first(&repeats, &guess, from(1)), "forgotten after an hour");
        assert_eq!(repeats.counted.load(Ordering::Relaxed), 1000);
    }

    #[test]
    fn a_repeated_denial_has_the_key_of_the_first() {
        let repeats = Repeats::default();
        let denial = event(ann(), "orders", "READ on ORDER");
        for _ in 0..FIRSTS.1 {
            assert!(is_first(&repeats, &denial, None));
        }
        assert!(matches!(repeats.note(&denial, None), Noted::Counted(Some(7))));
        assert!(is_first(&repeats, &event(ann(), "invoices", "READ on ORDER"), None), "another thing");
        assert_eq!(reasons(&repeats.due(NOON, true)), ["READ on ORDER (repeated 1 times)"]);
    }

    #[test]
    fn changes_and_refusals_of_permitted_changes_are_always_recorded() {
        let repeats = Repeats::default();
        for (actor, result) in [
            (ann(), AuditResult::Success),
            (ann(), AuditResult::Fail),
            (Actor::Anonymous, AuditResult::Success),
            (Actor::System, AuditResult::Fail),
        ] {
            let event = AuditEvent { result, ..event(actor, "", "") };
            for _ in 0..3 {
                assert!(matches!(repeats.note(&event, None), Noted::Always), "{event:?}");
            }
        }
    }

    #[test]
    fn kinds_are_bounded_for_each_source_and_in_all() {
        let repeats = Repeats::default();
        let firsts = (0..1000).filter(|n| is_first(&repeats, &event(ann(), &n.to_string(), "READ"), None)).count();
        assert_eq!(firsts, BOUNDS.principal);
        let entries = repeats.due(NOON, true);
        assert_eq!(reasons(&entries), ["others (repeated 744 times)"]);
        assert_eq!(entries[0].actor, ann());

        let repeats = Repeats::default();
        let guess = event(Actor::Anonymous, "", "password");
        let firsts = (0..10_000).filter(|n| is_first(&repeats, &guess, from(*n))).count();
        assert_eq!(firsts, BOUNDS.anonymous);
        assert_eq!(reasons(&repeats.due(NOON, true)), ["others (repeated 9488 times)"]);
        assert!(is_first(&repeats, &event(ann(), "", "READ"), None), "principals have room of their own");
        // The key of the entity does not distinguish refusals of clients without credentials.
        let repeats = Repeats::default();
        let firsts =
            (0..100).filter(|n| is_first(&repeats, &event(Actor::Anonymous, &n.to_string(), "x"), None)).count();
        assert_eq!(firsts, 1);
        repeats.due(NOON + Duration::hours(1), true);
        repeats.due(NOON + Duration::hours(2), true);
        assert!(repeats.state().kinds.is_empty() && repeats.state().of_source.is_empty());
    }
}
