//! Durations of requests and recoveries.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Rule, Violation};
use crate::bounds::{READ, RECOVERY, WRITE};
use crate::faults::FaultKind;
use crate::history::{Call, History, Injected, Operation};

pub(super) fn check(history: &History) -> Vec<Violation> {
    let longer = |operation: &Operation| {
        let bound = if matches!(operation.call, Call::Write(_)) { WRITE } else { READ };
        let time = time(history, operation);
        let message = format!("a request took {time:?}; the bound is {bound:?}");
        (time > bound).then(|| Violation::new(Rule::Durations, message, [operation.id]))
    };
    let unrecovered = |injected: &Injected| {
        let time = recovery(injected);
        let message =
            format!("{:?} was healed, and not every replica accepted a write within {RECOVERY:?}", injected.fault);
        time.is_none_or(|time| time > RECOVERY).then(|| Violation::new(Rule::Recovery, message, []))
    };
    let requests = history.operations.iter().filter_map(longer);
    requests.chain(history.faults.iter().filter_map(unrecovered)).collect()
}

/// Duration of a request, without the time in which its replica was suspended.
fn time(history: &History, operation: &Operation) -> Duration {
    let pauses = history
        .faults
        .iter()
        .filter(|injected| injected.fault.kind == FaultKind::Pause && injected.fault.affects(operation.replica));
    let suspended = |pause: &Injected| pause.healed.min(operation.end).since(pause.start.max(operation.start));
    operation.end.since(operation.start).saturating_sub(pauses.map(suspended).sum())
}

fn recovery(injected: &Injected) -> Option<Duration> {
    injected.recovered.map(|recovered| recovered.since(injected.healed))
}

/// Durations of the longest read and the longest write.
#[must_use]
pub fn longest(history: &History) -> (Duration, Duration) {
    let longest = |writes: bool| {
        let operations = history.operations.iter();
        let of_kind = operations.filter(|operation| matches!(operation.call, Call::Write(_)) == writes);
        of_kind.map(|operation| time(history, operation)).max().unwrap_or_default()
    };
    (longest(false), longest(true))
}

/// Number of injections and longest recovery of each kind of fault.
#[must_use]
pub fn recoveries(history: &History) -> BTreeMap<FaultKind, (usize, Duration)> {
    let mut recoveries: BTreeMap<FaultKind, (usize, Duration)> = BTreeMap::new();
    for injected in &history.faults {
        let (count, longest) = recoveries.entry(injected.fault.kind).or_default();
        *count += 1;
        *longest = (*longest).max(recovery(injected).unwrap_or(Duration::MAX));
    }
    recoveries
}
