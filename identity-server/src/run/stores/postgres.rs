//! The store on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_postgres::{
    InvalidSettings, PasswordFile, PostgresSettings, PostgresStores, Probe, Schema, TlsMode,
};
use identity_core::port::StoreError;

use super::{Opened, Probed, Stores};
use crate::config::{self, Finding, Postgres, PostgresTarget, PostgresTls};

#[async_trait]
impl Opened for PostgresStores {
    async fn close(&self) {
        Self::close(self).await;
    }
}

pub(super) async fn open(postgres: &Postgres) -> Result<Stores, StoreError> {
    let stores = PostgresStores::connect(&settings(postgres)?);
    stores.migrate().await?;
    let (policy, audit) = (Arc::clone(&stores.policy), Arc::clone(&stores.audit));
    let (sessions, deletions) = (Arc::clone(&stores.sessions), Arc::clone(&stores.deletions));
    let (locks, cutoffs) = (Arc::clone(&stores.locks), Arc::clone(&stores.installation));
    let installation = Arc::clone(&stores.installation);
    Ok(Stores { policy, audit, sessions, deletions, locks, installation, cutoffs, opened: Box::new(stores) })
}

pub(super) async fn probe(postgres: &Postgres) -> Result<Probed, StoreError> {
    let Probe { schema, pending } = PostgresStores::connect(&settings(postgres)?).probe().await?;
    Ok(Probed { schema, pending })
}

/// Finds PostgreSQL settings that would abort start-up. Reads the CA file, but does not connect.
pub(super) fn problems(postgres: &Postgres) -> Vec<Finding> {
    const MARK: &str = "-----BEGIN CERTIFICATE-----";
    if let Some(Err(error)) = postgres.schema.as_deref().map(Schema::parse) {
        return vec![Finding::new("store.postgres.schema", error.to_string())];
    }
    let settings = match settings(postgres) {
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
fn settings(postgres: &Postgres) -> Result<PostgresSettings, StoreError> {
    let invalid = |error: InvalidSettings| StoreError::Schema(error.to_string());
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
    settings.password_file = postgres.password_file.clone().map(|file| match file {
        config::PasswordFile::Password(path) => PasswordFile::Password(path),
        config::PasswordFile::Url(path) => PasswordFile::Url(path),
    });
    settings.schema = postgres.schema.as_deref().map(Schema::parse).transpose().map_err(invalid)?;
    Ok(settings)
}
