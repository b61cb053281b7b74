//! The phase that a connection is in, and what it may read and wait for in it.

use std::cell::{Cell, RefCell};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::quota::{Exhausted, Share};

/// How long the rest of a request that was answered early may take.
const DRAIN: Duration = Duration::from_secs(2);
/// Bytes that may be read in one turn before the head is looked at.
const TURN: usize = 16 * 1024;
/// Bytes of a head that every connection may hold; more is taken from the quota of buffered bytes.
const SMALL_HEAD: usize = 16 * 1024;
/// Bytes of a body that are read ahead of the handler.
const WINDOW: usize = 32 * 1024;

/// Times that a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// From the first byte of a head to its end.
    pub(super) head: Duration,
    /// Between requests.
    pub(super) idle: Duration,
}

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing of the next request has come.
    Idle,
    /// A head is arriving.
    Head,
    /// A handler has a request.
    Serving,
    /// The answer is out, and the rest of the request is thrown away.
    Draining,
}

/// One connection, as its stream and its requests see it. Both live on one thread.
pub(crate) struct Connection {
    times: Times,
    phase: Cell<Phase>,
    deadline: Cell<Option<Instant>>,
    /// Bytes read in this turn, of a head; or ahead of the handler, of a body.
    ahead: Cell<usize>,
    /// Whether the current request is there to its end.
    whole: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    /// What is left of the bytes that are not counted.
    uncounted: Cell<usize>,
    /// Part of the quota of buffered bytes that a large head takes up.
    head: RefCell<Share>,
}

/// What a stream may read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    /// At most so many bytes.
    Bytes(usize),
    /// Nothing before the head has been looked at.
    NextTurn,
    /// Nothing before the handler has taken some.
    Wait,
}

impl Connection {
    pub(super) fn new(times: Times, head: Share) -> Self {
        Self {
            times,
            phase: Cell::new(Phase::Head),
            deadline: Cell::new(Some(Instant::now() + times.head)),
            ahead: Cell::new(0),
            whole: Cell::new(true),
            reader: RefCell::default(),
            uncounted: Cell::new(SMALL_HEAD),
            head: RefCell::new(head),
        }
    }

    /// The time at which the connection is closed if it is still in its phase. A request bounds its own time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.get()
    }

    /// What may be read now. `waker` is woken when that changes.
    pub(super) fn allowance(&self, waker: &Waker) -> Allowance {
        let mut reader = self.reader.borrow_mut();
        if reader.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            *reader = Some(waker.clone());
        }
        let left = |most: usize| most.saturating_sub(self.ahead.get());
        match self.phase.get() {
            Phase::Serving if left(WINDOW) == 0 => Allowance::Wait,
            Phase::Serving => Allowance::Bytes(left(WINDOW)),
            Phase::Idle | Phase::Head | Phase::Draining if left(TURN) == 0 => {
                self.ahead.set(0);
                Allowance::NextTurn
            }
            Phase::Idle | Phase::Head | Phase::Draining => Allowance::Bytes(left(TURN)),
        }
    }

    /// Notes bytes that were read.
    pub(super) fn read(&self, bytes: usize) -> Result<(), Exhausted> {
        match self.phase.get() {
            Phase::Draining | Phase::Serving => {}
            Phase::Idle | Phase::Head => {
                if self.phase.replace(Phase::Head) == Phase::Idle {
                    self.deadline.set(Some(Instant::now() + self.times.head));
                }
                let uncounted = self.uncounted.get();
                self.uncounted.set(uncounted.saturating_sub(bytes));
                self.head.borrow_mut().grow(bytes.saturating_sub(uncounted))?;
            }
        }
        self.ahead.set(self.ahead.get().saturating_add(bytes));
        Ok(())
    }

    /// Ends a turn: what was read is looked at, or thrown away.
    pub(super) fn turned(&self) {
        if self.phase.get() != Phase::Serving {
            self.ahead.set(0);
        }
    }

    /// A request's head is there.
    pub(crate) fn begin(&self, has_body: bool) {
        self.phase.set(Phase::Serving);
        self.deadline.set(None);
        self.ahead.set(0);
        self.whole.set(!has_body);
    }

    /// The handler took bytes of the body.
    pub(crate) fn taken(&self, bytes: usize) {
        self.ahead.set(self.ahead.get().saturating_sub(bytes));
        self.wake();
    }

    /// The request is there to its end.
    pub(crate) fn complete(&self) {
        self.whole.set(true);
    }

    /// Whether the request is there to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.get()
    }

    /// The request is answered.
    pub(crate) fn end(&self) {
        self.head.borrow_mut().release();
        self.uncounted.set(SMALL_HEAD);
        self.ahead.set(0);
        let (phase, time) = if self.whole.get() { (Phase::Idle, self.times.idle) } else { (Phase::Draining, DRAIN) };
        self.phase.set(phase);
        self.deadline.set(Some(Instant::now() + time));
        if phase == Phase::Draining {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }
}
