//! PgBouncer in front of a test database.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Url;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::process::is_root;
use crate::skip_without;

const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// Start-up timeout.
const LIMIT: Duration = Duration::from_secs(20);

/// Running PgBouncer. It ends on drop.
pub struct PgBouncer {
    process: Child,
    url: String,
    _directory: TempDir,
}

impl PgBouncer {
    /// Starts a connection pool for the database at `url`. `own_settings` has one setting per line, such as `pool_mode
    /// = session`. [Skips](crate::skip()) the test when PgBouncer is not installed.
    ///
    /// # Panics
    /// When PgBouncer does not start.
    pub async fn start(url: &str, own_settings: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            skip_without("PGBOUNCER", "there is no PgBouncer: install the distribution's");
            return None;
        }
        let target = Url::parse(url).expect("the database has a URL");
        let (host, port) = (target.host_str().expect("a host").to_owned(), target.port().unwrap_or(5432));
        let (user, name) = (target.username().to_owned(), target.path().trim_start_matches('/').to_owned());
        let password = target.password().map(|password| format!(" password={password}")).unwrap_or_default();
        let own =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let directory = TempDir::new().expect("a directory");
        let file = directory.path().join("pgbouncer.ini");
        let settings = format!(
            "[databases]\n{name} = host={host} port={port} dbname={name} user={user}{password}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = any\n\
             {own_settings}\n",
            own.port()
        );
        std::fs::write(&file, settings).expect("a file of settings");
        let process = command(&file, directory.path()).spawn().expect("PgBouncer starts");
        let url = format!("postgres://{user}@{own}/{name}?sslmode=disable");
        let begun = Instant::now();
        while TcpStream::connect(own).await.is_err() {
            assert!(begun.elapsed() < LIMIT, "PgBouncer does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        Some(Self { process, url, _directory: directory })
    }

    /// Returns the database URL that connects through PgBouncer.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Runs PgBouncer as user `nobody` when the test runs as root, because it refuses to run as root.
fn command(file: &PathBuf, directory: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    if is_root() {
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory, readable).expect("a readable directory");
        command.args(["-u", "nobody"]);
    }
    command.arg("-q").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
