//! Operations of the clients and their outcomes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::faults::Fault;
use crate::model::{Answer, Model, Read, Write};

/// Time since the start of the history, in microseconds of the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moment(pub u64);

impl Moment {
    /// Adds a duration.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(micros(time)))
    }

    /// Subtracts a duration; saturates at the start of the history.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(micros(time)))
    }

    /// Time elapsed since `earlier`; zero if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The clock of a history.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Starts a clock.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start of the clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(micros(self.0.elapsed()))
    }
}

/// Number of an operation, also part of its request ID.
pub type OperationId = u64;

/// A request and its outcome.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    pub id: OperationId,
    /// The target replica.
    pub replica: usize,
    /// The process of the target replica; a restart changes the number.
    pub process: u64,
    pub start: Moment,
    pub end: Moment,
    pub call: Call,
    pub outcome: Outcome,
}

/// Content of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Write(Write),
    Read {
        read: Read,
        /// `X-Identity-Min-Revision`.
        min_revision: Option<u64>,
        /// `X-Identity-Max-Age`, in seconds.
        max_age: Option<u64>,
    },
}

/// Outcome of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The write was committed at this revision.
    Acknowledged { revision: u64 },
    /// The answer to a read, at this revision.
    Answered { revision: u64, answer: Answer },
    /// The write was refused with status 404 or 409. The revision is the one at which the caller was resolved.
    Refused { revision: u64, status: u16 },
    /// Status 429 or 503. A write may have been committed.
    Unavailable { status: u16 },
    /// No response. A write may have been committed.
    Lost { error: String },
    /// An unexpected response.
    Unexpected { status: u16, text: String },
}

/// A revision and the operation that created it, from the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged {
    pub revision: u64,
    /// `None` if the request does not belong to this history.
    pub operation: Option<OperationId>,
    /// Key of the created authorization.
    pub key: Option<String>,
}

/// A fault that was injected and ended.
#[derive(Clone, Debug, Serialize)]
pub struct Injected {
    pub fault: Fault,
    pub start: Moment,
    pub healed: Moment,
    /// Time at which every replica was ready and had accepted a write.
    pub recovered: Option<Moment>,
}

/// State of a replica after all clients have stopped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Final {
    pub replica: usize,
    pub revision: u64,
    pub state: Model,
}

/// A complete history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The revision before the first operation.
    pub base: u64,
    pub operations: Vec<Operation>,
    pub log: Vec<Logged>,
    pub faults: Vec<Injected>,
    pub finals: Vec<Final>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'h> {
    Base(u64),
    Operation(&'h Operation),
    Logged(&'h Logged),
    Fault(&'h Injected),
    Final(&'h Final),
}

impl History {
    /// Writes the history as JSON Lines: the operations in order of their start, then the log, the faults and the final
    /// states.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        let mut operations: Vec<&Operation> = self.operations.iter().collect();
        operations.sort_by_key(|operation| operation.start);
        let lines = std::iter::once(Line::Base(self.base))
            .chain(operations.into_iter().map(Line::Operation))
            .chain(self.log.iter().map(Line::Logged))
            .chain(self.faults.iter().map(Line::Fault))
            .chain(self.finals.iter().map(Line::Final));
        for line in lines {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }

    /// The operations by ID.
    #[must_use]
    pub fn by_id(&self) -> BTreeMap<OperationId, &Operation> {
        self.operations.iter().map(|operation| (operation.id, operation)).collect()
    }
}
