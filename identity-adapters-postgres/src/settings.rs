//! Connection settings and timeouts of the PostgreSQL stores.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use identity_core::value::Secret;
use percent_encoding::percent_decode_str;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// Connection settings and timeouts. [`Self::new`] sets the defaults.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Host name, IP address, or directory of a Unix socket.
    pub host: String,
    /// TCP port (default: 5432).
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Role to log in as. It owns the tables.
    pub username: String,
    /// Password of the role, if the server requires one.
    pub password: Option<Secret>,
    /// File from which the password was read, if any. It is read again while the server runs, so that the password can
    /// be changed.
    pub password_file: Option<PasswordFile>,
    /// Required level of TLS (default: [`TlsMode::Prefer`]).
    pub tls: TlsMode,
    /// PEM file of the certificate authority to trust, in place of the public ones.
    pub tls_root_certificate: Option<PathBuf>,
    /// Schema of the tables (default: that of the role). Created if it does not exist.
    pub schema: Option<Schema>,
    /// Maximum number of pooled connections (default: 10). The connection that listens for changes and the connections
    /// that hold entity locks are not counted.
    pub max_connections: u32,
    /// Timeout for acquiring a connection from the pool (default: 5 s).
    pub acquire_timeout: Duration,
    /// Timeout for the write lock (default: 10 s).
    pub lock_timeout: Duration,
    /// Timeout for a response of the database (default: 5 s), after which the connection is closed. For searches, the
    /// statement timeout is added. Migrations and the loading of all data have longer timeouts.
    pub answer_timeout: Duration,
    /// Timeout for one statement (default: 30 s).
    pub statement_timeout: Duration,
    /// Polling interval for changes by other replicas if no notification arrives (default: 1 s).
    pub polling: Duration,
}

/// File with the role's password. Its text may change while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordFile {
    /// The file contains only the password.
    Password(PathBuf),
    /// The file contains a connection URL. Of later changes to the file, only the password takes effect.
    Url(PathBuf),
}

/// Required level of TLS. The values are those of libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS if the server offers it. Gives no protection against active attackers.
    #[default]
    Prefer,
    /// TLS, without verification of the server's certificate.
    Require,
    /// TLS, with a server certificate that a trusted authority signed.
    VerifyCa,
    /// TLS as with `verify-ca`. The certificate must also be valid for the host name.
    VerifyFull,
}

/// Schema of the tables, optionally followed by further schemas of the search path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    first: String,
    others: Vec<String>,
}

/// Error in settings. Its message contains no part of a connection URL except names of parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// The text is not a PostgreSQL connection URL with host, user and database.
    #[error("the connection URL must look like `postgres://user:password@host:port/database?sslmode=verify-full`")]
    Url,
    /// The query of the URL has a parameter other than `sslmode` and `sslrootcert`. Holds its name.
    #[error("the connection URL has an unknown parameter `{0}`; `sslmode` and `sslrootcert` are supported")]
    Parameter(String),
    /// The value of `sslmode` is unknown.
    #[error("`sslmode` must be disable, prefer, require, verify-ca or verify-full")]
    TlsMode,
    /// A schema name is empty, longer than 63 bytes, or contains control characters.
    #[error("a schema must be a name of 1 to 63 bytes, or several such names separated by commas")]
    Schema,
}

impl PostgresSettings {
    /// Creates settings with a host, a database, a role, and defaults for all other fields.
    #[must_use]
    pub fn new(host: &str, database: &str, username: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: 5432,
            database: database.to_owned(),
            username: username.to_owned(),
            password: None,
            password_file: None,
            tls: TlsMode::default(),
            tls_root_certificate: None,
            schema: None,
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            polling: Duration::from_secs(1),
        }
    }

    /// Parses a URL such as `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=/ca.pem`.
    /// Reserved characters must be percent-encoded (RFC 3986 §2.1), as must the directory of a Unix socket in place of
    /// the host.
    ///
    /// # Errors
    /// If the text is not such a URL.
    pub fn from_url(url: &Secret) -> Result<Self, InvalidSettings> {
        let url = Url::parse(url.expose()).map_err(|_| InvalidSettings::Url)?;
        let host = url.host_str().map(decoded).transpose()?.filter(|host| !host.is_empty());
        let database = decoded(url.path().trim_start_matches('/'))?;
        let username = decoded(url.username())?;
        let host = host.filter(|_| matches!(url.scheme(), "postgres" | "postgresql"));
        let (Some(host), false, false) = (host, database.is_empty(), username.is_empty()) else {
            return Err(InvalidSettings::Url);
        };
        let mut settings = Self::new(host.trim_start_matches('[').trim_end_matches(']'), &database, &username);
        settings.port = url.port().unwrap_or(settings.port);
        settings.password = url.password().map(decoded).transpose()?.map(|text| Secret::new(text.into_owned()));
        for (name, value) in url.query_pairs() {
            match &*name {
                "sslmode" => settings.tls = TlsMode::parse(&value)?,
                "sslrootcert" => settings.tls_root_certificate = Some(PathBuf::from(&*value)),
                _ => return Err(InvalidSettings::Parameter(name.into_owned())),
            }
        }
        Ok(settings)
    }

    pub(crate) fn address(&self) -> Address {
        Address(Arc::new(RwLock::new(self.options())))
    }

    fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .database(&self.database)
            .username(&self.username)
            .password(self.password.as_ref().map_or("", Secret::expose))
            .application_name("identity")
            .ssl_mode(match self.tls {
                TlsMode::Disable => PgSslMode::Disable,
                TlsMode::Prefer => PgSslMode::Prefer,
                TlsMode::Require => PgSslMode::Require,
                TlsMode::VerifyCa => PgSslMode::VerifyCa,
                TlsMode::VerifyFull => PgSslMode::VerifyFull,
            });
        match &self.tls_root_certificate {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        }
    }
}

/// Connection options of the driver. Unlike the driver's own type, `Debug` omits the password.
#[derive(Clone)]
pub(crate) struct Address(Arc<RwLock<PgConnectOptions>>);

impl Address {
    /// Returns the current connection options, including the password.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the password for future connections. Returns the changed options.
    pub(crate) fn change_password(&self, password: &Secret) -> PgConnectOptions {
        let mut options = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *options = options.clone().password(password.expose());
        options.clone()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = self.options();
        write!(f, "{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or_default())
    }
}

fn decoded(part: &str) -> Result<Cow<'_, str>, InvalidSettings> {
    percent_decode_str(part).decode_utf8().map_err(|_| InvalidSettings::Url)
}

impl TlsMode {
    /// Parses a value of `sslmode`, such as `verify-full`.
    ///
    /// # Errors
    /// If the mode is unknown.
    pub fn parse(text: &str) -> Result<Self, InvalidSettings> {
        match text {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(InvalidSettings::TlsMode),
        }
    }
}

impl Schema {
    /// Parses a name, or a comma-separated list of names, as in the parameter `currentSchema` of JDBC URLs. Names are
    /// taken literally, with any case and any characters except commas and control characters.
    ///
    /// # Errors
    /// If a name is empty, has control characters, or exceeds PostgreSQL's limit of 63 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSettings> {
        let fits = |name: &&str| (1..=63).contains(&name.len()) && !name.contains(char::is_control);
        let mut names = text.split(',').map(str::trim).map(|name| Some(name).filter(fits).map(str::to_owned));
        let first = names.next().flatten().ok_or(InvalidSettings::Schema)?;
        let others = names.collect::<Option<_>>().ok_or(InvalidSettings::Schema)?;
        Ok(Self { first, others })
    }

    /// Returns the name of the schema of the tables, without quotes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.first
    }

    /// Returns the schema of the tables as a quoted SQL identifier.
    pub(crate) fn identifier(&self) -> String {
        quoted(&self.first)
    }

    /// Returns the value of `search_path`: all schemas as quoted identifiers.
    pub(crate) fn search_path(&self) -> String {
        [&self.first].into_iter().chain(&self.others).map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_url(url: &str) -> Result<PostgresSettings, InvalidSettings> {
        PostgresSettings::from_url(&Secret::new(url.to_owned()))
    }

    #[test]
    fn a_url_says_it_all() {
        let url = "postgres://ann%40example:p%40ss%2Fw%3Ard@db.example.com:6432/my%20db?sslmode=verify-full&sslrootcert=/ca.pem";
        let settings = from_url(url).unwrap();
        assert_eq!(
            (settings.host.as_str(), settings.port, settings.database.as_str()),
            ("db.example.com", 6432, "my db")
        );
        assert_eq!(settings.username, "ann@example");
        assert_eq!(settings.password, Some(Secret::new("p@ss/w:rd".to_owned())));
        assert_eq!(
            (settings.tls, settings.tls_root_certificate),
            (TlsMode::VerifyFull, Some(PathBuf::from("/ca.pem")))
        );
        assert_eq!(from_url("postgres://u@%2Frun%2Fpostgresql/d").unwrap().host, "/run/postgresql");
        assert_eq!(from_url("postgresql://u@[::1]/d").unwrap().host, "::1");
    }

    #[test]
    fn what_is_not_understood_is_refused_without_quoting_it() {
        for url in [
            "",
            "s3cret",
            "mysql://u:s3cret@h/d",
            "postgres://u:s3cret@h",
            "postgres://h/s3cret",
            "postgres://u:s3cret@h:x/d",
        ] {
            let error = from_url(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{url}");
        }
        assert_eq!(
            from_url("postgres://u@h/d?options=x").unwrap_err(),
            InvalidSettings::Parameter("options".to_owned())
        );
        assert_eq!(from_url("postgres://u@h/d?sslmode=allow").unwrap_err(), InvalidSettings::TlsMode);
    }

    #[test]
    fn debug_hides_the_password() {
        let shown = format!("{:?}", from_url("postgres://u:s3cret@h/d").unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_schema_is_any_name_or_a_list() {
        for (text, search_path) in [
            ("identity_2", r#""identity_2""#),
            ("camunda-identity", r#""camunda-identity""#),
            ("Identity", r#""Identity""#),
            ("a\"b", r#""a""b""#),
            ("a, public", r#""a", "public""#),
        ] {
            assert_eq!(Schema::parse(text).unwrap().search_path(), search_path);
        }
        for text in ["", " ", "a,", ",a", "a\nb", &"x".repeat(64)] {
            assert!(Schema::parse(text).is_err(), "{text}");
        }
    }
}
