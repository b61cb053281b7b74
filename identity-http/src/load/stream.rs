//! TCP stream with deadlines, read limits and a minimum read rate.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connection::{Allowance, Connection};
use super::quota::Share;

/// Maximum time in which a client may read nothing of a response.
const STALL: Duration = Duration::from_secs(30);
/// Interval at which a stream without a deadline checks whether its connection has one again.
const CHECK: Duration = Duration::from_secs(30);

/// TCP stream that fails with a timeout if the deadline of its connection passes, or if the client reads too slowly.
pub(super) struct BoundedStream {
    stream: TcpStream,
    connection: Rc<Connection>,
    timer: Pin<Box<Sleep>>,
    slow: Option<Slow>,
    min_rate: u32,
    _place: Share,
}

/// Progress of a response that the client reads more slowly than it is written. Only the time in which written bytes
/// wait for the client counts, because generating the response may also take time.
struct Slow {
    /// Start of the current wait for the client; `None` while the client accepts bytes.
    waiting_since: Option<Instant>,
    /// Total duration of the previous waits.
    waited: Duration,
    bytes: u64,
    timer: Pin<Box<Sleep>>,
}

impl Slow {
    fn begin() -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + STALL));
        Self { waiting_since: None, waited: Duration::ZERO, bytes: 0, timer }
    }

    fn progress(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// Time by which the client must accept more bytes, given [`STALL`] and the minimum rate.
    fn deadline(&mut self, min_rate: u32) -> Instant {
        let earned = Duration::from_millis(self.bytes * 1000 / u64::from(min_rate.max(1)));
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        since + STALL.min((STALL + earned).saturating_sub(self.waited))
    }
}

impl BoundedStream {
    pub(super) fn new(stream: TcpStream, connection: Connection, place: Share, min_rate: u32) -> Self {
        let first = connection.deadline().unwrap_or_else(|| Instant::now() + CHECK);
        let timer = Box::pin(sleep_until(first));
        Self { stream, connection: Rc::new(connection), timer, slow: None, min_rate, _place: place }
    }

    pub(super) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Whether the deadline of the connection has passed. Otherwise schedules a wake-up for the deadline.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.connection.deadline();
        if deadline.is_some_and(|deadline| deadline < self.timer.deadline()) {
            self.timer.as_mut().reset(deadline.unwrap_or_else(Instant::now));
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return true;
            }
            self.timer.as_mut().reset(deadline.unwrap_or(now + CHECK));
        }
        false
    }

    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Poll::Ready(Ok(bytes)), Some(slow)) = (&outcome, &mut self.slow) {
            slow.progress(*bytes);
        }
        if outcome.is_ready() {
            return outcome;
        }
        let slow = self.slow.get_or_insert_with(Slow::begin);
        let deadline = slow.deadline(self.min_rate);
        if slow.timer.deadline() != deadline {
            slow.timer.as_mut().reset(deadline);
        }
        ready!(slow.timer.as_mut().poll(cx));
        metrics::counter!("identity_http_answers_cut_total", "reason" => "unread").increment(1);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for BoundedStream {
    fn drop(&mut self) {
        self.connection.close();
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.is_late(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let most = match this.connection.allowance(cx.waker()) {
            Allowance::Bytes(most) => most,
            Allowance::NextTurn => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Allowance::Wait => return Poll::Pending,
        };
        let before = buffer.filled().len();
        let read = if buffer.remaining() <= most {
            Pin::new(&mut this.stream).poll_read(cx, buffer)
        } else {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
            let read = Pin::new(&mut this.stream).poll_read(cx, &mut part);
            let bytes = part.filled().len();
            buffer.advance(bytes);
            read
        };
        if read.is_pending() {
            this.connection.turned();
        }
        ready!(read)?;
        let bytes = buffer.filled().len().saturating_sub(before);
        if this.connection.read(bytes).is_err() {
            metrics::counter!("identity_http_connections_refused_total", "reason" => "head_bytes").increment(1);
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The HTTP dispatcher flushes once all bytes of the response so far are written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A response in several parts must reach the minimum rate in total, so the progress is kept between parts.
        if !self.connection.is_serving() {
            self.slow = None;
        }
        self.connection.sent();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
