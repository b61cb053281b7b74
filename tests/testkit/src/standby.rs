//! PostgreSQL primary for one test, with a streaming standby.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::process::is_root;
use crate::skip_without;

const PROGRAMS: &str = "/usr/lib/postgresql";
/// Start-up timeout.
const LIMIT: Duration = Duration::from_secs(60);

/// Primary and standby. Both end on drop.
pub struct PrimaryAndStandby {
    programs: PathBuf,
    primary: Node,
    standby: Node,
    _directory: TempDir,
}

/// Database server. Its address stays the same across restarts.
struct Node {
    process: Option<Child>,
    data: PathBuf,
    port: u16,
}

impl Node {
    fn new(data: PathBuf) -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a free port").port();
        Self { process: None, data, port }
    }

    /// Starts the server with additional settings and waits until it accepts connections. After a crash it may exit at
    /// first, while processes of the earlier run are still ending.
    async fn start(&mut self, programs: &Path, settings: &[String]) {
        let begun = Instant::now();
        while PgConnection::connect(&self.url()).await.is_err() {
            assert!(begun.elapsed() < LIMIT, "PostgreSQL does not answer");
            if !self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None))) {
                self.process = Some(self.spawn(programs, settings));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn spawn(&self, programs: &Path, settings: &[String]) -> Child {
        let mut command = as_postgres(programs, "postgres");
        command.arg("-D").arg(&self.data).args(["-p", &self.port.to_string()]);
        let always =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "hot_standby=on", "wal_keep_size=256MB"];
        for setting in always.into_iter().chain(settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        process.expect("PostgreSQL starts")
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Kills the server, as a machine failure does.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            _ = process.kill();
            _ = process.wait();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl PrimaryAndStandby {
    /// Starts both servers. [Skips](crate::skip()) the test when the PostgreSQL executables are not installed.
    ///
    /// # Panics
    /// When a server does not start.
    pub async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip_without("POSTGRES_PROGRAMS", "there are no programs of PostgreSQL: install the distribution's");
            return None;
        };
        let directory = TempDir::new().expect("a directory");
        if is_root() {
            // PostgreSQL refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(directory.path()));
        }
        let mut primary = Node::new(directory.path().join("one"));
        let mut standby = Node::new(directory.path().join("two"));
        let initdb = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"];
        run(as_postgres(&programs, "initdb").args(initdb).arg(&primary.data));
        primary.start(&programs, &[]).await;
        let port = primary.port.to_string();
        let backup = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-R", "-c", "fast", "--no-sync", "-D"];
        run(as_postgres(&programs, "pg_basebackup").args(backup).arg(&standby.data));
        standby.start(&programs, &[]).await;
        Some(Self { programs, primary, standby, _directory: directory })
    }

    /// Returns the address of the primary.
    #[must_use]
    pub fn primary(&self) -> String {
        self.primary.address()
    }

    /// Returns the address of the standby.
    #[must_use]
    pub fn standby(&self) -> String {
        self.standby.address()
    }

    /// Kills the primary, as a machine failure does.
    pub fn kill_primary(&mut self) {
        self.primary.kill();
    }

    /// Restarts a killed primary.
    ///
    /// # Panics
    /// When the primary does not start.
    pub async fn restart_primary(&mut self) {
        self.primary.start(&self.programs, &[]).await;
    }

    /// Promotes the standby, which then accepts writes.
    ///
    /// # Panics
    /// When the promotion fails.
    pub fn promote(&self) {
        run(as_postgres(&self.programs, "pg_ctl").args(["promote", "-w", "-D"]).arg(&self.standby.data));
    }

    /// Performs a planned switch-over: the primary shuts down after the standby has received everything, and the
    /// standby is promoted. The former primary then follows it.
    ///
    /// # Panics
    /// When the standby does not catch up, or when a server does not start.
    pub async fn switch_over(&mut self) {
        self.standby_follows().await;
        run(as_postgres(&self.programs, "pg_ctl").args(["stop", "-w", "-m", "fast", "-D"]).arg(&self.primary.data));
        self.promote();
        std::mem::swap(&mut self.primary, &mut self.standby);
        // The process has already ended.
        self.standby.kill();
        std::fs::write(self.standby.data.join("standby.signal"), "").expect("a data directory");
        let follows = format!("primary_conninfo=host=127.0.0.1 port={} user=postgres", self.primary.port);
        self.standby.start(&self.programs, &[follows]).await;
    }

    async fn standby_follows(&self) {
        let begun = Instant::now();
        let streams = async || {
            let mut primary = PgConnection::connect(&self.primary.url()).await?;
            let count = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
            sqlx::query_scalar::<_, i64>(count).fetch_one(&mut primary).await
        };
        while !matches!(streams().await, Ok(1)) {
            assert!(begun.elapsed() < LIMIT, "the standby does not follow the primary");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Executables of the newest installed version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).ok()?.filter_map(|version| version.ok().map(|version| version.path()));
    let all = versions.map(|version| version.join("bin")).filter(|programs| programs.join("pg_basebackup").exists());
    all.max()
}

fn as_postgres(programs: &Path, program: &str) -> Command {
    let program = programs.join(program);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "KILL"]).arg(program);
    command.current_dir("/");
    command
}

fn run(command: &mut Command) {
    let output = command.output().expect("a program of PostgreSQL runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
