//! Access token for the Admin REST API: fetched by one caller at a time, and cached until shortly before it expires.

use std::time::{Duration, Instant};

use identity_core::value::Secret;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::transport;
use crate::settings::{Credentials, KeycloakSettings, SettingsProblem, below};

/// How long rejected credentials are not sent again, because repeated failures may lock the account.
const REFUSED_FOR: Duration = Duration::from_secs(10);
/// How long before its expiry a token is renewed. A token with a lifetime under 20 seconds is renewed after half of it.
const EARLY: Duration = Duration::from_secs(10);

pub(crate) struct Tokens {
    client: reqwest::Client,
    url: url::Url,
    credentials: Credentials,
    kept: Mutex<Option<(Result<Secret, String>, Instant)>>,
}

/// Reason why no access token is available.
pub(crate) enum TokenProblem {
    /// Keycloak rejected the credentials, or their realm does not exist. The text is for operators.
    Refused(String),
    /// Keycloak is unavailable, or its response is invalid. The text is for operators.
    Unavailable(String),
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Tokens {
    pub(crate) fn new(client: reqwest::Client, settings: &KeycloakSettings) -> Result<Self, SettingsProblem> {
        let realm = match &settings.credentials {
            Credentials::Administrator { realm, .. } => realm,
            Credentials::Client { .. } => &settings.realm,
        };
        let url = below(&settings.url, ["realms", realm, "protocol", "openid-connect", "token"])?;
        Ok(Self { client, url, credentials: settings.credentials.clone(), kept: Mutex::new(None) })
    }

    /// Returns a valid token, from the cache if possible. A rejection of the credentials is cached as well, for 10
    /// seconds.
    pub(crate) async fn get(&self) -> Result<Secret, TokenProblem> {
        let mut kept = self.kept.lock().await;
        if let Some((known, until)) = &*kept
            && Instant::now() < *until
        {
            return known.clone().map_err(TokenProblem::Refused);
        }
        let asked = Instant::now();
        match self.fetch().await {
            Ok(Granted { access_token, expires_in }) => {
                let lifetime = Duration::from_secs(expires_in);
                let token = Secret::new(access_token);
                *kept = Some((Ok(token.clone()), asked + lifetime.saturating_sub(EARLY.min(lifetime / 2))));
                Ok(token)
            }
            Err(TokenProblem::Refused(reason)) => {
                *kept = Some((Err(reason.clone()), asked + REFUSED_FOR));
                Err(TokenProblem::Refused(reason))
            }
            Err(unavailable) => Err(unavailable),
        }
    }

    /// Removes a token that Keycloak rejected from the cache, unless a newer one has replaced it.
    pub(crate) async fn forget(&self, token: &Secret) {
        let mut kept = self.kept.lock().await;
        if matches!(&*kept, Some((Ok(known), _)) if known == token) {
            *kept = None;
        }
    }

    async fn fetch(&self) -> Result<Granted, TokenProblem> {
        let (form, who) = match &self.credentials {
            Credentials::Administrator { client_id, username, password, .. } => (
                vec![
                    ("grant_type", "password"),
                    ("client_id", client_id.as_str()),
                    ("username", username),
                    ("password", password.expose()),
                ],
                "the administrator's name and password",
            ),
            Credentials::Client { client_id, secret } => (
                vec![
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id.as_str()),
                    ("client_secret", secret.expose()),
                ],
                "the client's id and secret",
            ),
        };
        let sent = self.client.post(self.url.clone()).form(&form).send().await;
        let response = sent.map_err(|error| TokenProblem::Unavailable(transport(&error)))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| TokenProblem::Unavailable(transport(&error)))?;
        match status {
            200 => serde_json::from_slice(&body)
                .map_err(|_| TokenProblem::Unavailable("the token response cannot be parsed".to_owned())),
            404 => Err(TokenProblem::Refused("the realm of the credentials does not exist".to_owned())),
            400 | 401 | 403 => {
                let code = serde_json::from_slice(&body).map(|Refusal { error }| error).unwrap_or_default();
                let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
                Err(TokenProblem::Refused(format!("{who} were rejected ({code})")))
            }
            other => Err(TokenProblem::Unavailable(format!("the token request returned status {other}"))),
        }
    }
}
