//! Replicas of the server on a shared store.

use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use identity_testkit::{Api, Disk, FakeClock, Launch, PrimaryAndStandby, Proxy, Server};
use reqwest::Method;
use tokio::sync::Mutex;

use crate::bounds::MAX_AGE;
use crate::history::Moment;

/// Index of the replica with its own wall clock.
pub const WITH_A_CLOCK: usize = 1;

/// Store of the replicas.
pub enum Store {
    /// A primary with a standby. Each replica connects through its own proxy.
    Postgres(Mutex<PrimaryAndStandby>),
    /// A file shared by the replicas, on a separate file system.
    Sqlite(Disk),
}

/// Replicas on a shared store.
pub struct Cluster {
    pub store: Store,
    pub replicas: Vec<Replica>,
    /// Wall clock of the replica [`WITH_A_CLOCK`].
    pub clock: Option<FakeClock>,
}

/// A server that can be killed and restarted.
pub struct Replica {
    launch: Launch,
    way: Option<Proxy>,
    server: Mutex<Option<Server>>,
    endpoint: RwLock<Endpoint>,
    /// Start of the latest accepted write.
    accepted: AtomicU64,
}

/// Addresses of a replica.
#[derive(Clone)]
pub struct Endpoint {
    /// Client with the credentials of an administrator.
    pub api: Api,
    pub management: Api,
    /// Number of earlier processes of this replica.
    pub process: u64,
}

impl Cluster {
    /// Starts three replicas on PostgreSQL. Returns `None` if the test is skipped.
    pub async fn on_postgres() -> Option<Self> {
        let databases = PrimaryAndStandby::start().await?;
        let clock = FakeClock::new();
        let mut replicas = Vec::new();
        for number in 0..3 {
            let way = Proxy::to(databases.primary()).await;
            way.open();
            let url = format!("postgres://postgres@{}/postgres?sslmode=disable", way.address());
            let launch = launch().env("IDENTITY_STORE_POSTGRES_URL", url);
            let with_clock = clock.as_ref().filter(|_| number == WITH_A_CLOCK);
            let launch = with_clock.map_or(launch.clone(), |clock| clock.of(launch));
            replicas.push(Replica::start(launch, Some(way)).await);
        }
        Some(Self { store: Store::Postgres(Mutex::new(databases)), replicas, clock })
    }

    /// Starts two processes on one SQLite file. Returns `None` if the test is skipped.
    pub async fn on_sqlite() -> Option<Self> {
        let Some(disk) = Disk::mount(64) else {
            println!("skipped: no file system can be mounted here");
            return None;
        };
        let mut replicas = Vec::new();
        for _ in 0..2 {
            let launch = launch().env("IDENTITY_STORE_SQLITE_DATA_DIR", disk.path().to_string_lossy());
            replicas.push(Replica::start(launch, None).await);
        }
        Some(Self { store: Store::Sqlite(disk), replicas, clock: None })
    }

    /// Kills all processes, including the primary, at the same time and restarts them.
    pub async fn crash(&self) {
        for replica in &self.replicas {
            replica.kill().await;
        }
        if let Store::Postgres(databases) = &self.store {
            let mut databases = databases.lock().await;
            databases.kill_primary();
            databases.restart_primary().await;
        }
        for replica in &self.replicas {
            replica.restart().await;
        }
    }
}

fn launch() -> Launch {
    Launch::new(&["dev"])
        .env("IDENTITY_SERVER_ADDRESS", "127.0.0.1")
        .env("IDENTITY_CONSISTENCY_MAX_AGE", format!("{}s", MAX_AGE.as_secs()))
        .env("IDENTITY_ACCESS_QUESTIONS_PER_SECOND", "0")
        .env("IDENTITY_AUTHENTICATION_BASIC_CACHE_TTL", "10m")
}

impl Replica {
    async fn start(launch: Launch, way: Option<Proxy>) -> Self {
        let server = launch.start().await;
        let endpoint = RwLock::new(Endpoint::of(&server, 0));
        Self { launch, way, server: Mutex::new(Some(server)), endpoint, accepted: AtomicU64::new(0) }
    }

    /// The current addresses.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.read().expect("no holder panics").clone()
    }

    /// The proxy to PostgreSQL.
    pub fn way(&self) -> &Proxy {
        self.way.as_ref().expect("a replica on PostgreSQL")
    }

    /// Kills the process (`SIGKILL`).
    pub async fn kill(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.kill().await;
        }
    }

    /// Restarts the replica after a kill.
    pub async fn restart(&self) {
        let mut server = self.server.lock().await;
        if server.is_none() {
            let started = self.launch.start().await;
            let process = self.endpoint().process + 1;
            *self.endpoint.write().expect("no holder panics") = Endpoint::of(&started, process);
            *server = Some(started);
        }
    }

    /// Suspends the process (`SIGSTOP`), unless it was killed.
    pub async fn suspend(&self) {
        if let Some(server) = &*self.server.lock().await {
            server.suspend();
        }
    }

    /// Resumes a suspended process (`SIGCONT`).
    pub async fn resume(&self) {
        if let Some(server) = &*self.server.lock().await {
            server.resume();
        }
    }

    /// Whether the readiness probe succeeds.
    pub async fn is_ready(&self) -> bool {
        let management = self.endpoint().management;
        let probe = management.request(Method::GET, "/actuator/health/readiness");
        management.try_send(probe).await.is_ok_and(|reply| reply.status == 200)
    }

    /// Records that the replica accepted a write that started at `begun`.
    pub fn has_accepted(&self, begun: Moment) {
        self.accepted.fetch_max(begun.0, Ordering::AcqRel);
    }

    /// Whether the replica accepted a write that started at `moment` or later.
    pub fn has_accepted_since(&self, moment: Moment) -> bool {
        self.accepted.load(Ordering::Acquire) >= moment.0
    }

    /// The output of the current process.
    pub async fn output(&self) -> String {
        self.server.lock().await.as_ref().map(Server::output).unwrap_or_default()
    }
}

impl Endpoint {
    fn of(server: &Server, process: u64) -> Self {
        let api = server.http().basic("demo", "demo");
        Self { api, management: server.management().clone(), process }
    }
}
