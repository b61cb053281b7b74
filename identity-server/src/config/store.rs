//! Where policy data is kept.

use std::path::PathBuf;

use identity_adapters_postgres::{PasswordFile, Schema};
use identity_core::value::Secret;
use url::Url;

use super::reader::{Reader, filled};

/// Where policy data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In files of this machine.
    Sqlite {
        /// The directory; made when it is missing.
        data_dir: PathBuf,
    },
    /// In a database server.
    Postgres(Box<Postgres>),
}

/// How to reach PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// Which database, and who this server is there.
    pub target: PostgresTarget,
    /// The file that the password, or the URL with it, came from.
    pub password_file: Option<PasswordFile>,
    /// How the connection is protected; as a URL says when not given, else [`PostgresTls::Prefer`].
    pub tls: Option<PostgresTls>,
    /// The authorities that may sign the server's certificate.
    pub ca_file: Option<PathBuf>,
    /// The most connections held at once.
    pub max_connections: u32,
    /// The schema of the tables; the user's first one when not given.
    pub schema: Option<Schema>,
}

/// Which database, and who this server is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresTarget {
    /// All in one: `postgres://user:password@host:port/database`.
    Url(Secret),
    /// In parts.
    Parts {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// The database's name.
        database: String,
        /// The user's name.
        username: String,
        /// The user's password; none where the server trusts the connection.
        password: Option<Secret>,
    },
}

impl Postgres {
    /// The database user's password, where there is one.
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

/// How a connection is protected (libpq's `sslmode`, less `allow`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresTls {
    /// Not at all.
    Disable,
    /// Encrypted where the server can.
    Prefer,
    /// Encrypted.
    Require,
    /// And the certificate is signed by a known authority.
    VerifyCa,
    /// And it is the host's.
    VerifyFull,
}

impl PostgresTls {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

impl Store {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let postgres = from.given("postgres");
        let chosen = from.choice("kind", |word| match word {
            "postgres" => Some(true),
            "sqlite" => Some(false),
            _ => None,
        });
        if chosen == Some(false) && postgres {
            from.problem("kind", "is `sqlite`, but there are values under `store.postgres`");
        }
        if chosen.unwrap_or(postgres) {
            Postgres::read(&from.section("postgres")).map(|postgres| Self::Postgres(Box::new(postgres)))
        } else {
            from.section("sqlite").file_path("data-dir").map(|data_dir| Self::Sqlite { data_dir })
        }
    }
}

impl Postgres {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let tls = from.choice("tls", PostgresTls::parse);
        let target = if from.given("url") || from.given("url-file") { url(from, tls) } else { parts(from) };
        let password_file = if from.given("url-file") {
            from.file_path("url-file").map(PasswordFile::Url)
        } else {
            from.file_path("password-file").map(PasswordFile::Password)
        };
        let ca_file = from.file_path("ca-file");
        if ca_file.is_some() && tls == Some(PostgresTls::Disable) {
            from.problem("ca-file", "has no use when `store.postgres.tls` is `disable`");
        }
        let max_connections = from.number("max-connections", 1..=1000);
        let schema = from.get("schema", Schema::parse);
        Some(Self { target: target?, password_file, tls, ca_file, max_connections: max_connections?, schema })
    }
}

fn url(from: &Reader<'_>, tls: Option<PostgresTls>) -> Option<PostgresTarget> {
    for part in ["host", "port", "database", "username", "password", "password-file"] {
        if from.given(part) {
            from.problem(part, "has no use beside `store.postgres.url`");
        }
    }
    let secret = from.secret("url")?;
    let Some(url) = Url::parse(secret.expose()).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))
    else {
        from.problem("url", "must be a url of the form `postgres://user:password@host:port/database`");
        return None;
    };
    if tls.is_some() && url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode")) {
        from.problem("tls", "is also given by the `sslmode` of `store.postgres.url`");
    }
    Some(PostgresTarget::Url(secret))
}

fn parts(from: &Reader<'_>) -> Option<PostgresTarget> {
    let text = |text: &str| filled(text).map(str::to_owned);
    let host = from.require("host", text);
    let port = from.number("port", 1..=65_535);
    let database = from.require("database", text);
    let username = from.require("username", text);
    let password = from.secret("password");
    Some(PostgresTarget::Parts { host: host?, port: port?, database: database?, username: username?, password })
}
