//! LDAP server, run as a child process.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;
use crate::skip::skip_without;

/// File that `tests/ldap/install` downloads.
const JAR: &str = "unboundid-ldapsdk-7.0.3.jar";
/// Base DN of all entries.
const BASE: &str = "dc=example,dc=org";

/// Running LDAP server. It ends on drop.
pub struct Ldap {
    port: u16,
    _process: Process,
    _directory: TempDir,
}

impl Ldap {
    /// Starts a server with users given as `(uid, given name, surname, password)`, without email addresses. When none
    /// is installed, the test is skipped and the result is `None`.
    pub async fn start(users: &[(&str, &str, &str, &str)]) -> Option<Self> {
        let Some(jar) = installed() else {
            skip_without("LDAP", "no LDAP server is installed: run `tests/ldap/install target/test-cache`");
            return None;
        };
        let directory = TempDir::new().expect("a temporary directory");
        let entries = directory.path().join("entries.ldif");
        std::fs::write(&entries, ldif(users)).expect("a writable directory");
        let mut command = Command::new("java");
        command.arg("-cp").arg(jar).arg("com.unboundid.ldap.listener.InMemoryDirectoryServerTool");
        command.args(["--baseDN", BASE, "--port", "0", "--useDefaultSchema", "--ldifFile"]).arg(entries);
        let process = Process::spawn(&mut command).expect("java starts");
        let port = |line: &str| {
            line.strip_prefix("Listening for client connections on port ")?.strip_suffix('.')?.parse().ok()
        };
        let port = process.await_line(port).await;
        let port = port.unwrap_or_else(|| panic!("the LDAP server did not start; {}", process.output()));
        Some(Self { port, _process: process, _directory: directory })
    }

    /// Returns the URL, `ldap://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Returns the base DN of the users.
    pub fn users(&self) -> String {
        format!("ou=people,{BASE}")
    }
}

fn ldif(users: &[(&str, &str, &str, &str)]) -> String {
    let mut text = format!(
        "dn: {BASE}\nobjectClass: top\nobjectClass: domain\ndc: example\n\n\
         dn: ou=people,{BASE}\nobjectClass: top\nobjectClass: organizationalUnit\nou: people\n\n"
    );
    for (uid, given, surname, password) in users {
        let classes = ["top", "person", "organizationalPerson", "inetOrgPerson"];
        let classes: String = classes.iter().map(|class| format!("objectClass: {class}\n")).collect();
        text += &format!(
            "dn: uid={uid},ou=people,{BASE}\n{classes}uid: {uid}\ncn: {given}\ngivenName: {given}\nsn: {surname}\n\
             userPassword: {password}\n\n"
        );
    }
    text
}

fn installed() -> Option<PathBuf> {
    let default = || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-cache")).to_owned();
    let cache = std::env::var_os("IDENTITY_TEST_CACHE").map_or_else(default, PathBuf::from);
    Some(cache.join(JAR)).filter(|jar| jar.exists())
}
