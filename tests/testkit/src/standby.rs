//! A PostgreSQL of a test's own, with a standby that follows it by streaming.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::process::is_root;
use crate::skip_without;

const PROGRAMS: &str = "/usr/lib/postgresql";
/// What takes longer does not start.
const LIMIT: Duration = Duration::from_secs(60);

/// A primary and its standby; both end with this value.
pub struct PrimaryAndStandby {
    programs: PathBuf,
    primary: Option<Node>,
    standby: Node,
    _directory: TempDir,
}

struct Node {
    process: Child,
    data: PathBuf,
    port: u16,
}

impl Node {
    fn start(programs: &Path, data: PathBuf) -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a free port").port();
        let mut command = as_postgres(programs, "postgres");
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "hot_standby=on"] {
            command.args(["-c", setting]);
        }
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { process: process.expect("PostgreSQL starts"), data, port }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn answers(&self) {
        let begun = Instant::now();
        while PgConnection::connect(&format!("postgres://postgres@{}/postgres", self.address())).await.is_err() {
            assert!(begun.elapsed() < LIMIT, "PostgreSQL does not answer");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl PrimaryAndStandby {
    /// Starts both. Without PostgreSQL's programs the test is [skipped](crate::skip()).
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip_without("POSTGRES_PROGRAMS", "there are no programs of PostgreSQL: install the distribution's");
            return None;
        };
        let directory = TempDir::new().expect("a directory");
        if is_root() {
            // The server refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(directory.path()));
        }
        let (first, second) = (directory.path().join("primary"), directory.path().join("standby"));
        let initdb = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"];
        run(as_postgres(&programs, "initdb").args(initdb).arg(&first));
        let primary = Node::start(&programs, first);
        primary.answers().await;
        let port = primary.port.to_string();
        let backup = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-R", "-c", "fast", "--no-sync", "-D"];
        run(as_postgres(&programs, "pg_basebackup").args(backup).arg(&second));
        let standby = Node::start(&programs, second);
        standby.answers().await;
        Some(Self { programs, primary: Some(primary), standby, _directory: directory })
    }

    /// Where the primary is.
    ///
    /// # Panics
    /// After it was ended.
    #[must_use]
    pub fn primary(&self) -> String {
        self.primary.as_ref().expect("a primary").address()
    }

    /// Where the standby is.
    #[must_use]
    pub fn standby(&self) -> String {
        self.standby.address()
    }

    /// Ends the primary at once, as a failure of its machine does.
    pub fn end_primary(&mut self) {
        self.primary = None;
    }

    /// Makes the standby the primary.
    pub fn promote(&self) {
        run(as_postgres(&self.programs, "pg_ctl").args(["promote", "-w", "-D"]).arg(&self.standby.data));
    }
}

/// The newest version's programs.
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
