//! Checks the log, which maps each revision to an operation.

use std::collections::BTreeMap;

use super::{Rule, Violation};
use crate::history::{Call, History, Logged, Operation, OperationId, Outcome};

pub(super) fn check(history: &History) -> Vec<Violation> {
    let mut violations = gaps(history);
    violations.extend(outcomes(history));
    violations.extend(order(history));
    violations
}

/// The logged operations, in order of revision.
pub(super) fn writes(history: &History) -> Vec<(&Logged, &Operation)> {
    let by_id = history.by_id();
    let write = |logged: &'_ Logged| by_id.get(&logged.operation?).copied();
    history.log.iter().filter_map(|logged| Some((logged, write(logged)?))).collect()
}

/// Revisions have no gaps, and each is the result of a write of this history.
fn gaps(history: &History) -> Vec<Violation> {
    let by_id = history.by_id();
    let mut violations = Vec::new();
    let mut seen: BTreeMap<OperationId, u64> = BTreeMap::new();
    for (logged, expected) in history.log.iter().zip(history.base + 1..) {
        if logged.revision != expected {
            let message = format!("revision {expected} is missing: the log goes on with {}", logged.revision);
            violations.push(Violation::new(Rule::Log, message, logged.operation));
            break;
        }
        let writes = |id: &OperationId| by_id.get(id).is_some_and(|operation| matches!(operation.call, Call::Write(_)));
        match logged.operation.filter(writes) {
            None => {
                let message = format!("revision {expected} is of no write of this history");
                violations.push(Violation::new(Rule::Log, message, logged.operation));
            }
            Some(id) => {
                if let Some(earlier) = seen.insert(id, expected) {
                    let message = format!("one write was made twice, at revisions {earlier} and {expected}");
                    violations.push(Violation::new(Rule::Log, message, [id]));
                }
            }
        }
    }
    violations
}

/// The log contains each acknowledged write at its revision, and no refused write.
fn outcomes(history: &History) -> Vec<Violation> {
    let logged: BTreeMap<OperationId, u64> =
        history.log.iter().filter_map(|logged| Some((logged.operation?, logged.revision))).collect();
    let violation = |operation: &Operation| match (&operation.outcome, logged.get(&operation.id)) {
        (Outcome::Acknowledged { revision }, None) => {
            Some((Rule::Durability, format!("the write that was acknowledged at revision {revision} is lost")))
        }
        (Outcome::Acknowledged { revision }, Some(logged)) if revision != logged => {
            Some((Rule::Log, format!("a write was acknowledged at revision {revision} and made at {logged}")))
        }
        (Outcome::Refused { status, .. }, Some(logged)) => {
            Some((Rule::Log, format!("a write was refused with {status} and made at {logged}")))
        }
        _ => None,
    };
    let violations = history.operations.iter().filter_map(|operation| Some((operation.id, violation(operation)?)));
    violations.map(|(id, (rule, message))| Violation::new(rule, message, [id])).collect()
}

/// The revisions of non-overlapping writes are in chronological order.
fn order(history: &History) -> Vec<Violation> {
    let writes = writes(history);
    let mut ended: Vec<_> =
        writes.iter().filter(|(_, write)| matches!(write.outcome, Outcome::Acknowledged { .. })).copied().collect();
    ended.sort_by_key(|(_, write)| write.end);
    let mut begun = writes;
    begun.sort_by_key(|(_, write)| write.start);
    let mut ended = ended.into_iter().peekable();
    let mut newest: Option<(&Logged, &Operation)> = None;
    let mut violations = Vec::new();
    for (logged, write) in begun {
        while let Some(earlier) = ended.next_if(|(_, earlier)| earlier.end <= write.start) {
            newest = newest.filter(|(newest, _)| newest.revision > earlier.0.revision).or(Some(earlier));
        }
        if let Some((earlier, other)) = newest.filter(|(earlier, _)| earlier.revision > logged.revision) {
            let message = format!(
                "a write at revision {} ended before one began that was made at {}",
                earlier.revision, logged.revision
            );
            violations.push(Violation::new(Rule::Order, message, [other.id, write.id]));
        }
    }
    violations
}
