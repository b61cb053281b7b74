//! Receives whole request bodies within limits of size, time, rate and quota.
//!
//! The authentication middleware receives the body before a handler parses it. For endpoints without authentication,
//! the extractor receives it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::Stream;
use tokio::time::{Instant, timeout_at};

use super::quota::Share;
use super::{BodyLimits, Connection};
use crate::address;
use crate::problem::Problem;

/// Grace period before the minimum rate applies.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// Number of bytes per body that do not count toward the quota, so that small requests succeed while large ones are
/// rejected.
const SMALL: usize = 8 * 1024;
/// Value of `Retry-After` if the quota of buffered bytes is exhausted.
const RETRY: Duration = Duration::from_secs(2);

/// A completely received body. It occupies its share of the quota until the request ends.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Bytes,
    _share: Share,
}

/// A body that is being received.
pub(crate) struct Receiving {
    payload: Payload,
    limits: BodyLimits,
    connection: Option<Rc<Connection>>,
    share: Share,
    expected: Option<usize>,
    began: Instant,
    bytes: Vec<u8>,
    is_whole: bool,
}

/// Whether the headers announce a body: `Transfer-Encoding`, or a `Content-Length` other than 0.
pub(crate) fn has_body(request: &impl HttpMessage) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Returns the whole body of a request. Receives it unless the authentication already has. `max_bytes` lowers the limit
/// of [`BodyLimits`].
pub(crate) fn body(
    request: &HttpRequest,
    payload: &mut Payload,
    max_bytes: Option<usize>,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let received = request.extensions().get::<Received>().map(|received| received.bytes.clone());
    let receiving = match &received {
        None => Some(Receiving::start(request, payload.take(), max_bytes)),
        Some(_) => None,
    };
    let request = request.clone();
    async move {
        match (received, receiving) {
            (Some(bytes), _) if max_bytes.is_some_and(|most| bytes.len() > most) => Err(too_large()),
            (Some(bytes), _) => Ok(bytes),
            (None, Some(Ok(receiving))) => receiving.finish().await.map(|received| received.keep(&request)),
            (None, Some(Err(problem))) => Err(problem),
            (None, None) => Ok(Bytes::new()),
        }
    }
}

impl Received {
    /// Stores the body in the request, where extractors read it, and returns its bytes.
    pub(crate) fn keep(self, request: &HttpRequest) -> Bytes {
        let bytes = self.bytes.clone();
        request.extensions_mut().insert(self);
        bytes
    }
}

impl Receiving {
    /// Starts to receive the body of a request.
    ///
    /// # Errors
    /// If `Content-Length` exceeds the maximum size: 413.
    pub(crate) fn start(request: &HttpRequest, payload: Payload, max_bytes: Option<usize>) -> Result<Self, Problem> {
        let limits = request.app_data::<Data<BodyLimits>>().map(|limits| limits.get_ref().clone());
        // Fails closed if no limits are set. All endpoints have limits.
        let mut limits = limits.ok_or_else(unreadable)?;
        limits.max_bytes = max_bytes.map_or(limits.max_bytes, |most| most.min(limits.max_bytes));
        let expected = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if expected.is_some_and(|length: usize| length > limits.max_bytes) {
            return Err(too_large());
        }
        let share = limits.buffered.share(address::of(request));
        let connection = request.conn_data::<Rc<Connection>>().cloned();
        let is_whole = !has_body(request);
        let began = Instant::now();
        Ok(Self { payload, limits, connection, share, expected, began, bytes: Vec::new(), is_whole })
    }

    /// Receives the bytes that have already arrived, without waiting for the client. Returns whether the body is
    /// complete.
    ///
    /// # Errors
    /// If the body is too large or cannot be read, or if the quota is exhausted.
    pub(crate) async fn at_once(&mut self) -> Result<bool, Problem> {
        // The HTTP dispatcher delivers body bytes that arrived with the head only after it has polled the service once.
        for is_last in [false, true] {
            let polled = poll_fn(|cx| Poll::Ready(self.poll_whole(cx))).await;
            match polled {
                Poll::Ready(outcome) => return outcome.map(|()| true),
                Poll::Pending if is_last => {}
                Poll::Pending => tokio::task::yield_now().await,
            }
        }
        Ok(false)
    }

    /// Waits for the rest of the body.
    ///
    /// # Errors
    /// If the body is too large, too slow or cannot be read, or if the quota is exhausted.
    pub(crate) async fn finish(mut self) -> Result<Received, Problem> {
        while !self.is_whole {
            let deadline = self.deadline();
            let next = timeout_at(deadline, poll_fn(|cx| self.poll_next(cx)));
            next.await.map_err(|_| too_slow())??;
        }
        if let Some(connection) = &self.connection {
            connection.complete();
        }
        Ok(Received { bytes: self.bytes.into(), _share: self.share })
    }

    /// Time by which more bytes must arrive: the timeout, or earlier if the average rate is below the minimum.
    fn deadline(&self) -> Instant {
        let earned = self.bytes.len() as u64 * 1000 / u64::from(self.limits.min_rate.max(1));
        self.began + self.limits.timeout.min(GRACE.saturating_add(Duration::from_millis(earned)))
    }

    fn poll_whole(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        while !self.is_whole {
            match self.poll_next(cx) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        Pin::new(&mut self.payload).poll_next(cx).map(|chunk| match chunk {
            None => {
                self.is_whole = true;
                Ok(())
            }
            Some(Ok(chunk)) => self.take(&chunk),
            Some(Err(PayloadError::Overflow)) => Err(too_large()),
            Some(Err(_)) => Err(unreadable()),
        })
    }

    fn take(&mut self, chunk: &Bytes) -> Result<(), Problem> {
        if let Some(connection) = &self.connection {
            connection.taken(chunk.len());
        }
        let length = self.bytes.len().saturating_add(chunk.len());
        if length > self.limits.max_bytes {
            return Err(too_large());
        }
        if length > self.bytes.capacity() {
            let most = self.expected.unwrap_or(self.limits.max_bytes).max(length);
            let capacity = self.bytes.capacity().saturating_mul(2).clamp(length, most);
            let counted = |bytes: usize| bytes.saturating_sub(SMALL);
            let more = counted(capacity) - counted(self.bytes.capacity());
            self.share.grow(more).map_err(|_| exhausted())?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large.")
}

pub(super) fn unreadable() -> Problem {
    Problem::bad_request("body_unreadable", "The body could not be read.")
}

pub(super) fn too_slow() -> Problem {
    metrics::counter!("identity_http_bodies_refused_total", "reason" => "slow").increment(1);
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body did not arrive in time.")
}

pub(super) fn exhausted() -> Problem {
    metrics::counter!("identity_http_bodies_refused_total", "reason" => "buffered_bytes").increment(1);
    let detail = "The memory for request bodies is exhausted; try again later.";
    Problem::unavailable("too_many_bytes", detail, RETRY)
}
