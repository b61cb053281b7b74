//! The real server, run as a child process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::Api;
use crate::http::{LIMIT, Reply};
use crate::process::{Exited, Process};

/// Launch configuration of `identity-server`: its arguments, environment and working directory. Starting the same
/// launch again is a restart. The directory exists as long as the launch or one of its servers.
#[derive(Clone)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    directory: Arc<TempDir>,
}

impl Launch {
    pub fn new(arguments: &[&str]) -> Self {
        Self::of(binary(), arguments)
    }

    fn of(program: PathBuf, arguments: &[&str]) -> Self {
        Self {
            program,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: BTreeMap::new(),
            directory: Arc::new(TempDir::new().expect("a temporary directory")),
        }
    }

    /// Runs this executable instead of the server of the current build.
    #[must_use]
    pub fn program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// Runs with these arguments instead.
    #[must_use]
    pub fn with_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        self
    }

    /// Sets an environment variable. Of the test's own environment, the server only inherits `PATH` and `HOME`.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the working directory, which also holds the server's data. A test may put files there.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the server on free ports and waits until it is ready.
    pub async fn start(&self) -> Server {
        match self.try_start().await {
            Ok(server) => server,
            Err(exited) => panic!("identity-server did not start: {exited:#?}"),
        }
    }

    /// Starts the server like [`start`](Self::start).
    ///
    /// # Errors
    /// Returns the exit of a server that ends before it listens.
    pub async fn try_start(&self) -> Result<Server, Exited> {
        let server = self.begin().listening().await?;
        server.ready().await;
        Ok(server)
    }

    /// Starts the server on free ports without waiting.
    pub fn begin(&self) -> Starting {
        let process = self.spawn(&["--port", "0", "--management-port", "0"]);
        Starting { process, directory: Arc::clone(&self.directory) }
    }

    /// Runs a command to its end.
    pub async fn run(&self) -> Exited {
        self.spawn(&[]).exited().await
    }

    fn spawn(&self, more: &[&str]) -> Process {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(more).current_dir(self.directory()).env_clear();
        command.envs(["PATH", "HOME"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(&self.environment);
        Process::spawn(&mut command).unwrap_or_else(|error| {
            panic!("{} does not start ({error}): run `cargo build -p identity-server`", self.program.display())
        })
    }
}

/// Server that has been started and may still lack dependencies. It is killed on drop.
pub struct Starting {
    process: Process,
    directory: Arc<TempDir>,
}

impl Starting {
    /// Returns a client for the management port, which is served first.
    pub async fn management(&self) -> Api {
        let address =
            self.process.await_line(|line| Some(format!("http://{}", line.strip_prefix("starting management=")?)));
        Api::new(address.await.unwrap_or_else(|| panic!("identity-server did not start; {}", self.process.output())))
    }

    /// Waits until the public port is served, whether or not the server is ready.
    ///
    /// # Errors
    /// When the server exits instead.
    pub async fn listening(self) -> Result<Server, Exited> {
        let Some((http, management)) = self.process.await_line(listening).await else {
            return Err(self.process.exited().await);
        };
        let (http, management) = (Api::new(http), Api::new(management));
        Ok(Server { http, management, process: self.process, _directory: self.directory })
    }
}

/// Running server. It is killed on drop.
pub struct Server {
    http: Api,
    management: Api,
    process: Process,
    _directory: Arc<TempDir>,
}

impl Server {
    /// Returns a client for the public port.
    pub fn http(&self) -> &Api {
        &self.http
    }

    /// Returns a client for the management port.
    pub fn management(&self) -> &Api {
        &self.management
    }

    /// Returns the process ID.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the output so far, of both streams.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Waits until one of the streams contains `what`, and returns the output so far. The log lines of a request may
    /// appear after its response.
    pub async fn says(&self, what: &str) -> String {
        let start = Instant::now();
        loop {
            let output = self.output();
            if output.contains(what) {
                return output;
            }
            assert!(start.elapsed() < LIMIT, "no `{what}` within {LIMIT:?}; {output}");
            sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Returns the resident memory of the server in bytes (Linux).
    pub fn resident_bytes(&self) -> u64 {
        self.process.resident_bytes()
    }

    /// Returns the CPU time of the server in user mode (Linux).
    pub fn cpu_time(&self) -> Duration {
        self.process.cpu_time()
    }

    /// Sends `SIGTERM` and waits until the server has ended.
    pub async fn terminate(self) -> Exited {
        self.ask_to_end();
        self.exited().await
    }

    /// Sends `SIGTERM`.
    pub fn ask_to_end(&self) {
        self.process.terminate();
    }

    /// Suspends the server (`SIGSTOP`).
    pub fn suspend(&self) {
        self.process.signal("STOP");
    }

    /// Resumes a suspended server (`SIGCONT`).
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    /// Waits until the server has ended.
    pub async fn exited(self) -> Exited {
        self.process.exited().await
    }

    /// Kills the server (`SIGKILL`) and waits until it has ended.
    pub async fn kill(mut self) -> Exited {
        self.process.kill();
        self.process.exited().await
    }

    /// Waits until the readiness probe returns 200.
    pub async fn ready(&self) {
        let start = Instant::now();
        loop {
            let probe =
                Reply::try_of(self.management.request(reqwest::Method::GET, "/actuator/health/readiness")).await;
            if probe.as_ref().is_ok_and(|reply| reply.status == 200) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "not ready after {LIMIT:?}: {probe:?}; {}", self.output());
            sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// Parses `listening http=ADDRESS management=ADDRESS`, which the server prints when it accepts connections.
fn listening(line: &str) -> Option<(String, String)> {
    let mut words = line.strip_prefix("listening ")?.split(' ');
    let mut address = |name: &str| Some(format!("http://{}", words.next()?.strip_prefix(name)?));
    Some((address("http=")?, address("management=")?))
}

/// Path of the server from the same build: beside the running executable, or one folder above when a test runs from
/// `deps/`.
fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a program knows its executable");
    let folder = own.parent().expect("an executable lies in target/PROFILE or target/PROFILE/deps");
    let profile = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    profile.join(format!("identity-server{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stand-in for the server: it prints its addresses, is ready at the third probe, and exits with 3 on `SIGTERM`.
    const SCRIPT: &str = r#"
        const { createServer } = require("node:http");
        const listen = (answer) => new Promise((done) => {
            const server = createServer((request, response) => { response.statusCode = answer(request); response.end(); });
            server.listen(0, "127.0.0.1", () => done(`127.0.0.1:${server.address().port}`));
        });
        process.on("SIGTERM", () => { console.log("bye"); process.exit(3); });
        let asked = 0;
        (async () => {
            const http = await listen(() => 204);
            const management = await listen(({ url }) => url === "/actuator/health/readiness" && ++asked > 2 ? 200 : 503);
            console.log(`listening http=${http} management=${management}`);
            console.error(`${Object.keys(process.env).sort()} ${process.argv.slice(2)} ${process.cwd()}`);
        })();
    "#;

    fn launch(script: &str) -> Launch {
        let launch = Launch::of("node".into(), &["server.js"]).env("IDENTITY_X", "1");
        std::fs::write(launch.directory().join("server.js"), script).expect("a writable directory");
        launch
    }

    #[tokio::test]
    async fn a_server_is_ready_once_it_has_started_and_says_how_it_ended() {
        let server = launch(SCRIPT).start().await;
        assert_eq!(server.http().get("/").await.status, 204);
        assert_eq!(server.management().get("/actuator/health/readiness").await.status, 200);
        let exited = server.terminate().await;
        assert_eq!(exited.status.code(), Some(3));
        assert!(exited.stdout.ends_with("bye"), "{exited:?}");
        assert!(exited.stderr.contains("HOME,IDENTITY_X,PATH --port,0,--management-port,0"), "{exited:?}");
    }

    #[tokio::test]
    async fn a_killed_server_leaves_its_directory_to_the_next_start() {
        let launch = launch(SCRIPT);
        let exited = launch.start().await.kill().await;
        assert_eq!(exited.status.code(), None);
        assert!(!exited.stdout.contains("bye"));
        launch.start().await;
    }

    #[tokio::test]
    async fn a_dropped_server_no_longer_listens() {
        let server = launch(SCRIPT).start().await;
        let api = server.http().clone();
        drop(server);
        assert!(Reply::try_of(api.request(reqwest::Method::GET, "/")).await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_an_answer() {
        let launch = launch("console.error('unknown key'); process.exit(2)");
        for exited in [launch.try_start().await.err().expect("it does not listen"), launch.run().await] {
            assert_eq!(exited.status.code(), Some(2));
            assert_eq!(exited.stderr, "unknown key");
        }
    }
}
