//! Browser sign-in: through providers where this server is a client, or with passwords of stored users.

use std::net::SocketAddr;
use std::sync::Arc;

use identity_core::engine::Engine;
use identity_core::port::{Entitlements, SessionStore};
use identity_core::service::Authorizer;
use identity_core::service::recent_callers::{KeptClaims, LastSignIns, RecentCallers};
use identity_core::service::session::{SessionPorts, SessionSettings, Sessions};
use identity_core::value::Secret;
use identity_http::SignIn;
use tracing::warn;
use url::Url;

use super::{AssemblyError, Providers};
use crate::config::{Config, Store};
use identity_adapters_system::{SealingKey, SystemCrypto};

/// Services with which sign-in identifies users and looks up their rights.
pub(super) struct People<'p> {
    /// Providers of users, in profiles that accept tokens.
    pub(super) providers: Option<&'p dyn Providers>,
    /// Whether users can sign in with passwords of this server's store.
    pub(super) passwords: bool,
    /// Port that looks up groups and permissions of signed-in users in a directory.
    pub(super) entitlements: Option<Arc<dyn Entitlements>>,
    /// Record of recent callers, to which sign-ins are added.
    pub(super) logins: Arc<RecentCallers>,
}

/// Builds browser sign-in; `None` if the profile has neither sign-in providers nor passwords.
pub(super) fn sign_in(
    config: &Config,
    engine: &Arc<Engine>,
    store: &Arc<dyn SessionStore>,
    people: People<'_>,
    listening: SocketAddr,
) -> Result<Option<SignIn>, AssemblyError> {
    let People { providers, passwords, entitlements, logins } = people;
    let providers = providers.map(|providers| providers.sign_in(config)).transpose()?.unwrap_or_default();
    if providers.is_empty() && !passwords {
        return Ok(None);
    }
    let base = public_url(config, listening);
    if config.server.public_url.is_none() && !providers.is_empty() {
        warn!("`server.public-url` is not set; providers redirect browsers to {base}");
    }
    let keys = if providers.is_empty() { form_keys(config)? } else { keys(config)? };
    let ports =
        SessionPorts { store: Arc::clone(store), crypto: Arc::new(SystemCrypto::new(keys)), providers, entitlements };
    let settings = SessionSettings {
        idle: config.session.idle,
        longest: config.session.longest,
        most_per_principal: config.session.most_per_user,
        redirect_uri: format!("{base}/auth/login-callback"),
        signed_out_uri: format!("{base}/auth/logged-out"),
    };
    let sessions = Sessions::new(Arc::clone(engine), Authorizer::management(Arc::clone(engine)), ports, settings);
    let sessions = sessions.noting(logins);
    Ok(Some(SignIn {
        sessions: Arc::new(sessions),
        passwords,
        setup: None,
        https: is_https(config),
        base_path: config.server.base_path.clone(),
    }))
}

/// Builds the store of last sign-ins; `None` if it is disabled, or no key is available that outlives this process.
pub(super) fn last_sign_ins(
    config: &Config,
    store: &Arc<dyn SessionStore>,
    logins: &Arc<RecentCallers>,
) -> Result<Option<LastSignIns>, AssemblyError> {
    if logins.kept() == KeptClaims::None {
        return Ok(None);
    }
    let Some(keys) = lasting_keys(config)?.map_or_else(|| password_key(config), |keys| Ok(Some(keys)))? else {
        warn!("session.key.ephemeral: claims are kept in memory only; set `session.encryption-key` to store them");
        return Ok(None);
    };
    Ok(Some(LastSignIns::new(Arc::clone(logins), Arc::clone(store), Arc::new(SystemCrypto::new(keys)))))
}

/// Whether browsers reach this server over HTTPS, according to the public URL.
pub(crate) fn is_https(config: &Config) -> bool {
    config.server.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// Returns the base URL of this server for browsers, without a trailing slash. Never derived from request headers.
fn public_url(config: &Config, listening: SocketAddr) -> String {
    let configured = config.server.public_url.as_ref().map(Url::as_str);
    configured.map_or_else(
        || {
            let host = if listening.ip().is_unspecified() {
                format!("localhost:{}", listening.port())
            } else {
                listening.to_string()
            };
            format!("http://{host}{}", config.server.base_path)
        },
        |url| url.trim_end_matches('/').to_owned(),
    )
}

/// Returns the sealing keys of sessions: the configured keys, else a key derived from a client secret. Without either,
/// SQLite uses a key file in the data directory, and PostgreSQL an ephemeral key.
fn keys(config: &Config) -> Result<Vec<SealingKey>, AssemblyError> {
    lasting_keys(config)?.map_or_else(passing_key, Ok)
}

/// Returns the sealing keys that are the same after a restart, and on all replicas: as [`keys`], but `None` instead of
/// an ephemeral key.
fn lasting_keys(config: &Config) -> Result<Option<Vec<SealingKey>>, AssemblyError> {
    let session = &config.session;
    if session.key.is_some() {
        // The configuration checks have already verified that both keys can be parsed.
        let keys = [&session.key, &session.previous_key].into_iter().flatten().filter_map(SealingKey::parse);
        return Ok(Some(keys.collect()));
    }
    if let Some(secret) = config.authentication.client_secret() {
        return derived_key(secret).map(Some);
    }
    match &config.store {
        Store::Sqlite { data_dir } => {
            let path = data_dir.join("session.key");
            let key = SealingKey::in_file(&path);
            let refuse = |source| AssemblyError::File { path: path.display().to_string(), source };
            Ok(Some(vec![key.map_err(refuse)?]))
        }
        Store::Postgres(_) => Ok(None),
    }
}

/// Returns a key that is derived from the database password; `None` without one.
fn password_key(config: &Config) -> Result<Option<Vec<SealingKey>>, AssemblyError> {
    let Store::Postgres(postgres) = &config.store else { return Ok(None) };
    postgres.password().map(|password| derived_key(&password)).transpose()
}

fn derived_key(secret: &Secret) -> Result<Vec<SealingKey>, AssemblyError> {
    SealingKey::derived(secret).map(|key| vec![key]).ok_or(AssemblyError::NoRandomness)
}

/// Returns the sealing keys of sign-in forms, which protect no tokens. As [`keys`], except on PostgreSQL without a
/// configured key: a key derived from the database password, else an ephemeral key.
fn form_keys(config: &Config) -> Result<Vec<SealingKey>, AssemblyError> {
    if config.session.key.is_some() || matches!(config.store, Store::Sqlite { .. }) {
        return keys(config);
    }
    match password_key(config)? {
        Some(keys) => Ok(keys),
        None => {
            warn!(
                "session.key.ephemeral: a sign-in form is accepted only by the replica that created it; set \
                 `session.encryption-key` to the same value on all replicas"
            );
            passing_key()
        }
    }
}

/// Returns an ephemeral key, for sessions without tokens to protect.
fn passing_key() -> Result<Vec<SealingKey>, AssemblyError> {
    SealingKey::passing().map(|key| vec![key]).ok_or(AssemblyError::NoRandomness)
}
