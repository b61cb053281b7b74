//! Opening of the configured store, SQLite or PostgreSQL.

use std::sync::Arc;

use identity_adapters_postgres::{PostgresSettings, PostgresStores, TlsMode};
use identity_adapters_sqlite::SqliteStores;
use identity_core::port::{
    AuditLog, DeletionJournal, EntityLocks, InstallationStore, PolicyStore, SessionStore, StoreError, TokenCutoffStore,
};

use crate::config::{Finding, Postgres, PostgresTarget, PostgresTls, Store};

/// Ports of the opened store, independent of the implementation.
pub(super) struct Stores {
    pub(super) policy: Arc<dyn PolicyStore>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) sessions: Arc<dyn SessionStore>,
    pub(super) deletions: Arc<dyn DeletionJournal>,
    pub(super) locks: Arc<dyn EntityLocks>,
    pub(super) installation: Arc<dyn InstallationStore>,
    pub(super) cutoffs: Arc<dyn TokenCutoffStore>,
    opened: Opened,
}

enum Opened {
    Sqlite(SqliteStores),
    Postgres(PostgresStores),
}

impl Stores {
    pub(super) async fn open(store: &Store) -> Result<Self, StoreError> {
        match store {
            Store::Sqlite { data_dir } => {
                let stores = SqliteStores::open(data_dir.join("identity.db")).await?;
                let (policy, audit) = (Arc::clone(&stores.policy), Arc::clone(&stores.audit));
                let (sessions, deletions) = (Arc::clone(&stores.sessions), Arc::clone(&stores.deletions));
                let (locks, cutoffs) = (Arc::clone(&stores.locks), Arc::clone(&stores.installation));
                let installation = Arc::clone(&stores.installation);
                Ok(Self {
                    policy,
                    audit,
                    sessions,
                    deletions,
                    locks,
                    installation,
                    cutoffs,
                    opened: Opened::Sqlite(stores),
                })
            }
            Store::Postgres(postgres) => {
                let stores = PostgresStores::connect(&postgres_settings(postgres)?);
                stores.migrate().await?;
                let (policy, audit) = (Arc::clone(&stores.policy), Arc::clone(&stores.audit));
                let (sessions, deletions) = (Arc::clone(&stores.sessions), Arc::clone(&stores.deletions));
                let (locks, cutoffs) = (Arc::clone(&stores.locks), Arc::clone(&stores.installation));
                let installation = Arc::clone(&stores.installation);
                Ok(Self {
                    policy,
                    audit,
                    sessions,
                    deletions,
                    locks,
                    installation,
                    cutoffs,
                    opened: Opened::Postgres(stores),
                })
            }
        }
    }

    pub(super) async fn close(&self) {
        match &self.opened {
            Opened::Sqlite(stores) => stores.close().await,
            Opened::Postgres(stores) => stores.close().await,
        }
    }
}

/// Finds PostgreSQL settings that would abort start-up. Reads the CA file, but does not connect.
pub(crate) fn postgres_problems(postgres: &Postgres) -> Vec<Finding> {
    const MARK: &str = "-----BEGIN CERTIFICATE-----";
    let settings = match postgres_settings(postgres) {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::new("store.postgres.url", error.to_string())],
    };
    let from_url = postgres.ca_file.is_none();
    let key = if from_url { "store.postgres.url" } else { "store.postgres.ca-file" };
    let unusable = settings.tls_root_certificate.and_then(|file| match std::fs::read_to_string(file) {
        Err(error) => Some(format!("names a CA file that cannot be read: {}", error.kind())),
        Ok(text) if !text.contains(MARK) => Some("must name a file with certificates in PEM".to_owned()),
        Ok(_) => None,
    });
    unusable.map(|message| Finding::new(key, message)).into_iter().collect()
}

/// Converts the configuration to the adapter's settings. Fails if the URL is invalid.
pub(crate) fn postgres_settings(postgres: &Postgres) -> Result<PostgresSettings, StoreError> {
    let invalid = |error: identity_adapters_postgres::InvalidSettings| StoreError::Schema(error.to_string());
    let mut settings = match &postgres.target {
        PostgresTarget::Url(url) => PostgresSettings::from_url(url).map_err(invalid)?,
        PostgresTarget::Parts { host, port, database, username, password } => {
            let mut settings = PostgresSettings::new(host, database, username);
            settings.port = *port;
            settings.password.clone_from(password);
            settings
        }
    };
    if let Some(tls) = postgres.tls {
        settings.tls = match tls {
            PostgresTls::Disable => TlsMode::Disable,
            PostgresTls::Prefer => TlsMode::Prefer,
            PostgresTls::Require => TlsMode::Require,
            PostgresTls::VerifyCa => TlsMode::VerifyCa,
            PostgresTls::VerifyFull => TlsMode::VerifyFull,
        };
    }
    settings.tls_root_certificate = postgres.ca_file.clone().or(settings.tls_root_certificate);
    settings.max_connections = postgres.max_connections;
    settings.password_file.clone_from(&postgres.password_file);
    settings.schema.clone_from(&postgres.schema);
    Ok(settings)
}
