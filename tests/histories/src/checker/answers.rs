//! Checks answers and refusals against the model at each revision.

use std::collections::BTreeMap;

use super::{Rule, Violation, log};
use crate::history::{Call, History, Moment, Operation, OperationId, Outcome};
use crate::model::{Answer, Model, Read, Write};

pub(super) fn check(history: &History) -> Vec<Violation> {
    let mut walk = Walk::of(history);
    walk.at(history.base);
    for logged in &history.log {
        walk.make(logged.revision, logged.operation, logged.key.as_deref());
        walk.at(logged.revision);
    }
    walk.end(history)
}

/// Replays the log, revision by revision.
struct Walk<'h> {
    model: Model,
    reads: BTreeMap<u64, Vec<(&'h Operation, &'h Read, &'h Answer)>>,
    refusals: Refusals<'h>,
    violations: Vec<Violation>,
    writes: BTreeMap<u64, &'h Operation>,
    /// The write that created the current revision.
    last: Option<OperationId>,
}

impl<'h> Walk<'h> {
    fn of(history: &'h History) -> Self {
        let mut reads: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for operation in &history.operations {
            if let (Call::Read { read, .. }, Outcome::Answered { revision, answer }) =
                (&operation.call, &operation.outcome)
            {
                reads.entry(*revision).or_default().push((operation, read, answer));
            }
        }
        Self {
            model: Model::default(),
            reads,
            refusals: Refusals::of(history),
            violations: unexpected(history),
            writes: history.by_id(),
            last: None,
        }
    }

    /// Applies the write of a revision to the model.
    fn make(&mut self, revision: u64, operation: Option<OperationId>, key: Option<&str>) {
        let Some(write) = operation.and_then(|id| self.writes.get(&id)) else { return };
        let Call::Write(call) = &write.call else { return };
        if let Err(refused) = self.model.apply(call, key) {
            let message = format!("a write was made at revision {revision} that is refused there: {refused:?}");
            self.violations.push(Violation::new(Rule::Answers, message, self.last.into_iter().chain([write.id])));
        }
        self.last = Some(write.id);
    }

    /// Checks the answers at a revision.
    fn at(&mut self, revision: u64) {
        let reads = self.reads.remove(&revision).unwrap_or_default();
        let mut expected: Vec<(&Read, Answer)> = Vec::new();
        for (operation, read, answer) in reads {
            if !expected.iter().any(|(known, _)| *known == read) {
                expected.push((read, self.model.answer(read)));
            }
            if let Some((_, expected)) = expected.iter().find(|(known, expected)| *known == read && expected != answer)
            {
                let message = format!("at revision {revision} the answer is {expected:?}, and not {answer:?}");
                let operations = self.last.into_iter().chain([operation.id]);
                self.violations.push(Violation::new(Rule::Answers, message, operations));
            }
        }
        self.violations.extend(self.refusals.at(revision, &self.model));
    }

    /// Checks the remaining answers and refusals, and the final states.
    fn end(mut self, history: &History) -> Vec<Violation> {
        let last = history.log.last().map_or(history.base, |logged| logged.revision);
        for (revision, reads) in self.reads {
            let operations = reads.iter().map(|(operation, ..)| operation.id);
            let message = format!("answers are of revision {revision}, which there was not: the last is {last}");
            self.violations.push(Violation::new(Rule::Answers, message, operations));
        }
        self.violations.extend(self.refusals.end());
        for found in &history.finals {
            if (found.revision, &found.state) != (last, &self.model) {
                let message = format!(
                    "replica {} ends at revision {} with {:?}; the log ends at {last} with {:?}",
                    found.replica, found.revision, found.state, self.model
                );
                self.violations.push(Violation::new(Rule::Durability, message, []));
            }
        }
        self.violations
    }
}

fn unexpected(history: &History) -> Vec<Violation> {
    let violation = |operation: &Operation| match &operation.outcome {
        Outcome::Unexpected { status, text } => {
            Some(Violation::new(Rule::Replies, format!("{status}: {text}"), [operation.id]))
        }
        _ => None,
    };
    history.operations.iter().filter_map(violation).collect()
}

/// Refused writes. The server decides a write at the newest revision, or early, at the revision at which it resolved
/// the caller. The response contains the latter. At least one revision between it and the end of the request must
/// refuse the write.
struct Refusals<'h> {
    /// Sorted by first revision, in descending order.
    to_come: Vec<Refusal<'h>>,
    open: Vec<Refusal<'h>>,
}

struct Refusal<'h> {
    operation: &'h Operation,
    write: &'h Write,
    status: u16,
    from: u64,
    to: u64,
}

impl<'h> Refusals<'h> {
    fn of(history: &'h History) -> Self {
        let later = first_revisions_after(history);
        let refusal = |operation: &'h Operation| match (&operation.call, &operation.outcome) {
            (Call::Write(write), &Outcome::Refused { revision, status }) => {
                let next = later.partition_point(|(start, _)| *start <= operation.end);
                let to = later.get(next).map_or(u64::MAX, |(_, revision)| revision - 1);
                Some(Refusal { operation, write, status, from: revision, to })
            }
            _ => None,
        };
        let mut to_come: Vec<_> = history.operations.iter().filter_map(refusal).collect();
        to_come.sort_by_key(|refusal| std::cmp::Reverse(refusal.from));
        Self { to_come, open: Vec::new() }
    }

    fn at(&mut self, revision: u64, model: &Model) -> Vec<Violation> {
        while let Some(refusal) = self.to_come.pop_if(|refusal| refusal.from <= revision) {
            self.open.push(refusal);
        }
        let is_refused = |refusal: &Refusal<'_>| {
            let outcome = model.clone().apply(refusal.write, None);
            outcome.is_err_and(|refused| refused.status() == refusal.status)
        };
        self.open.retain(|refusal| !is_refused(refusal));
        let (over, open) = std::mem::take(&mut self.open).into_iter().partition(|refusal| refusal.to <= revision);
        self.open = open;
        over.iter().map(Refusal::violation).collect()
    }

    fn end(self) -> Vec<Violation> {
        self.open.iter().chain(&self.to_come).map(Refusal::violation).collect()
    }
}

impl Refusal<'_> {
    fn violation(&self) -> Violation {
        let message = format!("no revision from {} on refuses the write with {}", self.from, self.status);
        Violation::new(Rule::Refusals, message, [self.operation.id])
    }
}

/// For the start of each committed write, in chronological order: the lowest revision among the writes that started
/// then or later.
fn first_revisions_after(history: &History) -> Vec<(Moment, u64)> {
    let mut starts: Vec<_> =
        log::writes(history).into_iter().map(|(logged, write)| (write.start, logged.revision)).collect();
    starts.sort_unstable();
    let mut lowest = u64::MAX;
    for (_, revision) in starts.iter_mut().rev() {
        lowest = lowest.min(*revision);
        *revision = lowest;
    }
    starts
}
