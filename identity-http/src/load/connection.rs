//! State machine of an HTTP/1.1 connection. Each phase limits how many bytes are read, and for how long.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::quota::{Exhausted, Quota, Share};

/// Maximum time to read and discard the rest of a request that was answered before it arrived completely.
const DRAIN: Duration = Duration::from_secs(2);
/// Maximum number of bytes to read before the stream yields, so that the HTTP dispatcher parses or discards them. Does
/// not apply to bodies that a handler reads.
const TURN: usize = 16 * 1024;
/// Size in bytes of a request head up to which it does not count toward the quota of buffered bytes.
const SMALL_HEAD: usize = 16 * 1024;
/// Maximum number of body bytes to read before the handler consumes them.
const WINDOW: usize = 32 * 1024;
/// Maximum size in bytes of a response that does not count toward the quota of unread bytes.
const SMALL_ANSWER: usize = 16 * 1024;

/// Timeouts of a connection while no handler processes a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Maximum time from the first byte of a request head to its end.
    pub(super) head: Duration,
    /// Maximum time from a sent response to the first byte of the next request.
    pub(super) idle: Duration,
}

/// Phase of a connection. It starts in [`Phase::Head`], and returns to [`Phase::Idle`] after each complete request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting for the first byte of the next request.
    Idle,
    /// Receiving the head of a request.
    Head,
    /// A handler processes a request.
    Serving,
    /// The request is answered, and the rest of its body is read and discarded.
    Draining,
}

/// State of one connection. The stream and its requests share it on a single thread, so it needs no locks.
pub(crate) struct Connection {
    times: Times,
    phase: Cell<Phase>,
    deadline: Cell<Option<Instant>>,
    /// Number of bytes read but not yet processed: of a head since the stream last yielded, or of a body that the
    /// handler has not consumed.
    ahead: Cell<usize>,
    /// Whether the current request has arrived completely. If not, its rest is drained after the response.
    whole: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    /// Number of bytes of the current head that may still arrive without counting toward the quota.
    uncounted: Cell<usize>,
    /// Bytes of a large head, charged to the quota of buffered bytes.
    head: RefCell<Share>,
    /// State of the response that is being sent.
    unsent: RefCell<Unsent>,
}

/// State of the response that is being sent, and its share in the quota of unread bytes.
struct Unsent {
    quota: Arc<Quota>,
    share: Option<Share>,
    is_pending: bool,
    is_closed: bool,
    next: Option<Waker>,
}

/// Decision on how many bytes the stream may read in this poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    /// At most this number of bytes.
    Bytes(usize),
    /// None in this poll. The stream yields first, so that the bytes read so far are parsed or discarded.
    NextTurn,
    /// None until the handler has consumed bytes, or until the previous response is sent.
    Wait,
}

impl Connection {
    pub(super) fn new(times: Times, head: Share, unread: Arc<Quota>) -> Self {
        let unsent = Unsent { quota: unread, share: None, is_pending: false, is_closed: false, next: None };
        Self {
            times,
            phase: Cell::new(Phase::Head),
            deadline: Cell::new(Some(Instant::now() + times.head)),
            ahead: Cell::new(0),
            whole: Cell::new(true),
            reader: RefCell::default(),
            uncounted: Cell::new(SMALL_HEAD),
            head: RefCell::new(head),
            unsent: RefCell::new(unsent),
        }
    }

    /// Time at which the connection is closed if it remains in its current phase. `None` while a request is processed
    /// or a response is sent: other timeouts apply then.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.get()
    }

    /// Returns how many bytes may be read now. `waker` is woken when the limit increases.
    pub(super) fn allowance(&self, waker: &Waker) -> Allowance {
        let mut reader = self.reader.borrow_mut();
        if reader.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            *reader = Some(waker.clone());
        }
        let left = |most: usize| most.saturating_sub(self.ahead.get());
        match self.phase.get() {
            Phase::Serving if left(WINDOW) == 0 => Allowance::Wait,
            Phase::Serving => Allowance::Bytes(left(WINDOW)),
            // The next request waits until the previous response is sent.
            Phase::Idle | Phase::Head if self.unsent.borrow().is_pending => Allowance::Wait,
            Phase::Idle | Phase::Head | Phase::Draining if left(TURN) == 0 => {
                self.ahead.set(0);
                Allowance::NextTurn
            }
            Phase::Idle | Phase::Head | Phase::Draining => Allowance::Bytes(left(TURN)),
        }
    }

    /// Records that the stream has read bytes. The first byte after an idle phase starts the timeout of the head.
    ///
    /// Fails if a large head exhausts the quota of buffered bytes.
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

    /// Records that no more bytes are available for now: the dispatcher has parsed or discarded all bytes read so far.
    pub(super) fn turned(&self) {
        if self.phase.get() != Phase::Serving {
            self.ahead.set(0);
        }
    }

    /// Enters [`Phase::Serving`] for a request whose head has arrived.
    pub(crate) fn begin(&self, has_body: bool) {
        self.phase.set(Phase::Serving);
        self.deadline.set(None);
        self.ahead.set(0);
        self.whole.set(!has_body);
    }

    /// Records that the handler has consumed body bytes, which allows the stream to read more.
    pub(crate) fn taken(&self, bytes: usize) {
        self.ahead.set(self.ahead.get().saturating_sub(bytes));
        self.wake();
    }

    /// Records that the current request has arrived completely.
    pub(crate) fn complete(&self) {
        self.whole.set(true);
    }

    /// Whether the current request has arrived completely.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.get()
    }

    /// Whether a handler processes a request, or generates the rest of its response body.
    pub(super) fn is_serving(&self) -> bool {
        self.phase.get() == Phase::Serving
    }

    /// Ends the request once its response is complete but not yet sent. A request that has not arrived completely is
    /// drained.
    pub(crate) fn end(&self) {
        self.head.borrow_mut().release();
        self.uncounted.set(SMALL_HEAD);
        self.ahead.set(0);
        self.unsent.borrow_mut().is_pending = true;
        if self.whole.get() {
            self.phase.set(Phase::Idle);
        } else {
            self.phase.set(Phase::Draining);
            self.deadline.set(Some(Instant::now() + DRAIN));
            self.wake();
        }
    }

    /// Charges a response to the quota of unread bytes of the client at `address` until it is sent. Small responses are
    /// free.
    pub(crate) fn hold(&self, bytes: usize, address: Option<IpAddr>) -> Result<(), Exhausted> {
        if bytes <= SMALL_ANSWER {
            return Ok(());
        }
        let mut unsent = self.unsent.borrow_mut();
        let mut share = unsent.quota.share(address);
        share.grow_beyond(bytes)?;
        unsent.share = Some(share);
        Ok(())
    }

    /// Records that the operating system has accepted all bytes of the response. This starts the idle timeout.
    pub(super) fn sent(&self) {
        let mut unsent = self.unsent.borrow_mut();
        if !std::mem::take(&mut unsent.is_pending) {
            return;
        }
        unsent.share = None;
        if self.phase.get() == Phase::Idle {
            self.deadline.set(Some(Instant::now() + self.times.idle));
        }
        let next = unsent.next.take();
        drop(unsent);
        next.into_iter().for_each(Waker::wake);
        self.wake();
    }

    /// Records that the stream is closed. Releases the quota and wakes a request that waits in [`Self::is_ready`].
    pub(super) fn close(&self) {
        let mut unsent = self.unsent.borrow_mut();
        unsent.is_closed = true;
        unsent.share = None;
        unsent.next.take().into_iter().for_each(Waker::wake);
    }

    /// Waits until the previous response is sent. Returns whether the connection is still open.
    ///
    /// A client that pipelines requests without reading thereby occupies the memory of one response at most.
    pub(crate) async fn is_ready(&self) -> bool {
        poll_fn(|context| {
            let mut unsent = self.unsent.borrow_mut();
            if unsent.is_closed || !unsent.is_pending {
                return Poll::Ready(!unsent.is_closed);
            }
            unsent.next = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Context;

    use super::*;

    fn connection() -> Connection {
        let times = Times { head: Duration::from_secs(30), idle: Duration::from_secs(75) };
        let quota = Arc::new(Quota::new(1 << 20, 1 << 20));
        Connection::new(times, quota.share(None), quota)
    }

    fn is_ready(connection: &Connection) -> Option<bool> {
        let mut ready = std::pin::pin!(connection.is_ready());
        match ready.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(is_there) => Some(is_there),
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_next_request_waits_for_the_answer_to_be_sent() {
        let connection = connection();
        assert_eq!(is_ready(&connection), Some(true));
        connection.begin(false);
        connection.end();
        assert_eq!(connection.deadline(), None, "the time between requests has not begun");
        assert_eq!(connection.allowance(Waker::noop()), Allowance::Wait);
        assert_eq!(is_ready(&connection), None);
        connection.sent();
        assert!(connection.deadline().is_some());
        assert_eq!(connection.allowance(Waker::noop()), Allowance::Bytes(TURN));
        assert_eq!(is_ready(&connection), Some(true));
        connection.begin(false);
        connection.end();
        connection.close();
        assert_eq!(is_ready(&connection), Some(false));
    }

    #[test]
    fn the_bytes_of_an_answer_are_held_until_it_is_sent() {
        let (one, other) = (connection(), connection());
        let quota = Arc::clone(&one.unsent.borrow().quota);
        other.unsent.borrow_mut().quota = Arc::clone(&quota);
        one.end();
        assert_eq!(one.hold(2 << 20, None), Ok(()), "one answer may exceed the bound");
        assert_eq!((other.hold(SMALL_ANSWER, None), other.hold(SMALL_ANSWER + 1, None)), (Ok(()), Err(Exhausted)));
        one.sent();
        assert_eq!(other.hold(2 << 20, None), Ok(()));
        other.close();
        assert_eq!(one.hold(SMALL_ANSWER + 1, None), Ok(()));
    }
}
