//! Connectivity check of the services that a configuration names: database, identity providers and directory. Changes
//! nothing.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_system::SystemClock;
use identity_core::port::{Clock, EntityLock, EntityLocks, LockKey, StoreError, TokenCutoff, TokenCutoffStore};
use identity_core::service::Cutoffs;
use time::OffsetDateTime;

use crate::config::{Config, Store};
use crate::profile::{self, IssuerStatus, Shared};
use crate::run::{self, Probed};

/// Error that lists the services that cannot be used, one line each.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used:\n  - {}", if .0.len() == 1 { "a service" } else { "some services" }, .0.join("\n  - "))]
pub struct Unusable(Vec<String>);

/// Result line of one check: a message that the service is usable, or the reason why not.
type Line = Result<String, String>;

/// Tests every configured service. Writes one line per usable service to `output`.
///
/// # Errors
/// Returns the services that cannot be used, each with the reason.
pub fn check(config: &Config, output: &mut dyn Write) -> Result<(), Unusable> {
    let lines = actix_web::rt::System::new().block_on(ask(config));
    let mut unusable = Vec::new();
    for line in lines {
        match line {
            // Write errors are ignored: standard output may be closed.
            Ok(line) => _ = writeln!(output, "{line}"),
            Err(line) => unusable.push(line),
        }
    }
    if unusable.is_empty() { Ok(()) } else { Err(Unusable(unusable)) }
}

async fn ask(config: &Config) -> Vec<Line> {
    let mut lines = vec![store(&config.store).await];
    lines.extend(providers(config).await);
    lines.extend(directory(config).await);
    lines
}

async fn store(store: &Store) -> Line {
    match (store, run::probe(store).await) {
        (Store::Sqlite { data_dir }, _) => {
            let found = if data_dir.exists() { "exists" } else { "will be created" };
            Ok(format!("`store.sqlite.data-dir`: {} {found}", data_dir.display()))
        }
        (Store::Postgres(_), Ok(probed)) => {
            let Probed { schema, pending } = probed.unwrap_or_default();
            let place = schema.map_or_else(String::new, |schema| format!(", schema `{schema}`"));
            Ok(format!("`store.postgres`: can be used{place}; {pending} migrations to run"))
        }
        (Store::Postgres(_), Err(error)) => Err(format!("`store.postgres`: {}", chain(&error))),
    }
}

async fn providers(config: &Config) -> Vec<Line> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let providers = match profile::providers(config, &clock) {
        Ok(Some(providers)) => providers,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![Err(format!("`authentication.providers`: {error}"))],
    };
    providers.warm().await;
    let line = |status: IssuerStatus| {
        let provider = config.authentication.providers.iter().find(|provider| *provider.issuer == *status.issuer);
        let id = provider.map_or("default", |provider| provider.id.as_str());
        if status.has_keys {
            Ok(format!("`authentication.providers.{id}`: can be used; its signing keys were fetched"))
        } else {
            let why = status.last_error.unwrap_or_else(|| "it has no signing keys".to_owned());
            Err(format!("`authentication.providers.{id}`: {why}"))
        }
    };
    providers.issuers().into_iter().map(line).collect()
}

async fn directory(config: &Config) -> Option<Line> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cutoffs = Arc::new(Cutoffs::new(Arc::new(Nothing), clock));
    let shared = Shared { locks: Arc::new(Nothing), cutoffs, installation: None };
    let directory = match profile::directory(config, shared) {
        Ok(directory) => directory?,
        Err(error) => return Some(Err(format!("`keycloak`: {error}"))),
    };
    Some(match directory.missing().await {
        Ok(missing) => Ok(format!("`keycloak`: can be used; {} changes are pending", missing.len())),
        Err(not_yet) => Err(format!("`keycloak`: {not_yet}")),
    })
}

/// Stores without function, for the read-only check: locks are always granted, and there are no token cutoffs.
struct Nothing;

#[async_trait]
impl EntityLocks for Nothing {
    async fn lock(&self, _: &LockKey) -> Result<EntityLock, StoreError> {
        Ok(EntityLock::new(Vec::new()))
    }

    async fn lock_directory(&self, _longest: Duration) -> Result<EntityLock, StoreError> {
        Ok(EntityLock::new(Vec::new()))
    }

    async fn lock_administrators(&self) -> Result<EntityLock, StoreError> {
        Ok(EntityLock::new(Vec::new()))
    }
}

#[async_trait]
impl TokenCutoffStore for Nothing {
    async fn put(&self, _: &TokenCutoff) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self, _: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError> {
        Ok(Vec::new())
    }

    async fn sweep(&self, _: OffsetDateTime) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Formats an error and its causes on one line, separated by colons.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
