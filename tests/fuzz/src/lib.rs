//! Fuzzing within a time budget. Each target checks all inputs of its committed corpus, then mutations of them until
//! the time is over. An input that panics or violates a property is shrunk and printed. An input that takes too long
//! aborts the process.
//!
//! `IDENTITY_FUZZ_MILLIS` sets the time per target in milliseconds; the default is 1000. To add a finding to the
//! corpus, save the printed bytes in a file in `tests/fuzz/corpus/<target>`.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "a test")]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Maximum length of an input, in bytes.
const MAX_INPUT: usize = 64 * 1024;
/// Maximum time for one input, on a machine that is busy with other tests.
const MAX_TIME: Duration = Duration::from_secs(20);

/// Tokens with a meaning in the parsers of this repository.
const WORDS: &[&str] = &[
    "$",
    "$..",
    "[?@",
    "[?",
    "@.",
    "]",
    "[*]",
    ".*",
    "&&",
    "||",
    "!",
    "==",
    "'",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "(",
    ")",
    "count(",
    "{",
    "}",
    "[",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "18446744073709551616",
    "0.1",
    "*",
    "?",
    "%",
    "_",
    ".",
    "..",
    "eyJ",
    "==",
    "-----BEGIN PRIVATE KEY-----",
    "\u{feff}",
    "\u{202e}",
    "\0",
    "\r\n",
    "&a",
    "*a",
    "<<: ",
    "- ",
    "#",
    "|",
    ">",
    "!!binary ",
    "$like",
    "$or",
    "$in",
];

#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Splice(Index, Vec<u8>),
}

impl Mutation {
    fn apply(&self, input: &mut Vec<u8>) {
        let place = |index: &Index| if input.is_empty() { 0 } else { index.index(input.len()) };
        match self {
            Self::Replace(at, byte) => {
                let at = place(at);
                if let Some(place) = input.get_mut(at) {
                    *place = *byte;
                }
            }
            Self::Insert(at, bytes) => {
                let at = place(at);
                input.splice(at..at, bytes.iter().copied());
            }
            Self::Remove(at, length) => {
                let from = place(at);
                let to = (from + length).min(input.len());
                input.drain(from..to);
            }
            Self::Repeat(at, length, times) => {
                let from = place(at);
                let to = (from + length).min(input.len());
                let part = input.get(from..to).unwrap_or_default().repeat(*times);
                input.splice(to..to, part);
            }
            Self::Splice(at, other) => {
                let at = place(at);
                input.truncate(at);
                input.extend(other);
            }
        }
        input.truncate(MAX_INPUT);
    }
}

fn mutations(corpus: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let index = any::<Index>;
    let mutation = prop_oneof![
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        4 => (index(), select(WORDS)).prop_map(|(at, word)| Mutation::Insert(at, word.as_bytes().to_vec())),
        1 => (index(), vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        2 => (index(), 1..40usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        2 => (index(), 1..12usize, 2..200usize).prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        1 => (index(), select(corpus.to_vec())).prop_map(|(at, other)| Mutation::Splice(at, other)),
    ];
    (select(corpus.to_vec()), vec(mutation, 1..6)).prop_map(|(mut input, mutations)| {
        mutations.iter().for_each(|mutation| mutation.apply(&mut input));
        input
    })
}

/// The committed inputs of a target.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    files.iter().map(|file| std::fs::read(file).expect("a readable file")).collect()
}

/// Calls `check` with the corpus of `target` and with mutations of it. `check` panics if an input is accepted or
/// rejected incorrectly.
///
/// # Panics
/// When `check` panics; the message contains the smallest such input.
pub fn fuzz(target: &str, check: impl Fn(&[u8])) {
    let corpus = corpus(target);
    let (began, watched) = channel::<Option<Vec<u8>>>();
    let name = target.to_owned();
    let watchdog = std::thread::spawn(move || watch(&name, &watched));
    let run = |input: &[u8]| {
        began.send(Some(input.to_vec())).expect("a watchdog");
        catch_unwind(AssertUnwindSafe(|| check(input))).is_ok()
    };
    for input in &corpus {
        assert!(run(input), "{target} failed at an input of its corpus: {}", input.escape_ascii());
    }
    let milliseconds = std::env::var("IDENTITY_FUZZ_MILLIS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let end = Instant::now() + Duration::from_millis(milliseconds);
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let mut seeds = TestRunner::new_with_rng(config.clone(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = mutations(&corpus);
    let inputs = Cell::new(0);
    while Instant::now() < end {
        // A runner cannot continue after its number of cases.
        let mut runner = TestRunner::new_with_rng(config.clone(), seeds.new_rng());
        let outcome = runner.run(&strategy, |input| {
            inputs.set(inputs.get() + 1);
            if Instant::now() > end || run(&input) { Ok(()) } else { Err(TestCaseError::fail("the check panicked")) }
        });
        if let Err(TestError::Fail(reason, input)) = outcome {
            panic!("{target} failed at {}: {reason}", input.escape_ascii());
        }
    }
    began.send(None).expect("a watchdog");
    watchdog.join().expect("the watchdog ends");
    eprintln!("{target}: {} inputs of the corpus and {} mutations", corpus.len(), inputs.get());
}

/// Aborts the process when an input takes too long; a parser in an endless loop cannot be stopped otherwise.
fn watch(target: &str, began: &std::sync::mpsc::Receiver<Option<Vec<u8>>>) {
    let mut current: Option<Vec<u8>> = None;
    loop {
        match began.recv_timeout(MAX_TIME) {
            Ok(Some(input)) => current = Some(input),
            Ok(None) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let input = current.unwrap_or_default();
                eprintln!("{target} takes longer than {MAX_TIME:?} at {}", input.escape_ascii());
                std::process::abort();
            }
        }
    }
}
