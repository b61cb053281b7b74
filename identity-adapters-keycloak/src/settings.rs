//! Address of Keycloak, and credentials for it.

use std::time::Duration;

use identity_core::value::{ClientId, Secret};
use url::Url;

/// The realm whose administrators administer all realms.
pub const MASTER_REALM: &str = "master";

/// Address of Keycloak, credentials, and timeouts.
#[derive(Clone, Debug)]
pub struct KeycloakSettings {
    /// The base URL, including the relative path if there is one: `https://keycloak.example/auth`.
    pub url: Url,
    /// The managed realm.
    pub realm: String,
    /// The client id of this server's own client, with which browsers sign in and whose service account may access
    /// Keycloak.
    pub own_client: ClientId,
    /// The credentials for the Admin REST API.
    pub credentials: Credentials,
    /// Certificate authorities to trust in addition to those of the platform, in PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Timeout of a connection attempt. Default: 3 s.
    pub connect_timeout: Duration,
    /// Timeout of a whole request. Default: 5 s.
    pub total_timeout: Duration,
    /// How long the rights of a principal are cached. Default: 60 s.
    pub rights_ttl: Duration,
}

/// Credentials for the Admin REST API.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An administrator of all realms, who can create a realm.
    Administrator {
        /// The realm of the administrator: `master`.
        realm: String,
        /// The client to sign in with: `admin-cli`.
        client_id: ClientId,
        /// The username.
        username: String,
        /// The password.
        password: Secret,
    },
    /// The service account of a client of the managed realm.
    Client {
        /// The client id.
        client_id: ClientId,
        /// The client secret.
        secret: Secret,
    },
}

/// Reason why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// The TLS configuration is invalid, such as extra authorities that are not certificates.
    #[error("the HTTP client cannot be created: {0}")]
    Http(String),
    /// The URL cannot be a base URL.
    #[error("the Keycloak URL must be a base URL, such as `https://keycloak.example.com/auth`")]
    Url,
    /// The managed realm is the one that administers all others.
    #[error("the realm `master` administers all realms and cannot be managed; name another realm")]
    Master,
}

impl KeycloakSettings {
    /// Creates settings with the default timeouts.
    #[must_use]
    pub fn new(url: Url, realm: impl Into<String>, own_client: ClientId, credentials: Credentials) -> Self {
        Self {
            url,
            realm: realm.into(),
            own_client,
            credentials,
            extra_ca_pem: None,
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(5),
            rights_ttl: Duration::from_secs(60),
        }
    }

    /// Checks that the settings are usable, without a request to Keycloak.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn check(&self) -> Result<(), SettingsProblem> {
        if self.realm == MASTER_REALM {
            return Err(SettingsProblem::Master);
        }
        self.client().map(drop)
    }

    pub(crate) fn client(&self) -> Result<reqwest::Client, SettingsProblem> {
        let unusable = |error: reqwest::Error| SettingsProblem::Http(error.to_string());
        let authorities = match &self.extra_ca_pem {
            Some(pem) => reqwest::Certificate::from_pem_bundle(pem).map_err(unusable)?,
            None => Vec::new(),
        };
        reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .timeout(self.total_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_merge(authorities)
            .user_agent(concat!("identity/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(unusable)
    }
}

/// Appends path segments to a URL. Each segment is encoded, so that a name cannot change the path.
pub(crate) fn below<'s>(url: &Url, segments: impl IntoIterator<Item = &'s str>) -> Result<Url, SettingsProblem> {
    let mut below = url.clone();
    below.path_segments_mut().map_err(|()| SettingsProblem::Url)?.pop_if_empty().extend(segments);
    Ok(below)
}
