//! A connection's bytes, within its deadlines and windows.

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

/// How long a client may read nothing of an answer.
const STALL: Duration = Duration::from_secs(30);
/// How often a connection without a deadline looks whether it has one.
const CHECK: Duration = Duration::from_secs(30);

/// A stream that ends when its connection's deadline passes or its client no longer reads.
pub(super) struct BoundedStream {
    stream: TcpStream,
    connection: Rc<Connection>,
    timer: Pin<Box<Sleep>>,
    stalled: Option<Pin<Box<Sleep>>>,
    _place: Share,
}

impl BoundedStream {
    pub(super) fn new(stream: TcpStream, connection: Connection, place: Share) -> Self {
        let first = connection.deadline().unwrap_or_else(|| Instant::now() + CHECK);
        let timer = Box::pin(sleep_until(first));
        Self { stream, connection: Rc::new(connection), timer, stalled: None, _place: place }
    }

    pub(super) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Whether the deadline has passed; wakes the task when it may have.
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

    fn written<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + STALL)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
