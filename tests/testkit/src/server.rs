//! The real server, as a child process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::Api;
use crate::http::{LIMIT, Reply};
use crate::process::{Exited, Process};

/// How to start `identity-server`: its arguments, its environment and a directory of its own, which is also where it runs.
/// Starting the same launch again is a restart: the directory lasts as long as the launch or a server of it.
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

    /// Sets a variable; besides these the server sees `PATH` and `HOME` alone.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Where the server runs and keeps its data; a test may put files there.
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

    /// As [`start`](Self::start), but a server that ends instead of listening is an answer.
    pub async fn try_start(&self) -> Result<Server, Exited> {
        let server = self.begin().listening().await?;
        server.ready().await;
        Ok(server)
    }

    /// Starts the server on free ports and waits for nothing.
    pub fn begin(&self) -> Starting {
        let process = self.spawn(&["--port", "0", "--management-port", "0"]);
        Starting { process, directory: Arc::clone(&self.directory) }
    }

    /// Runs a command that ends by itself.
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

/// A server that has been started and may lack what it needs; it is killed with this value.
pub struct Starting {
    process: Process,
    directory: Arc<TempDir>,
}

impl Starting {
    /// What the operators reach, which is there first.
    pub async fn management(&self) -> Api {
        let address =
            self.process.await_line(|line| Some(format!("http://{}", line.strip_prefix("starting management=")?)));
        Api::new(address.await.unwrap_or_else(|| panic!("identity-server did not start; {}", self.process.output())))
    }

    /// Waits until the users reach it too, ready or not.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn listening(self) -> Result<Server, Exited> {
        let Some((http, management)) = self.process.await_line(listening).await else {
            return Err(self.process.exited().await);
        };
        let (http, management) = (Api::new(http), Api::new(management));
        Ok(Server { http, management, process: self.process, _directory: self.directory })
    }
}

/// A running server; it is killed with this value.
pub struct Server {
    http: Api,
    management: Api,
    process: Process,
    _directory: Arc<TempDir>,
}

impl Server {
    /// What the users reach.
    pub fn http(&self) -> &Api {
        &self.http
    }

    /// What the operators reach.
    pub fn management(&self) -> &Api {
        &self.management
    }

    /// The id of the process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// All that was said so far, on both streams.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Waits until the server has said this, on one of the streams; gives all that it has said by then. What it says about a
    /// request may be read after its answer.
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

    /// Memory that the server has in use now, in bytes (Linux).
    pub fn resident_bytes(&self) -> u64 {
        self.process.resident_bytes()
    }

    /// Asks the server to end (`SIGTERM`) and waits until it has.
    pub async fn terminate(self) -> Exited {
        self.ask_to_end();
        self.exited().await
    }

    /// Asks the server to end (`SIGTERM`).
    pub fn ask_to_end(&self) {
        self.process.terminate();
    }

    /// Lets the server do nothing until it is resumed (`SIGSTOP`).
    pub fn suspend(&self) {
        self.process.signal("STOP");
    }

    /// Lets a suspended server go on (`SIGCONT`).
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    /// Waits until the server has ended.
    pub async fn exited(self) -> Exited {
        self.process.exited().await
    }

    /// Ends the server without asking (`SIGKILL`).
    pub async fn kill(mut self) -> Exited {
        self.process.kill();
        self.process.exited().await
    }

    /// Waits until the server says that it is ready.
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

/// Reads `listening http=ADDRESS management=ADDRESS`, which the server prints once it accepts connections.
fn listening(line: &str) -> Option<(String, String)> {
    let mut words = line.strip_prefix("listening ")?.split(' ');
    let mut address = |name: &str| Some(format!("http://{}", words.next()?.strip_prefix(name)?));
    Some((address("http=")?, address("management=")?))
}

/// The server of the same build as the running test, which lies in `deps/` beside it.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its executable");
    let profile = test.parent().and_then(Path::parent).expect("a test executable lies in target/PROFILE/deps");
    profile.join(format!("identity-server{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands in for the server: says where it listens, is ready at the third question, ends with 3 when asked to.
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
