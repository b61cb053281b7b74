//! Receives a request body line by line, for handlers that respond while it arrives.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::Stream;
use tokio::time::{Instant, timeout};

use super::quota::Share;
use super::receive::{GRACE, exhausted, has_body, too_slow, unreadable};
use super::{BodyLimits, Connection};
use crate::address;
use crate::problem::Problem;

/// Media type of newline-delimited JSON.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// Maximum length of a line in bytes, without its line break. Longer lines are rejected with 413.
pub(crate) const MAX_LINE: usize = 16 * 1024;
/// Bytes that each request charges to the quota of buffered bytes: one batch of lines, and the data that arrives
/// meanwhile.
const HELD: usize = MAX_BATCH + 64 * 1024;
/// Maximum total size of the lines that a handler processes together, in bytes.
pub(crate) const MAX_BATCH: usize = 256 * 1024;

/// Whether the body of a request is newline-delimited JSON.
pub(crate) fn is_ndjson(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case(NDJSON)
}

/// Request extension that marks a handler which reads the body after the response head is sent.
pub(crate) struct Streamed;

/// Reads a request body line by line. Time limits apply only while the handler waits for the client.
pub(crate) struct Lines {
    payload: Payload,
    limits: BodyLimits,
    connection: Option<Rc<Connection>>,
    _share: Share,
    buffer: BytesMut,
    /// Length of the prefix of `buffer` that contains no line break.
    searched: usize,
    received: u64,
    waited: Duration,
    is_whole: bool,
}

/// Result of [`Lines::next`].
pub(crate) enum Next {
    /// A line, without its line break.
    Line(BytesMut),
    /// No complete line has arrived within the given pause. The caller may continue to wait.
    Pause,
    /// The body is complete, and all lines are returned.
    End,
}

impl Lines {
    /// Starts to read the body of a request.
    ///
    /// # Errors
    /// If the quota of buffered bytes is exhausted.
    pub(crate) fn start(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let limits = request.app_data::<Data<BodyLimits>>().map(|limits| limits.get_ref().clone());
        let limits = limits.ok_or_else(unreadable)?;
        let mut share = limits.buffered.share(address::of(request));
        share.grow(HELD).map_err(|_| exhausted())?;
        request.extensions_mut().insert(Streamed);
        Ok(Self {
            payload,
            limits,
            connection: request.conn_data::<Rc<Connection>>().cloned(),
            _share: share,
            buffer: BytesMut::new(),
            searched: 0,
            received: 0,
            waited: Duration::ZERO,
            is_whole: !has_body(request),
        })
    }

    /// Waits for the next line, for at most `pause` if one is given.
    ///
    /// # Errors
    /// If a line exceeds [`MAX_LINE`], the body is truncated, or it arrives too slowly.
    pub(crate) async fn next(&mut self, pause: Option<Duration>) -> Result<Next, Problem> {
        loop {
            let unsearched = self.buffer.iter().skip(self.searched);
            if let Some(offset) = unsearched.copied().position(|byte| byte == b'\n') {
                return self.cut(self.searched + offset, 1);
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > MAX_LINE {
                return Err(too_long());
            }
            if self.is_whole {
                return if self.buffer.is_empty() { Ok(Next::End) } else { self.cut(self.buffer.len(), 0) };
            }
            let patience = self.patience();
            let most = pause.map_or(patience, |pause| pause.min(patience));
            let began = Instant::now();
            let chunk = timeout(most, poll_fn(|cx| Pin::new(&mut self.payload).poll_next(cx))).await;
            self.waited += began.elapsed();
            match chunk {
                Ok(None) => {
                    self.is_whole = true;
                    if let Some(connection) = &self.connection {
                        connection.complete();
                    }
                }
                Ok(Some(Ok(chunk))) => self.take(&chunk),
                Ok(Some(Err(_))) => return Err(unreadable()),
                Err(_) if most < patience => return Ok(Next::Pause),
                Err(_) => return Err(too_slow()),
            }
        }
    }

    /// Returns how long the client may still send nothing: the timeout, or less if the average rate is below the
    /// minimum.
    fn patience(&self) -> Duration {
        let earned = Duration::from_millis(self.received * 1000 / u64::from(self.limits.min_rate.max(1)));
        self.limits.timeout.min((GRACE + earned).saturating_sub(self.waited))
    }

    fn take(&mut self, chunk: &Bytes) {
        if let Some(connection) = &self.connection {
            connection.taken(chunk.len());
        }
        self.received += chunk.len() as u64;
        self.buffer.extend_from_slice(chunk);
    }

    fn cut(&mut self, length: usize, separator: usize) -> Result<Next, Problem> {
        if length > MAX_LINE {
            return Err(too_long());
        }
        let mut line = self.buffer.split_to(length + separator);
        line.truncate(length);
        self.searched = 0;
        Ok(Next::Line(line))
    }
}

/// Dropping ends the request on the connection; the rest of the body is discarded.
impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.end();
        }
    }
}

fn too_long() -> Problem {
    let detail = format!("A line has more than {MAX_LINE} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "line_too_long", detail)
}
