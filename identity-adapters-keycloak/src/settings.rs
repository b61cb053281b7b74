//! Connection settings for Keycloak: address, credentials and timeouts.

use std::time::Duration;

use identity_core::value::{ClientId, Secret};
use url::Url;

/// Realm whose administrators administer all realms. Identity cannot manage it.
pub const MASTER_REALM: &str = "master";

/// Address of Keycloak, credentials, and timeouts. [`KeycloakSettings::new`] sets the defaults.
#[derive(Clone, Debug)]
pub struct KeycloakSettings {
    /// Base URL, including the relative path if there is one, such as `https://keycloak.example/auth`.
    pub url: Url,
    /// Name of the managed realm, which must not be [`MASTER_REALM`].
    pub realm: String,
    /// Client id of this server's own client: browsers sign in with it, and its service account may access Keycloak.
    pub own_client: ClientId,
    /// Credentials for requests to the Admin REST API.
    pub credentials: Credentials,
    /// PEM bundle of certificate authorities to trust in addition to those of the platform. Default: none.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Timeout of a connection attempt. Default: 3 s.
    pub connect_timeout: Duration,
    /// Timeout of a whole request. Default: 5 s.
    pub total_timeout: Duration,
    /// How long the rights of a principal are cached. Default: 60 s.
    pub rights_ttl: Duration,
}

/// Credentials with which this server obtains access tokens for the Admin REST API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// An administrator of all realms (password grant), who can also create the managed realm.
    Administrator {
        /// Realm of the administrator, usually `master`.
        realm: String,
        /// Client id for the token request, usually `admin-cli`.
        client_id: ClientId,
        /// Username of the administrator in that realm.
        username: String,
        /// Password of the administrator for the password grant.
        password: Secret,
    },
    /// Service account of a client in the managed realm (client credentials grant, RFC 6749 §4.4).
    Client {
        /// Client id for the token request.
        client_id: ClientId,
        /// Client secret for the token request.
        secret: Secret,
    },
}

/// Reason why the settings are rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsProblem {
    /// The HTTP client cannot be created, for example because the extra authorities are not certificates.
    #[error("the HTTP client cannot be created: {0}")]
    Http(String),
    /// The URL cannot be a base URL, because it has no path that can be extended.
    #[error("the Keycloak URL must be a base URL, such as `https://keycloak.example.com/auth`")]
    Url,
    /// The managed realm is [`MASTER_REALM`], which administers all others.
    #[error("the realm `master` administers all realms and cannot be managed; name another realm")]
    Master,
}

impl KeycloakSettings {
    /// Creates settings with the default timeouts and no extra certificate authorities.
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

    /// Validates the settings without a request to Keycloak.
    ///
    /// # Errors
    /// When the realm is [`MASTER_REALM`] or the HTTP client cannot be created.
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

/// Appends path segments to a URL. Each segment is encoded, so that a name with `/` cannot change the path.
pub(crate) fn below<'s>(url: &Url, segments: impl IntoIterator<Item = &'s str>) -> Result<Url, SettingsProblem> {
    let mut below = url.clone();
    below.path_segments_mut().map_err(|()| SettingsProblem::Url)?.pop_if_empty().extend(segments);
    Ok(below)
}
