//! Listening sockets, and the shutdown signal.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server as Running;
use actix_web::{App, HttpServer};
use identity_http::actuator::{self, Operations};
use identity_http::{ConnectionLimits, Hosts, Quota, Surfaces, serve};

use tokio::net::TcpSocket;

use super::RunError;
use crate::config::Server;

/// How long an idle keep-alive connection to the API stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Send buffer of the kernel per connection, in bytes. Linux doubles the value for its own bookkeeping.
const SEND_BUFFER: u32 = 256 * 1024;
/// Maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 4096;
/// Maximum number of connections to the management port.
const MANAGEMENT_CONNECTIONS: usize = 128;

/// Listening sockets of the API and the management port.
pub(super) struct Listening {
    /// The API socket, until the API is served. It must not be duplicated: the kernel would continue to accept
    /// connections on the duplicate after the server has closed its own socket.
    api: Option<TcpListener>,
    management: TcpListener,
    api_address: SocketAddr,
    management_address: SocketAddr,
    base_path: String,
}

impl Listening {
    /// Binds both sockets. Runs before all other steps, so that a port in use is reported immediately.
    pub(super) fn on(server: &Server) -> Result<Self, RunError> {
        let failed = |address| move |source| RunError::Listen { address, source };
        let api = bounded(server.address).map_err(failed(server.address))?;
        let api_address = api.local_addr().map_err(failed(server.address))?;
        let management = TcpListener::bind(server.management).map_err(failed(server.management))?;
        let management_address = management.local_addr().map_err(failed(server.management))?;
        Ok(Self { api: Some(api), management, api_address, management_address, base_path: server.base_path.clone() })
    }

    pub(super) fn serve_management(&self, operations: &Arc<dyn Operations>, hosts: Hosts) -> Result<Running, RunError> {
        let operations = Arc::clone(operations);
        let app = move || App::new().configure(|config| actuator::mount(&operations, &hosts, config));
        let server = HttpServer::new(app)
            .workers(1)
            .max_connections(MANAGEMENT_CONNECTIONS)
            .disable_signals()
            .shutdown_timeout(1);
        let listener = self.management.try_clone().map_err(RunError::Serve)?;
        Ok(server.listen(listener).map_err(RunError::Serve)?.run())
    }

    pub(super) fn serve_api(&mut self, settings: &Server, surfaces: Surfaces) -> Result<Running, RunError> {
        let limits = ConnectionLimits {
            connections: Arc::new(Quota::new(settings.connections.total, settings.connections.each)),
            buffered: Arc::clone(&surfaces.limits.bodies.buffered),
            unread: Arc::new(Quota::new(settings.unread_bytes.total, settings.unread_bytes.each)),
            min_rate: settings.min_rate,
            proxies: surfaces.proxies.clone(),
            head_timeout: settings.request_timeout,
            keep_alive: KEEP_ALIVE,
            workers: settings.workers.map(NonZeroUsize::get),
            drain_timeout: settings.drain_timeout,
        };
        let app =
            move || App::new().configure(|root| surfaces.mount(root)).configure(|root| surfaces.mount_not_found(root));
        let listener = self.api.take().ok_or_else(|| RunError::Serve(io::ErrorKind::AddrInUse.into()))?;
        serve(listener, &limits, app).map_err(RunError::Serve)
    }

    /// Returns the bound address of the API, with the actual port if the configured one is 0.
    pub(super) fn api_address(&self) -> SocketAddr {
        self.api_address
    }

    /// Prints the management address before start-up completes. Write errors are ignored: standard output may be
    /// closed.
    pub(super) fn announce_management(&self) {
        let _written = writeln!(io::stdout(), "starting management={}", self.management_address);
    }

    /// Prints both addresses to standard output, in a form that scripts can parse.
    pub(super) fn announce(&self) {
        let _written =
            writeln!(io::stdout(), "listening http={} management={}", self.api_address, self.management_address);
    }
}

/// Opens a listener whose connections have a bounded kernel send buffer, in case a client does not read the response.
fn bounded(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit the size.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Prints example requests to standard output, for the command `dev`.
pub(super) fn say_what_to_try(listening: &Listening) {
    let base = format!("http://{}{}", listening.api_address, listening.base_path);
    let management = listening.management_address;
    let _written = writeln!(
        io::stdout(),
        "
Identity runs on this machine only. Sign in as `demo` with the password `demo`. To try:

  curl -u demo:demo {base}/api/me
  curl -u demo:demo {base}/api/me/permissions
  curl -u demo:demo {base}/api/tenants/for-token
  curl -u demo:demo {base}/api/roles
  curl -u demo:demo -H 'content-type: application/json' -d '{{\"name\":\"Sales\"}}' {base}/api/groups
  curl {base}/api/openapi.json
  curl http://{management}/actuator/health

Ctrl-C stops it."
    );
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
