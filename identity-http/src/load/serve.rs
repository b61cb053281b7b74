//! Accepts TCP connections within a quota, and serves HTTP/1.1 on them.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server};
use tokio::net::TcpStream;
use tracing::warn;

use super::connection::{Connection, Times};
use super::quota::Quota;
use super::stream::BoundedStream;
use crate::address::TrustedProxies;

/// Maximum time to send the 503 response to a rejected client.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// Maximum number of concurrent 503 responses. Beyond it, connections are closed without a response.
const REFUSALS: usize = 64;
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\n\
    content-length: 144\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"Too many connections.\",\"instance\":\"\",\"reason\":\"too_many_connections\"}";

/// Limits of connections, their requests and their responses.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Number of connections, in total and per client address. Connections of trusted proxies count only toward the
    /// total.
    pub connections: Arc<Quota>,
    /// Maximum number of bytes that all requests together buffer, in total and per client address.
    pub buffered: Arc<Quota>,
    /// Maximum number of bytes in large responses that clients have not yet received, in total and per client address.
    pub unread: Arc<Quota>,
    /// Minimum average rate at which clients must read a response, in bytes per second.
    pub min_rate: u32,
    /// Proxies whose connections are exempt from the limits per address.
    pub proxies: TrustedProxies,
    /// Maximum time to receive a request head.
    pub head_timeout: Duration,
    /// Maximum idle time of a connection between requests.
    pub keep_alive: Duration,
    /// Number of worker threads. `None` uses the default of actix, one per core.
    pub workers: Option<usize>,
    /// Maximum time for running requests to finish during shutdown, in whole seconds.
    pub drain_timeout: Duration,
}

/// Serves an HTTP application on a listener. The returned server does not handle signals: its caller stops it.
///
/// # Errors
/// If the address of the listener is unavailable, or the server cannot use the listener.
pub fn serve<F, I, S, B>(listener: TcpListener, limits: &ConnectionLimits, application: F) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let mut builder = Server::build().disable_signals().shutdown_timeout(limits.drain_timeout.as_secs());
    if let Some(workers) = limits.workers {
        builder = builder.workers(workers);
    }
    let stopping = builder.graceful_shutdown_signal();
    let address = listener.local_addr()?;
    let door = Arc::new(Door { limits: limits.clone(), refusals: AtomicUsize::new(0) });
    let builder = builder.listen("api", listener, move || {
        let stopping = stopping.clone();
        let service = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KeepAlive::Timeout(door.limits.keep_alive))
            .client_request_timeout(door.limits.head_timeout)
            .client_disconnect_timeout(REFUSAL_TIME)
            // Detects that a client has disconnected while its request is processed.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .on_connect_ext(|stream: &BoundedStream, data: &mut actix_http::Extensions| {
                data.insert(Rc::clone(stream.connection()));
            });
        let application = application().into_factory().map_err(|error| error.into().error_response());
        let service = service.finish(map_config(application, |_| AppConfig::default()));
        let door = Arc::clone(&door);
        fn_service(move |stream: TcpStream| {
            let door = Arc::clone(&door);
            async move { door.open(stream).await.map(|(stream, peer)| (stream, Protocol::Http1, peer)) }
        })
        .and_then(service)
    })?;
    Ok(builder.run())
}

struct Door {
    limits: ConnectionLimits,
    refusals: AtomicUsize,
}

impl Door {
    /// Accepts a connection within the quota. Beyond it, responds with 503 and fails.
    async fn open(&self, stream: TcpStream) -> Result<(BoundedStream, Option<SocketAddr>), DispatchError> {
        let peer = stream.peer_addr().ok();
        let counted = peer.map(|peer| peer.ip().to_canonical()).filter(|peer| !self.limits.proxies.trust(*peer));
        let mut place = self.limits.connections.share(counted);
        if place.grow(1).is_err() {
            metrics::counter!("identity_http_connections_refused_total", "reason" => "connections").increment(1);
            self.refuse(&stream).await;
            return Err(DispatchError::Io(io::ErrorKind::QuotaExceeded.into()));
        }
        // Disables Nagle's algorithm for small responses; a failure is harmless.
        let _delayed = stream.set_nodelay(true);
        // The HTTP dispatcher applies the configured timeouts first, and responds if a head stalls. These later
        // deadlines are the fallback.
        let times = Times {
            head: self.limits.head_timeout + Duration::from_secs(1),
            idle: self.limits.keep_alive + Duration::from_secs(1),
        };
        let head = self.limits.buffered.share(counted);
        let connection = Connection::new(times, head, Arc::clone(&self.limits.unread));
        Ok((BoundedStream::new(stream, connection, place, self.limits.min_rate), peer))
    }

    async fn refuse(&self, stream: &TcpStream) {
        let others = self.refusals.fetch_add(1, Ordering::Relaxed);
        if others == 0 {
            warn!("connections.refused");
        }
        if others < REFUSALS {
            // A client that does not read the response in time gets none.
            let _late = tokio::time::timeout(REFUSAL_TIME, say(stream)).await;
        }
        self.refusals.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Writes the 503 response, then reads until the client closes: closing a socket with unread data discards the
/// response.
async fn say(stream: &TcpStream) -> io::Result<()> {
    stream.writable().await?;
    stream.try_write(REFUSAL)?;
    let mut discarded = [0; 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut discarded) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_has_its_length() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 503);
    }
}
