//! Database of the policy data (section `store`).

use std::path::PathBuf;

use identity_core::value::Secret;
use url::Url;

use super::choices::{PostgresTls, StoreKind};
use super::reader::{Reader, filled};

/// Database of the policy data (section `store`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// Embedded SQLite database in files on this machine.
    Sqlite {
        /// Directory of the files; created if missing (default: `.identity`).
        data_dir: PathBuf,
    },
    /// PostgreSQL, which several replicas can share.
    Postgres(Box<Postgres>),
}

/// Connection settings for PostgreSQL (section `store.postgres`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// Address of the database and credentials, as a URL or as single settings.
    pub target: PostgresTarget,
    /// File from which the password, or the URL with the password, was read.
    pub password_file: Option<PasswordFile>,
    /// TLS mode; `None` uses the mode of the URL, else [`PostgresTls::Prefer`].
    pub tls: Option<PostgresTls>,
    /// PEM file with the certificate authorities for the server's certificate.
    pub ca_file: Option<PathBuf>,
    /// Maximum number of pooled connections (default: 10).
    pub max_connections: u32,
    /// Schema of the tables, optionally followed by further schemas of the search path; `None` uses the search path of
    /// the user. The store validates it.
    pub schema: Option<String>,
}

/// File with the password of the database user. Its text may change while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordFile {
    /// The file contains only the password.
    Password(PathBuf),
    /// The file contains a connection URL. Of later changes to the file, only the password takes effect.
    Url(PathBuf),
}

/// Address of the database and credentials, as a URL or as individual settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresTarget {
    /// URL of the form `postgres://user:password@host:port/database`.
    Url(Secret),
    /// Individual settings, as an alternative to the URL.
    Parts {
        /// Host name or IP address of the database server.
        host: String,
        /// Port of the database server (default: 5432).
        port: u16,
        /// Name of the database on the server.
        database: String,
        /// Name of the database user, which needs privileges to create tables.
        username: String,
        /// Password; `None` if the server requires none.
        password: Option<Secret>,
    },
}

impl Postgres {
    /// Returns the password of the database user, from the settings or from the URL, if there is one.
    #[must_use]
    pub fn password(&self) -> Option<Secret> {
        match &self.target {
            PostgresTarget::Parts { password, .. } => password.clone(),
            PostgresTarget::Url(url) => {
                let url = Url::parse(url.expose()).ok()?;
                url.password().map(|password| Secret::new(password.to_owned()))
            }
        }
    }
}

impl Store {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let implied = if from.given("postgres") { StoreKind::Postgres } else { StoreKind::Sqlite };
        let kind = from.choice("kind", &StoreKind::WORDS).unwrap_or(implied);
        if kind == StoreKind::Sqlite && implied == StoreKind::Postgres {
            from.problem("kind", "must not be `sqlite` with values under `store.postgres`");
        }
        match kind {
            StoreKind::Postgres => {
                Postgres::read(&from.section("postgres")).map(|postgres| Self::Postgres(Box::new(postgres)))
            }
            StoreKind::Sqlite => from.section("sqlite").file_path("data-dir").map(|data_dir| Self::Sqlite { data_dir }),
        }
    }
}

impl Postgres {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let tls = from.choice("tls", &PostgresTls::WORDS);
        let target = if from.given("url") || from.given("url-file") { url(from, tls) } else { parts(from) };
        let password_file = if from.given("url-file") {
            from.file_path("url-file").map(PasswordFile::Url)
        } else {
            from.file_path("password-file").map(PasswordFile::Password)
        };
        let ca_file = from.file_path("ca-file");
        if ca_file.is_some() && tls == Some(PostgresTls::Disable) {
            from.problem("ca-file", "has no effect with `store.postgres.tls: disable`");
        }
        let max_connections = from.number("max-connections");
        let schema = from.get("schema", |text| filled(text).map(str::to_owned));
        Some(Self { target: target?, password_file, tls, ca_file, max_connections: max_connections?, schema })
    }
}

fn url(from: &Reader<'_>, tls: Option<PostgresTls>) -> Option<PostgresTarget> {
    for part in ["host", "port", "database", "username", "password", "password-file"] {
        if from.given(part) {
            from.problem(part, "has no effect with `store.postgres.url`");
        }
    }
    let secret = from.secret("url")?;
    let Some(url) = Url::parse(secret.expose()).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))
    else {
        from.problem("url", "must be a URL of the form `postgres://user:password@host:port/database`");
        return None;
    };
    if tls.is_some() && url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode")) {
        from.problem("tls", "is also set by the `sslmode` of `store.postgres.url`");
    }
    Some(PostgresTarget::Url(secret))
}

fn parts(from: &Reader<'_>) -> Option<PostgresTarget> {
    let text = |text: &str| filled(text).map(str::to_owned);
    let host = from.require("host", text);
    let port = from.number("port");
    let database = from.require("database", text);
    let username = from.require("username", text);
    let password = from.secret("password");
    Some(PostgresTarget::Parts { host: host?, port: port?, database: database?, username: username?, password })
}
