//! Client registration of this server at a provider, for browser sign-in.

use std::path::PathBuf;

use identity_core::value::Secret;
use url::Url;

use super::choices::{AuthenticationMethod, THUMBPRINTS, Thumbprint, UserInfo};
use super::reader::{Reader, filled};
use super::urls::safe_url;

/// Client registration of this server at a provider, for browser sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Display name of the provider on the sign-in page. Default: its id in the configuration.
    pub display_name: String,
    /// Client id of this server. Default with a client secret: `camunda-identity`.
    pub id: String,
    /// How this server authenticates at the token endpoint, with the credentials.
    pub authentication: ClientAuthentication,
    /// Scopes of authorization requests; empty uses the defaults of the provider product.
    pub scopes: Vec<String>,
    /// Requested audiences of access tokens, as resource indicators (RFC 8707).
    pub resources: Vec<String>,
    /// Additional parameters of authorization requests, as names and values.
    pub authorize_parameters: Vec<(String, String)>,
    /// Parameter `prompt` of authorization requests; `None` omits it.
    pub prompt: Option<String>,
    /// Accepted signature algorithms of ID tokens and logout tokens; empty uses those of the provider's access tokens.
    pub id_token_algorithms: Vec<&'static str>,
    /// Endpoint URLs of the provider that override those from discovery.
    pub endpoints: Endpoints,
    /// Whether UserInfo is requested at sign-in, and whether sign-in fails without it (default: optional).
    pub user_info: UserInfo,
    /// Whether claims of the ID token take precedence over those of the access token (default: false).
    pub prefer_id_token_claims: bool,
    /// Whether sign-out also ends the session at the provider (default: true).
    pub logout_at_provider: bool,
    /// Whether the type of a logout token must be `logout+jwt` (default: false).
    pub require_logout_token_type: bool,
}

/// Endpoint URLs of a provider that override discovery. `None` keeps the discovered URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Authorization endpoint, to which browsers are redirected for sign-in.
    pub authorization: Option<Url>,
    /// Token endpoint, which redeems codes and refresh tokens.
    pub token: Option<Url>,
    /// End-session endpoint, to which browsers are redirected for sign-out.
    pub end_session: Option<Url>,
    /// Revocation endpoint for refresh tokens.
    pub revocation: Option<Url>,
}

/// Client authentication method at the provider, with its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// No authentication (public client). Only PKCE protects authorization codes.
    None,
    /// Client secret in the HTTP Basic header (`client_secret_basic`).
    SecretBasic(Secret),
    /// Client secret in the request body (`client_secret_post`).
    SecretPost(Secret),
    /// JWT assertion, signed with a private key (`private_key_jwt`).
    PrivateKeyJwt(Assertion),
    /// TLS client certificate (`tls_client_auth`). The files are reloaded when they change.
    Tls {
        /// PEM file with the client certificate.
        certificate: PathBuf,
        /// PEM file with the private key of the certificate.
        key: PathBuf,
    },
}

/// Signing key and content of client assertions (`private_key_jwt`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Files that contain the signing key; reloaded when they change.
    pub key: KeyFile,
    /// Header parameter `kid`: a literal, or `public-key` for the digest of the public key.
    pub key_id: Option<String>,
    /// Certificate thumbprint in the header; `None` uses the default of the provider product.
    pub thumbprint: Option<Thumbprint>,
    /// Signature algorithm; `None` uses `RS256` for RSA keys, and otherwise the algorithm of the key's curve.
    pub algorithm: Option<&'static str>,
    /// Audience: `issuer`, `token-endpoint`, or a literal. `None` uses the default of the provider product.
    pub audience: Option<String>,
}

/// Files that contain a private key and, optionally, its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// PEM files: one for the key, and optionally one for the certificate.
    Pem {
        /// PEM file with the unencrypted private key.
        key: PathBuf,
        /// PEM file with the certificate, for the thumbprint.
        certificate: Option<PathBuf>,
    },
    /// PKCS#12 key store with private key and certificate.
    Pkcs12 {
        /// Path of the key store; the file is reloaded when it changes.
        file: PathBuf,
        /// Password that decrypts the key store.
        password: Secret,
        /// Alias of the key store entry. If `None`, the only entry with a private key is used.
        alias: Option<String>,
    },
}

/// Default client id of the replaced service (docs/reference/management-api.md §7.1).
pub(super) const IMPLIED_ID: &str = "camunda-identity";

impl Client {
    /// Reads the registration of the provider with the id `provider`; `None` if no client is configured.
    pub(super) fn read(provider: &str, from: &Reader<'_>, insecure_http: bool) -> Option<Self> {
        let text = |text: &str| filled(text).map(str::to_owned);
        let url = |text: &str| safe_url(text, insecure_http);
        let display_name = from.get("display-name", text).unwrap_or_else(|| provider.to_owned());
        let implied =
            || (from.given("client-secret") || from.given("client-secret-file")).then(|| IMPLIED_ID.to_owned());
        let id = from.get("client-id", text).or_else(implied);
        let authentication = ClientAuthentication::read(from);
        let scopes = from.list("scopes", text);
        if !scopes.is_empty() && !scopes.iter().any(|scope| scope == "openid") {
            from.problem("scopes", "must contain `openid`");
        }
        let resources = from.list("resources", |text| url(text).map(|_| text.to_owned()).or_else(|_| urn(text)));
        let authorize_parameters = from.list("authorize-parameters", |text| {
            let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
            pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or("must be `name=value`")
        });
        let prompt = from.get("prompt", text);
        let id_token_algorithms = from.words("id-token-algorithms");
        let endpoints = Endpoints {
            authorization: from.get("authorization-url", url),
            token: from.get("token-url", url),
            end_session: from.get("end-session-url", url),
            revocation: from.get("revocation-url", url),
        };
        let user_info = from.choice("user-info", &UserInfo::WORDS);
        let prefer_id_token_claims = from.flag("prefer-id-token-claims");
        let logout_at_provider = from.flag("logout-at-provider");
        let require_logout_token_type = from.flag("require-logout-token-type");
        Some(Self {
            display_name,
            id: id?,
            authentication: authentication?,
            scopes,
            resources,
            authorize_parameters,
            prompt,
            id_token_algorithms,
            endpoints,
            user_info: user_info?,
            prefer_id_token_claims: prefer_id_token_claims?,
            logout_at_provider: logout_at_provider?,
            require_logout_token_type: require_logout_token_type?,
        })
    }
}

impl Client {
    /// Creates a client registration at Keycloak with a secret, and defaults for all other settings.
    #[must_use]
    pub fn with_secret(id: String, secret: Secret) -> Self {
        Self {
            display_name: "Keycloak".to_owned(),
            id,
            authentication: ClientAuthentication::SecretBasic(secret),
            scopes: Vec::new(),
            resources: Vec::new(),
            authorize_parameters: Vec::new(),
            prompt: None,
            id_token_algorithms: Vec::new(),
            endpoints: Endpoints { authorization: None, token: None, end_session: None, revocation: None },
            user_info: UserInfo::Optional,
            prefer_id_token_claims: false,
            logout_at_provider: true,
            require_logout_token_type: false,
        }
    }

    /// Returns the client secret, if the client authenticates with one.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match &self.authentication {
            ClientAuthentication::SecretBasic(secret) | ClientAuthentication::SecretPost(secret) => Some(secret),
            _ => None,
        }
    }
}

/// Parses a resource indicator, which may be any absolute URI (RFC 8707 §2).
fn urn(text: &str) -> Result<String, &'static str> {
    Url::parse(text).map(|_| text.to_owned()).map_err(|_| "must be an absolute URI")
}

impl ClientAuthentication {
    /// Reads the configured method, or derives it from the given credentials. Reports missing credentials.
    fn read(from: &Reader<'_>) -> Option<Self> {
        let secret = from.secret("client-secret");
        let assertion = Assertion::read(&from.section("assertion"));
        let tls = from.section("tls");
        let tls = (tls.file_path("certificate-file"), tls.file_path("key-file"));
        let named = from.choice("client-authentication", &AuthenticationMethod::WORDS);
        let method = named.unwrap_or(match (&secret, &assertion, &tls.0) {
            (Some(_), ..) => AuthenticationMethod::SecretBasic,
            (None, Some(_), _) => AuthenticationMethod::PrivateKeyJwt,
            (None, None, Some(_)) => AuthenticationMethod::Tls,
            (None, None, None) => AuthenticationMethod::None,
        });
        let lacks = |key: &str| {
            from.problem(key, format!("is required for `client-authentication: {}`", method.as_str()));
            None
        };
        match method {
            AuthenticationMethod::None => Some(Self::None),
            AuthenticationMethod::PrivateKeyJwt => match assertion {
                Some(assertion) => Some(Self::PrivateKeyJwt(assertion)),
                None => lacks("assertion.key-file"),
            },
            AuthenticationMethod::Tls => match tls {
                (Some(certificate), Some(key)) => Some(Self::Tls { certificate, key }),
                (None, _) => lacks("tls.certificate-file"),
                (_, None) => lacks("tls.key-file"),
            },
            AuthenticationMethod::SecretBasic => secret.map(Self::SecretBasic).or_else(|| lacks("client-secret")),
            AuthenticationMethod::SecretPost => secret.map(Self::SecretPost).or_else(|| lacks("client-secret")),
        }
    }
}

impl Assertion {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let text = |text: &str| filled(text).map(str::to_owned);
        let (key, certificate) = (from.file_path("key-file"), from.file_path("certificate-file"));
        let keystore = from.file_path("keystore-file");
        let (password, alias) = (from.secret("keystore-password"), from.get("keystore-alias", text));
        if key.is_some() && keystore.is_some() {
            from.problem("keystore-file", "must not be set together with `key-file`");
        }
        let key = match (key, keystore) {
            (Some(key), _) => Some(KeyFile::Pem { key, certificate }),
            (None, Some(file)) => match password {
                Some(password) => Some(KeyFile::Pkcs12 { file, password, alias }),
                None => {
                    from.problem("keystore-password", "is required for `keystore-file`");
                    None
                }
            },
            (None, None) => None,
        };
        let thumbprint = from.choice("thumbprint", &THUMBPRINTS);
        Some(Self {
            key: key?,
            key_id: from.get("key-id", text),
            thumbprint,
            algorithm: from.word("algorithm"),
            audience: from.get("audience", text),
        })
    }
}
