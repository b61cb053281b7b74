//! Age of the data of the answers.

use std::time::Duration;

use super::{Rule, Violation};
use crate::bounds::{CONFIRMED, MAX_AGE, SETTLING};
use crate::history::{Call, History, Injected, Moment, Operation, Outcome};

/// Age of an answer's data: time between the earliest acknowledgment of a write that the answer lacks and the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staleness {
    pub age: Duration,
    /// The bound for this answer.
    pub bound: Duration,
    /// Whether a fault separated the replica from the store.
    pub is_in_a_fault: bool,
}

pub(super) fn check(history: &History) -> Vec<Violation> {
    let violation = |(read, write, staleness): (&Operation, &Operation, Staleness)| {
        let Staleness { age, bound, .. } = staleness;
        let message = format!("an answer lacks a write that had been acknowledged for {age:?}; the bound is {bound:?}");
        (age > bound).then(|| Violation::new(Rule::Staleness, message, [write.id, read.id]))
    };
    lacking(history).into_iter().filter_map(violation).collect()
}

/// The staleness of each answer that lacks a write.
#[must_use]
pub fn staleness(history: &History) -> Vec<Staleness> {
    lacking(history).into_iter().map(|(_, _, staleness)| staleness).collect()
}

/// Each answer that lacks a write acknowledged before the request, with the earliest acknowledged of these writes.
fn lacking(history: &History) -> Vec<(&Operation, &Operation, Staleness)> {
    let acknowledged = |operation| match operation {
        operation @ &Operation { outcome: Outcome::Acknowledged { revision }, .. } => Some((revision, operation)),
        _ => None,
    };
    let mut writes: Vec<(u64, &Operation)> = history.operations.iter().filter_map(acknowledged).collect();
    writes.sort_by_key(|(revision, _)| *revision);
    // For each revision: the earliest acknowledged write at that revision or a later one.
    let mut first: Vec<&Operation> = Vec::with_capacity(writes.len());
    for (_, write) in writes.iter().rev() {
        first.push(first.last().copied().filter(|first| first.end <= write.end).unwrap_or(write));
    }
    first.reverse();
    let lacking = |read| {
        let &Operation { start, outcome: Outcome::Answered { revision, .. }, .. } = read else { return None };
        let newer = writes.partition_point(|(written, _)| *written <= revision);
        let write = first.get(newer).filter(|write| write.end < start)?;
        let (bound, is_in_a_fault) = bound(history, read);
        Some((read, *write, Staleness { age: start.since(write.end), bound, is_in_a_fault }))
    };
    history.operations.iter().filter_map(lacking).collect()
}

fn bound(history: &History, read: &Operation) -> (Duration, bool) {
    let is_in_a_fault = history.faults.iter().any(|injected| hides_the_store(injected, read));
    let usual = if is_in_a_fault { MAX_AGE } else { CONFIRMED };
    let demanded = match read.call {
        Call::Read { max_age: Some(seconds), .. } => Duration::from_secs(seconds),
        _ => usual,
    };
    (usual.min(demanded), is_in_a_fault)
}

fn hides_the_store(injected: &Injected, read: &Operation) -> bool {
    let until = injected.recovered.map_or(Moment(u64::MAX), |recovered| recovered.plus(SETTLING));
    injected.fault.kind.hides_the_store()
        && injected.fault.affects(read.replica)
        && read.start <= until
        && injected.start.minus(CONFIRMED) <= read.end
}
