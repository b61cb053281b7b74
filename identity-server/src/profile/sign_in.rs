//! Sign-in of browsers: at providers that know this server as a client, or with passwords of built-in users.

use std::net::SocketAddr;
use std::sync::Arc;

use identity_adapters_oidc::{
    AssertionAudience, AssertionSettings, ClientAuthentication, EndpointUrls, KeyFile, KeyId, OidcProvider,
    OidcTokenVerifier, ProviderSettings, Thumbprint, TlsSettings, UserInfoMode,
};
use identity_core::engine::Engine;
use identity_core::port::{Entitlements, IdentityProvider, SessionStore};
use identity_core::service::Gate;
use identity_core::service::access::Logins;
use identity_core::service::session::{SessionPorts, SessionSettings, Sessions};
use identity_http::SignIn;
use tracing::warn;
use url::Url;

use super::AssemblyError;
use crate::config::{self, Config, Provider, SignInUserInfo, Store};
use crate::crypto::{SealingKey, SystemCrypto};

/// Who can sign in.
pub(super) struct People<'p> {
    /// Verifies what the providers say.
    pub(super) verifier: Option<&'p OidcTokenVerifier>,
    /// Whether there are passwords.
    pub(super) passwords: bool,
    /// What a directory knows of them.
    pub(super) entitlements: Option<Arc<dyn Entitlements>>,
    /// Where it is noted who was there.
    pub(super) logins: Arc<Logins>,
}

/// `None` where nobody can sign in with a browser.
pub(super) fn sign_in(
    config: &Config,
    engine: &Arc<Engine>,
    store: &Arc<dyn SessionStore>,
    people: People<'_>,
    listening: SocketAddr,
) -> Result<Option<SignIn>, AssemblyError> {
    let People { verifier, passwords, entitlements, logins } = people;
    let mut providers: Vec<Arc<dyn IdentityProvider>> = Vec::new();
    for provider in &config.authentication.providers {
        if let (Some(client), Some(verifier)) = (&provider.client, verifier) {
            providers.push(Arc::new(OidcProvider::new(settings(provider, client), verifier)?));
        }
    }
    if providers.is_empty() && !passwords {
        return Ok(None);
    }
    let base = public_url(config, listening);
    if config.server.public_url.is_none() && !providers.is_empty() {
        warn!("`server.public-url` is not set: providers send browsers back to {base}");
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
    let sessions = Sessions::new(Arc::clone(engine), Gate::management(Arc::clone(engine)), ports, settings);
    let sessions = sessions.noting(logins);
    Ok(Some(SignIn {
        sessions: Arc::new(sessions),
        passwords,
        setup: None,
        https: is_https(config),
        base_path: config.server.base_path.clone(),
    }))
}

/// Whether browsers reach this server by HTTPS.
pub(crate) fn is_https(config: &Config) -> bool {
    config.server.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// Where browsers reach this server, without a slash at the end. Never what a request says.
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

/// The keys that sessions are sealed with: the configured ones, or one that follows from a client's secret, or one that lies
/// beside the embedded database.
fn keys(config: &Config) -> Result<Vec<SealingKey>, AssemblyError> {
    let session = &config.session;
    if session.key.is_some() {
        // They were read when the configuration was checked.
        return Ok([&session.key, &session.previous_key].into_iter().flatten().filter_map(SealingKey::parse).collect());
    }
    if let Some(secret) = config.authentication.client_secret() {
        return SealingKey::derived(secret).map(|key| vec![key]).ok_or(AssemblyError::NoRandomness);
    }
    match &config.store {
        Store::Sqlite { data_dir } => {
            let path = data_dir.join("session.key");
            let key = SealingKey::in_file(&path);
            let refuse = |source| AssemblyError::File { path: path.display().to_string(), source };
            Ok(vec![key.map_err(refuse)?])
        }
        Store::Postgres(_) => passing_key(),
    }
}

/// The keys of forms, where there are no tokens to hide: as [`keys`], or one that follows from the database's password.
fn form_keys(config: &Config) -> Result<Vec<SealingKey>, AssemblyError> {
    let Store::Postgres(postgres) = &config.store else { return keys(config) };
    if config.session.key.is_some() {
        return keys(config);
    }
    match postgres.password() {
        Some(password) => SealingKey::derived(&password).map(|key| vec![key]).ok_or(AssemblyError::NoRandomness),
        None => {
            warn!(
                "session.key.passing: a sign-in form is accepted by the replica that made it only; set \
                 `session.encryption-key`, the same on all replicas"
            );
            passing_key()
        }
    }
}

/// For sessions in which there is nothing to hide.
fn passing_key() -> Result<Vec<SealingKey>, AssemblyError> {
    SealingKey::passing().map(|key| vec![key]).ok_or(AssemblyError::NoRandomness)
}

pub(super) fn settings(provider: &Provider, client: &config::Client) -> ProviderSettings {
    let text = |url: &Option<Url>| url.as_ref().map(ToString::to_string);
    let kind = super::oidc::kind(provider.kind);
    ProviderSettings {
        display_name: client.display_name.clone(),
        scopes: client.scopes.clone(),
        resources: client.resources.clone(),
        extra_parameters: client.authorize_parameters.clone(),
        prompt: client.prompt.clone(),
        id_token_algorithms: client.id_token_algorithms.iter().filter_map(|name| name.parse().ok()).collect(),
        endpoints: EndpointUrls {
            authorization: text(&client.endpoints.authorization),
            token: text(&client.endpoints.token),
            user_info: text(&provider.user_info_url),
            end_session: text(&client.endpoints.end_session),
            revocation: text(&client.endpoints.revocation),
        },
        user_info: match client.user_info {
            SignInUserInfo::Off => UserInfoMode::Off,
            SignInUserInfo::Optional => UserInfoMode::FailSoft,
            SignInUserInfo::Required => UserInfoMode::Required,
        },
        prefer_id_token_claims: client.prefer_id_token_claims,
        logout_at_provider: client.logout_at_provider,
        require_logout_token_type: client.require_logout_token_type,
        ..ProviderSettings::new(&*provider.id, kind, &*provider.issuer, &*client.id, authentication(client))
    }
}

fn authentication(client: &config::Client) -> ClientAuthentication {
    match &client.authentication {
        config::ClientAuthentication::None => ClientAuthentication::None,
        config::ClientAuthentication::SecretBasic(secret) => ClientAuthentication::SecretBasic(secret.clone()),
        config::ClientAuthentication::SecretPost(secret) => ClientAuthentication::SecretPost(secret.clone()),
        config::ClientAuthentication::PrivateKeyJwt(assertion) => {
            ClientAuthentication::PrivateKeyJwt(assertion_settings(assertion))
        }
        config::ClientAuthentication::Tls { certificate, key } => {
            ClientAuthentication::TlsCertificate(TlsSettings { certificate: certificate.clone(), key: key.clone() })
        }
    }
}

fn assertion_settings(assertion: &config::Assertion) -> AssertionSettings {
    let key = match assertion.key.clone() {
        config::KeyFile::Pem { key, certificate } => KeyFile::Pem { key, certificate },
        config::KeyFile::Pkcs12 { file, password, alias } => KeyFile::Pkcs12 { file, password, alias },
    };
    AssertionSettings {
        key_id: assertion.key_id.as_deref().map(|text| match text {
            "public-key" => KeyId::PublicKeyDigest,
            text => KeyId::Fixed(text.to_owned()),
        }),
        thumbprint: assertion.thumbprint.map(|word| match word {
            "x5t" => Thumbprint::Sha1,
            "x5t#s256" => Thumbprint::Sha256,
            _ => Thumbprint::None,
        }),
        algorithm: assertion.algorithm.and_then(|name| name.parse().ok()),
        audience: assertion.audience.as_deref().map(|text| match text {
            "issuer" => AssertionAudience::Issuer,
            "token-endpoint" => AssertionAudience::TokenEndpoint,
            text => AssertionAudience::Fixed(text.to_owned()),
        }),
        ..AssertionSettings::new(key)
    }
}
