//! Limits on the resources that clients can occupy: connections, bytes of requests and responses, and time.
//!
//! - [`quota`] counts usage, in total and per client address.
//! - [`connection`] and [`stream`] enforce a deadline in every phase of a connection. They read only a small window
//!   ahead of the handler, and start no request before the previous response is sent.
//! - [`mod@serve`] accepts connections within the quota, and responds with 503 beyond it.
//! - [`receive`] receives whole request bodies within limits of size, time, rate and quota. [`lines`] receives bodies
//!   that are processed while they arrive. No other code reads bodies.

mod connection;
pub(crate) mod lines;
mod quota;
pub(crate) mod receive;
mod serve;
mod stream;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use connection::Connection;
pub use quota::Quota;
pub use serve::{ConnectionLimits, serve};

/// Limits of request bodies. A body that violates them is rejected with 408, 413 or 503.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// Maximum size of a body, in bytes.
    pub max_bytes: usize,
    /// Maximum time from the end of the head to the end of the body.
    pub timeout: Duration,
    /// Minimum average rate, in bytes per second. It applies after a grace period of 3 seconds.
    pub min_rate: u32,
    /// Maximum number of bytes that all requests together buffer, in total and per client address.
    pub buffered: Arc<Quota>,
}

impl Default for BodyLimits {
    /// Returns the defaults of the server: bodies of 1 MiB within 10 seconds, at 4 KiB per second or faster; 64 MiB in total
    /// and 16 MiB per client address.
    fn default() -> Self {
        Self {
            max_bytes: 1024 * 1024,
            timeout: Duration::from_secs(10),
            min_rate: 4096,
            buffered: Arc::new(Quota::new(64 * 1024 * 1024, 16 * 1024 * 1024)),
        }
    }
}
