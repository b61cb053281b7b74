//! Where Keycloak is, and who asks it.

use std::time::Duration;

use identity_core::value::{ClientId, Secret};
use url::Url;

/// The realm whose administrators administer all realms.
pub const MASTER_REALM: &str = "master";

/// Where Keycloak is, and who asks it.
#[derive(Clone, Debug)]
pub struct KeycloakSettings {
    /// Its base URL, with the relative path if it has one: `https://keycloak.example/auth`.
    pub url: Url,
    /// The realm that is managed.
    pub realm: String,
    /// The client id of this server's own client, at which browsers sign in and with which it may ask.
    pub own_client: ClientId,
    /// Who asks.
    pub credentials: Credentials,
    /// Certificate authorities to trust besides those of the platform, in PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Longest wait for a connection (3 s).
    pub connect_timeout: Duration,
    /// Longest wait for a whole answer (5 s).
    pub total_timeout: Duration,
    /// How long the rights of a principal are believed before Keycloak is asked again (60 s).
    pub rights_ttl: Duration,
}

/// Who asks Keycloak.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An administrator of all realms, who may create one.
    Administrator {
        /// Their realm: `master`.
        realm: String,
        /// The client they sign in at: `admin-cli`.
        client_id: ClientId,
        /// Their name.
        username: String,
        /// Their password.
        password: Secret,
    },
    /// The service account of a client of the managed realm.
    Client {
        /// The client's id.
        client_id: ClientId,
        /// Its secret.
        secret: Secret,
    },
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// TLS cannot be set up, or the extra authorities are no certificates.
    #[error("calls cannot be made: {0}")]
    Http(String),
    /// The URL cannot have a path below it.
    #[error("the url of keycloak cannot be a base")]
    Url,
    /// The realm that administers all others.
    #[error("the realm `master` administers all realms and cannot be managed; name another realm")]
    Master,
}

impl KeycloakSettings {
    /// The usual bounds.
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

    /// Whether calls can be made with these settings. Makes no call.
    ///
    /// # Errors
    /// When they cannot be used.
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

/// A URL below another; each segment is encoded, so that a name cannot leave its place.
pub(crate) fn below<'s>(url: &Url, segments: impl IntoIterator<Item = &'s str>) -> Result<Url, SettingsProblem> {
    let mut below = url.clone();
    below.path_segments_mut().map_err(|()| SettingsProblem::Url)?.pop_if_empty().extend(segments);
    Ok(below)
}
