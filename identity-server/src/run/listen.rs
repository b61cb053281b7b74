//! What listens where, and when it stops.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server as Running;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use identity_http::actuator::{self, Operations};
use identity_http::{ConnectionLimits, Hosts, Quota, Surfaces, check_host, observe, outlive_client, serve};

use super::RunError;
use crate::config::Server;

/// How long a connection without a request stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections of operators' tools.
const MANAGEMENT_CONNECTIONS: usize = 128;

/// The two open ports.
pub(super) struct Listening {
    /// The API's socket, until the API is served. Nothing else may hold it then: the system would go on accepting connections
    /// after the server has closed its own.
    api: Option<TcpListener>,
    management: TcpListener,
    api_address: SocketAddr,
    management_address: SocketAddr,
    base_path: String,
}

impl Listening {
    /// Opens both, before anything else is tried: that a port is taken should be known at once.
    pub(super) fn on(server: &Server) -> Result<Self, RunError> {
        let open = |address: SocketAddr| {
            let listener = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
            listener.map_err(|source| RunError::Listen { address, source })
        };
        let (api_address, api) = open(server.address)?;
        let (management_address, management) = open(server.management)?;
        Ok(Self { api: Some(api), management, api_address, management_address, base_path: server.base_path.clone() })
    }

    pub(super) fn serve_management(&self, operations: &Arc<dyn Operations>, hosts: Hosts) -> Result<Running, RunError> {
        let operations = Arc::clone(operations);
        let app = move || {
            App::new()
                .app_data(web::Data::new(hosts.clone()))
                .configure(|config| actuator::mount(&operations, config))
                .wrap(from_fn(check_host))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .max_connections(MANAGEMENT_CONNECTIONS)
            .disable_signals()
            .shutdown_timeout(1);
        let listener = self.management.try_clone().map_err(RunError::Serve)?;
        Ok(server.listen(listener).map_err(RunError::Serve)?.run())
    }

    pub(super) fn serve_api(&mut self, settings: &Server, surfaces: Surfaces) -> Result<Running, RunError> {
        let base_path = self.base_path.clone();
        let limits = ConnectionLimits {
            connections: Arc::new(Quota::new(settings.connections.total, settings.connections.each)),
            buffered: Arc::clone(&surfaces.limits.bodies.buffered),
            proxies: surfaces.proxies.clone(),
            head_timeout: settings.request_timeout,
            keep_alive: KEEP_ALIVE,
            workers: settings.workers.map(NonZeroUsize::get),
            drain_timeout: settings.drain_timeout,
        };
        let app = move || {
            App::new()
                .app_data(web::Data::from(Arc::clone(&surfaces.ids)))
                .app_data(web::Data::new(surfaces.https))
                .app_data(web::Data::new(surfaces.hosts.clone()))
                .configure(|root| {
                    if let Some(decisions) = &surfaces.decisions {
                        decisions.mount_metadata(root);
                    }
                })
                .service(web::scope(&base_path).configure(|scope| surfaces.mount(scope)))
                .default_service(web::to(identity_http::no_such_path))
                .wrap(from_fn(check_host))
                .wrap(from_fn(observe))
                .wrap(from_fn(outlive_client))
        };
        let listener = self.api.take().ok_or_else(|| RunError::Serve(io::ErrorKind::AddrInUse.into()))?;
        serve(listener, &limits, app).map_err(RunError::Serve)
    }

    /// Where the API is.
    pub(super) fn api_address(&self) -> SocketAddr {
        self.api_address
    }

    /// Says where to ask what is still missing. Standard output may be closed; nobody listens then.
    pub(super) fn announce_management(&self) {
        let _written = writeln!(io::stdout(), "starting management={}", self.management_address);
    }

    /// Says where, for people and scripts.
    pub(super) fn announce(&self) {
        let _written =
            writeln!(io::stdout(), "listening http={} management={}", self.api_address, self.management_address);
    }
}

/// What a newcomer can try.
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

/// Returns when the process is asked to end.
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
