//! Checks the revisions of the answers of each process.

use std::collections::BTreeMap;

use super::{Rule, Violation};
use crate::history::{Call, History, Operation, Outcome};

pub(super) fn check(history: &History) -> Vec<Violation> {
    let mut violations = backwards(history);
    violations.extend(history.operations.iter().filter_map(below_demand));
    violations
}

fn revision(operation: &Operation) -> Option<u64> {
    match operation.outcome {
        Outcome::Answered { revision, .. } | Outcome::Acknowledged { revision } => Some(revision),
        _ => None,
    }
}

/// An answer is at least as new as every answer of the same process that ended before it started.
fn backwards(history: &History) -> Vec<Violation> {
    let mut processes: BTreeMap<(usize, u64), Vec<(&Operation, u64)>> = BTreeMap::new();
    for operation in &history.operations {
        if let Some(revision) = revision(operation) {
            processes.entry((operation.replica, operation.process)).or_default().push((operation, revision));
        }
    }
    let mut violations = Vec::new();
    for answers in processes.values() {
        let mut ended = answers.clone();
        ended.sort_by_key(|(operation, _)| operation.end);
        let mut ended = ended.into_iter().peekable();
        let mut begun = answers.clone();
        begun.sort_by_key(|(operation, _)| operation.start);
        let mut newest: Option<(&Operation, u64)> = None;
        for (operation, revision) in begun {
            while let Some(earlier) = ended.next_if(|(earlier, _)| earlier.end <= operation.start) {
                newest = newest.filter(|(_, newest)| *newest > earlier.1).or(Some(earlier));
            }
            if let Some((earlier, newer)) = newest.filter(|(_, newer)| *newer > revision) {
                let message =
                    format!("replica {} answered at revision {newer} and then at {revision}", operation.replica);
                violations.push(Violation::new(Rule::Revisions, message, [earlier.id, operation.id]));
            }
        }
    }
    violations
}

fn below_demand(operation: &Operation) -> Option<Violation> {
    let Call::Read { min_revision: Some(least), .. } = operation.call else { return None };
    let revision = revision(operation).filter(|revision| *revision < least)?;
    let message = format!("revision {least} was demanded, and the answer is of {revision}");
    Some(Violation::new(Rule::Revisions, message, [operation.id]))
}
