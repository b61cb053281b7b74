//! Real Keycloak, run as a child process with its own database.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::http::Api;
use crate::process::Process;
use crate::skip::skip_without;

/// Directory that `tests/keycloak/install` creates.
const HOME: &str = "keycloak-26.7.3";
/// User name and password of the administrator of the realm `master`.
pub const KEYCLOAK_ADMIN: (&str, &str) = ("admin", "admin");

/// Running Keycloak. It ends on drop, and at the latest with the test process.
pub struct Keycloak {
    base: String,
    home: PathBuf,
    directory: Arc<TempDir>,
    process: Process,
}

impl Keycloak {
    /// Starts a Keycloak that has only the realm `master`. When none is installed, the test is skipped and the result
    /// is `None`.
    pub async fn start() -> Option<Self> {
        let Some(home) = installed() else {
            skip_without("KEYCLOAK", "no Keycloak is installed: run `tests/keycloak/install target/test-cache`");
            return None;
        };
        let directory = TempDir::new().expect("a temporary directory");
        let copied = std::fs::copy(home.join("data/h2/keycloakdb.mv.db"), directory.path().join("keycloakdb.mv.db"));
        copied.expect("the installed Keycloak has a database");
        Some(Self::on(home, Arc::new(directory), None).await)
    }

    /// Returns the Keycloak that all tests of this executable share. Each test creates its own [`Realm`].
    pub async fn shared() -> Option<&'static Self> {
        static SHARED: OnceCell<Option<Keycloak>> = OnceCell::const_new();
        if installed().is_none() {
            return Self::start().await.map(|_| panic!("it is not installed"));
        }
        SHARED.get_or_init(Self::start).await.as_ref()
    }

    /// Stops Keycloak and starts it again on the same port with the same data.
    pub async fn restart(self) -> Self {
        self.stop().await.start().await
    }

    /// Stops Keycloak. Its data is kept for a later start.
    pub async fn stop(self) -> Stopped {
        let port = self.base.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        self.process.terminate();
        _ = self.process.exited().await;
        Stopped { home: self.home, directory: self.directory, port }
    }

    async fn on(home: PathBuf, directory: Arc<TempDir>, port: Option<u16>) -> Self {
        for _ in 0..5 {
            // Another process can take the port in the meantime. Keycloak then exits, and the loop tries again.
            let port = port.unwrap_or_else(free_port);
            let process = spawn(command(&home, directory.path(), port)).await;
            if process.await_line(|line| line.contains("Listening on:").then_some(())).await.is_some() {
                return Self { base: format!("http://127.0.0.1:{port}"), home, directory, process };
            }
            let said = process.output();
            assert!(
                said.contains("already in use") || said.contains("already bound"),
                "Keycloak did not start; {said}"
            );
        }
        panic!("Keycloak finds no free port");
    }

    /// Returns the base URL, `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns the installation directory; its tools are in `bin`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Returns `127.0.0.1:PORT`, for a [`Proxy`](crate::Proxy).
    pub fn authority(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Returns a client for the Admin API (`/admin/realms`) with a new token of the administrator. The token is valid
    /// for one minute.
    pub async fn admin(&self) -> Api {
        let token = password_token(&self.base, "master", "admin-cli", None, KEYCLOAK_ADMIN).await;
        Api::new(format!("{}/admin/realms", self.base)).bearer(token)
    }

    /// Returns a realm name that no other test uses.
    pub fn fresh_name(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        format!("realm-{}", COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates a realm for one test.
    pub async fn realm(&self) -> Realm<'_> {
        let name = self.fresh_name();
        let admin = self.admin().await;
        let body = json!({"realm": name, "id": name, "enabled": true, "sslRequired": "none"});
        _ = admin.post("", &body).await.expect_status(201);
        self.existing(name)
    }

    /// Returns a handle to an existing realm.
    pub fn existing(&self, name: impl Into<String>) -> Realm<'_> {
        Realm { keycloak: self, name: name.into() }
    }
}

/// Stopped Keycloak.
pub struct Stopped {
    home: PathBuf,
    directory: Arc<TempDir>,
    port: u16,
}

impl Stopped {
    /// Starts Keycloak again on the same port with the same data.
    pub async fn start(self) -> Keycloak {
        Keycloak::on(self.home, self.directory, Some(self.port)).await
    }
}

/// Realm of a running Keycloak.
pub struct Realm<'k> {
    keycloak: &'k Keycloak,
    pub name: String,
}

impl Deref for Realm<'_> {
    type Target = Keycloak;
    fn deref(&self) -> &Keycloak {
        self.keycloak
    }
}

impl Realm<'_> {
    /// Returns the issuer of the realm's tokens.
    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.base, self.name)
    }

    /// Returns a client for the Admin API of this realm, with paths such as `/users`.
    pub async fn api(&self) -> Api {
        self.admin().await.below(&format!("/{}", self.name))
    }

    /// Creates an entity at a path of the realm's Admin API and returns its ID.
    pub async fn create(&self, path: &str, body: &Value) -> String {
        let reply = self.api().await.post(path, body).await.expect_status(201);
        let location = reply.location().expect("Keycloak says where it is");
        location.path_segments().and_then(Iterator::last).expect("it ends in an id").to_owned()
    }

    /// Creates a confidential client with the authorization code, password and client credentials grants. Returns its
    /// internal ID. Members of `more` override the defaults.
    pub async fn client(&self, client_id: &str, secret: &str, redirect_uris: &[&str], more: Value) -> String {
        let mut client = json!({
            "clientId": client_id, "secret": secret, "redirectUris": redirect_uris, "standardFlowEnabled": true,
            "directAccessGrantsEnabled": true, "serviceAccountsEnabled": true, "publicClient": false,
        });
        merge(&mut client, more);
        self.create("/clients", &client).await
    }

    /// Creates a user who can sign in immediately and returns the user's ID.
    pub async fn user(&self, username: &str, password: &str) -> String {
        let user = json!({
            "username": username, "enabled": true, "email": format!("{username}@example.org"), "emailVerified": true,
            "firstName": username, "lastName": "Example",
            "credentials": [{"type": "password", "value": password, "temporary": false}],
        });
        self.create("/users", &user).await
    }

    /// Assigns roles of a client to a user or to a client's service account.
    pub async fn grant(&self, user: &str, client_id: &str, roles: &[&str]) {
        let api = self.api().await;
        let found = api.get(&format!("/clients?clientId={client_id}")).await.expect_status(200).json();
        let client = found[0]["id"].as_str().expect("there is such a client").to_owned();
        let mut wanted = Vec::new();
        for role in roles {
            wanted.push(api.get(&format!("/clients/{client}/roles/{role}")).await.expect_status(200).json());
        }
        let path = format!("/users/{user}/role-mappings/clients/{client}");
        _ = api.post(&path, &Value::Array(wanted)).await.expect_status(204);
    }

    /// Returns the ID of the service account user of a client.
    pub async fn service_account(&self, client: &str) -> String {
        let path = format!("/clients/{client}/service-account-user");
        let user = self.api().await.get(&path).await.expect_status(200).json();
        user["id"].as_str().expect("it has an id").to_owned()
    }

    /// Returns an access token of a user, by the password grant at a confidential client.
    pub async fn user_token(&self, client: (&str, &str), user: (&str, &str)) -> String {
        password_token(&self.base, &self.name, client.0, Some(client.1), user).await
    }

    /// Returns an access token of a client, by the client credentials grant.
    pub async fn client_token(&self, client_id: &str, secret: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)];
        token(&self.base, &self.name, &form).await
    }
}

async fn password_token(
    base: &str,
    realm: &str,
    client: &str,
    secret: Option<&str>,
    (user, password): (&str, &str),
) -> String {
    let mut form = vec![
        ("grant_type", "password"),
        ("client_id", client),
        ("username", user),
        ("password", password),
        ("scope", "openid"),
    ];
    form.extend(secret.map(|secret| ("client_secret", secret)));
    token(base, realm, &form).await
}

async fn token(base: &str, realm: &str, form: &[(&str, &str)]) -> String {
    let path = format!("/realms/{realm}/protocol/openid-connect/token");
    let reply = Api::new(base).post_form(&path, form).await.expect_status(200).json();
    reply["access_token"].as_str().expect("Keycloak answers with a token").to_owned()
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

fn installed() -> Option<PathBuf> {
    let default = || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-cache")).to_owned();
    let cache = std::env::var_os("IDENTITY_TEST_CACHE").map_or_else(default, PathBuf::from);
    let home = cache.join(HOME);
    home.join("complete").exists().then_some(home)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Builds the Java command that `bin/kc.sh start` runs. Run through the script, Java would be a grandchild and survive
/// the script.
fn command(home: &Path, directory: &Path, port: u16) -> Command {
    let (home, here) = (home.display(), directory.display());
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"]);
    command.args(
        ["util", "util.concurrent", "security", "lang"]
            .map(|of| format!("--add-opens=java.base/java.{of}=ALL-UNNAMED")),
    );
    command.arg(format!("-Dkc.home.dir={home}"));
    command.arg(format!("-Djboss.server.config.dir={home}/conf"));
    command.arg("-Djava.util.logging.manager=org.jboss.logmanager.LogManager");
    command.arg(format!("-Dquarkus.transaction-manager.object-store.directory={here}/transactions"));
    command.args(["-cp", &format!("{home}/lib/quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint"]);
    command.args(["start", "--optimized", "--cache=local", "--http-enabled=true", "--hostname-strict=false"]);
    command.args(["--http-host=127.0.0.1", &format!("--http-port={port}")]);
    command.arg(format!("--db-url=jdbc:h2:file:{here}/keycloakdb;NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE"));
    command
}

/// The parent-death signal of Keycloak is bound to the thread that starts it. This thread therefore lives as long as
/// the process.
async fn spawn(mut command: Command) -> Process {
    let (started, process) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        _ = started.send(Process::spawn(&mut command));
        loop {
            std::thread::park();
        }
    });
    process.await.expect("the thread lasts").expect("Keycloak starts")
}
