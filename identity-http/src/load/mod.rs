//! Bounds on what clients can make this server hold: connections, bytes of requests, and the time for both.
//!
//! - [`quota`] counts, in all and per client address.
//! - [`connection`] and [`stream`] give each connection a deadline in every phase, and read ahead of a handler by a small
//!   window only.
//! - [`serve`] accepts connections up to the quota and answers 503 beyond it.
//! - [`receive`] receives a whole request body within time, rate and quota. It is the only code that reads bodies.

mod connection;
mod quota;
pub(crate) mod receive;
mod serve;
mod stream;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use connection::Connection;
pub use quota::Quota;
pub use serve::{ConnectionLimits, serve};

/// The bounds of request bodies.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub max_bytes: usize,
    /// The longest time from the end of the head to the end of the body.
    pub timeout: Duration,
    /// The least average rate, in bytes per second.
    pub min_rate: u32,
    /// Bytes held by all requests, in all and per client address.
    pub buffered: Arc<Quota>,
}
