//! Each rule accepts a valid history and rejects one that violates it.

use super::*;
use crate::history::{Call, Logged, Moment, Operation, Outcome};
use crate::model::{Answer, Kind, Model, Party, Read, Write};

const SECOND: u64 = 1_000_000;

fn create(name: &str) -> Call {
    Call::Write(Write::Create(Party::new(Kind::User, name)))
}

fn read(min_revision: Option<u64>) -> Call {
    Call::Read { read: Read::Decisions, min_revision, max_age: None }
}

/// The answer to [`Read::Decisions`] without any grant, or with all decisions allowed.
fn decisions(yes: bool) -> Answer {
    let Answer::Decisions(none) = Model::default().answer(&Read::Decisions) else { panic!("decisions") };
    Answer::Decisions(if yes { none.replace('0', "1") } else { none })
}

fn answered(revision: u64, yes: bool) -> Outcome {
    Outcome::Answered { revision, answer: decisions(yes) }
}

/// A history on one process, with one operation per second, in sequence.
fn history(operations: impl IntoIterator<Item = (Call, Outcome)>) -> History {
    let mut history = History::default();
    for (id, (call, outcome)) in (0..).zip(operations) {
        if let Outcome::Acknowledged { revision } = outcome {
            history.log.push(Logged { revision, operation: Some(id), key: None });
        }
        let (start, end) = (Moment(id * SECOND), Moment(id * SECOND + SECOND / 2));
        history.operations.push(Operation { id, replica: 0, process: 0, start, end, call, outcome });
    }
    history
}

fn good() -> History {
    history([
        (create("ann"), Outcome::Acknowledged { revision: 1 }),
        (read(Some(1)), answered(1, false)),
        (create("bob"), Outcome::Acknowledged { revision: 2 }),
        (read(None), answered(2, false)),
    ])
}

#[track_caller]
fn breaks(history: &History, rule: Rule) {
    let violations = check(history);
    assert!(violations.iter().any(|violation| violation.rule == rule), "{rule:?} holds: {violations:?}");
}

#[test]
fn a_good_history_keeps_every_rule() {
    assert_eq!(check(&good()), []);
}

#[test]
fn an_answer_that_is_not_the_models_is_found() {
    let mut history = good();
    history.operations[3].outcome = answered(2, true);
    breaks(&history, Rule::Answers);
}

#[test]
fn an_acknowledged_write_that_the_log_lacks_is_found() {
    let mut history = good();
    history.log.pop();
    breaks(&history, Rule::Durability);
}

#[test]
fn a_refused_write_that_the_log_holds_is_found() {
    let mut history = good();
    history.operations[2].outcome = Outcome::Refused { revision: 1, status: 409 };
    breaks(&history, Rule::Log);
}

#[test]
fn a_write_that_overtakes_one_that_had_ended_is_found() {
    let mut history = good();
    for (place, revision) in [(0, 2), (2, 1)] {
        history.operations[place].outcome = Outcome::Acknowledged { revision };
    }
    history.log[0].operation = Some(2);
    history.log[1].operation = Some(0);
    breaks(&history, Rule::Order);
}

#[test]
fn revisions_that_go_backwards_or_are_below_what_was_demanded_are_found() {
    let mut history = good();
    history.operations[3].outcome = answered(1, false);
    breaks(&history, Rule::Revisions);
    let mut history = good();
    history.operations[1].outcome = answered(0, false);
    breaks(&history, Rule::Revisions);
}

#[test]
fn an_answer_that_lacks_a_write_for_too_long_is_found() {
    let mut history = good();
    let last = &mut history.operations[3];
    (last.replica, last.outcome) = (1, answered(1, false));
    assert_eq!(check(&history), [], "half a second is within the bound");
    let last = &mut history.operations[3];
    (last.start, last.end) = (Moment(60 * SECOND), Moment(61 * SECOND));
    breaks(&history, Rule::Staleness);
}

#[test]
fn a_request_that_does_not_end_in_time_is_found() {
    let mut history = good();
    history.operations[3].end = Moment(100 * SECOND);
    breaks(&history, Rule::Durations);
}

#[test]
fn an_error_that_no_fault_explains_is_found() {
    let mut history = good();
    history.operations[3].outcome = Outcome::Unexpected { status: 500, text: String::new() };
    breaks(&history, Rule::Replies);
}
