//! Settings of this server's client registration at a provider.

use std::path::PathBuf;

use identity_core::value::Secret;

use crate::algorithm::SigningAlgorithm;
use crate::provider_kind::ProviderKind;

/// Settings of a provider for user sign-in, and of this server's client registration there.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Name of the provider in the configuration, such as `main`.
    pub id: String,
    /// Name of the provider as displayed to users. Default: `id`.
    pub display_name: String,
    /// Kind of provider, which selects defaults such as the scopes.
    pub kind: ProviderKind,
    /// Issuer URL. It must be one of the verifier's issuers, whose keys, back channel and claim mapping are used.
    pub issuer: String,
    /// Client id of this server at the provider.
    pub client_id: String,
    /// How this server authenticates at the token endpoint, with the credentials.
    pub authentication: ClientAuthentication,
    /// Requested scopes, which must include `openid`. If empty, the default scopes of the provider kind are requested.
    pub scopes: Vec<String>,
    /// Requested audiences of access tokens (RFC 8707). The authorization request contains all of them, the token
    /// request the first: an access token has one audience, and the first should be this service.
    pub resources: Vec<String>,
    /// Additional parameters of authorization requests, in this order. Parameters that the protocol uses are not
    /// allowed. With `max_age`, the ID token must have `auth_time`.
    pub extra_parameters: Vec<(String, String)>,
    /// Value of the `prompt` parameter of authorization requests, such as `select_account`; `None` omits it.
    pub prompt: Option<String>,
    /// Accepted signature algorithms of ID tokens and logout tokens. If empty, those of the issuer are accepted.
    pub id_token_algorithms: Vec<SigningAlgorithm>,
    /// Endpoint URLs that replace the discovered ones. Default: none.
    pub endpoints: EndpointUrls,
    /// Whether UserInfo is requested at sign-in, and whether sign-in fails without it.
    pub user_info: UserInfoMode,
    /// Whether the ID token takes precedence for claims that the access token also has (default: false).
    pub prefer_id_token_claims: bool,
    /// Whether users who log out of this server are also redirected to the provider for logout there (default: true).
    pub logout_at_provider: bool,
    /// Whether to accept only logout tokens with the header type `logout+jwt` (default: false).
    pub require_logout_token_type: bool,
}

impl ProviderSettings {
    /// Creates settings with the default scopes of the kind, discovered endpoints, and logout at the provider.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        kind: ProviderKind,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        authentication: ClientAuthentication,
    ) -> Self {
        let id = id.into();
        Self {
            display_name: id.clone(),
            id,
            kind,
            issuer: issuer.into(),
            client_id: client_id.into(),
            authentication,
            scopes: Vec::new(),
            resources: Vec::new(),
            extra_parameters: Vec::new(),
            prompt: None,
            id_token_algorithms: Vec::new(),
            endpoints: EndpointUrls::default(),
            user_info: UserInfoMode::default(),
            prefer_id_token_claims: false,
            logout_at_provider: true,
            require_logout_token_type: false,
        }
    }

    /// Returns the configured `max_age` in seconds: the maximum time since the user's authentication at the provider.
    /// The inner value is `None` if it is not a number.
    pub(crate) fn max_age(&self) -> Option<Option<u32>> {
        let found = self.extra_parameters.iter().find(|(name, _)| name == "max_age");
        found.map(|(_, seconds)| seconds.parse().ok())
    }
}

/// Endpoint URLs of a provider. Each one replaces its counterpart in the discovery document.
#[derive(Clone, Debug, Default)]
pub struct EndpointUrls {
    /// Authorization endpoint, which browsers are redirected to.
    pub authorization: Option<String>,
    /// Token endpoint, for authorization codes and refresh tokens.
    pub token: Option<String>,
    /// UserInfo endpoint (OpenID Connect Core 1.0 §5.3).
    pub user_info: Option<String>,
    /// Logout endpoint, which browsers are redirected to.
    pub end_session: Option<String>,
    /// Revocation endpoint (RFC 7009), for refresh tokens.
    pub revocation: Option<String>,
}

/// Use of UserInfo at sign-in (OpenID Connect Core 1.0 §5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserInfoMode {
    /// UserInfo is not requested; only the claims of the tokens are used.
    Off,
    /// UserInfo is requested. If the request fails, sign-in continues with the claims of the tokens.
    #[default]
    FailSoft,
    /// UserInfo is requested. If the request fails, the sign-in fails.
    Required,
}

/// Method of client authentication at a provider's token endpoint, with the credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// No authentication, for a public client. Only PKCE protects its authorization codes.
    None,
    /// Client secret in the `Authorization` header, as HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1).
    SecretBasic(Secret),
    /// Client secret in the request body (`client_secret_post`).
    SecretPost(Secret),
    /// Signed assertion (`private_key_jwt`, RFC 7523 §2.2, OpenID Connect Core 1.0 §9).
    PrivateKeyJwt(AssertionSettings),
    /// Client certificate (`tls_client_auth` and `self_signed_tls_client_auth`, RFC 8705 §2).
    TlsCertificate(TlsSettings),
}

/// Files of a client certificate for mutual TLS. They are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// PEM file with the certificate and its intermediates.
    pub certificate: PathBuf,
    /// PEM file with the unencrypted private key.
    pub key: PathBuf,
}

/// Key, header and audience of client assertions. The key files are read again when they change.
#[derive(Clone, Debug)]
pub struct AssertionSettings {
    /// Files with the private key and its certificate.
    pub key: KeyFile,
    /// The `kid` in the header of assertions. `None` omits it.
    pub key_id: Option<KeyId>,
    /// Certificate thumbprint in the header. If `None` and there is a certificate, the default of the provider kind
    /// applies.
    pub thumbprint: Option<Thumbprint>,
    /// Signature algorithm. If `None`, it is `RS256` for an RSA key, and otherwise the algorithm of the key's curve.
    pub algorithm: Option<SigningAlgorithm>,
    /// Audience of assertions. If `None`, the default of the provider kind applies.
    pub audience: Option<AssertionAudience>,
}

impl AssertionSettings {
    /// Creates settings with this key, and the defaults for everything else.
    #[must_use]
    pub fn new(key: KeyFile) -> Self {
        Self { key, key_id: None, thumbprint: None, algorithm: None, audience: None }
    }
}

/// Files that contain a private key and, if needed, its certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeyFile {
    /// Unencrypted PEM: PKCS#8, PKCS#1 or SEC 1.
    Pem {
        /// PEM file with the unencrypted private key.
        key: PathBuf,
        /// PEM file with the certificate, needed only for thumbprints.
        certificate: Option<PathBuf>,
    },
    /// A PKCS#12 key store with private key and certificate.
    Pkcs12 {
        /// Path of the key store.
        file: PathBuf,
        /// Password that decrypts the key store.
        password: Secret,
        /// Friendly name of the key store entry. If `None`, the only entry with a private key is used.
        alias: Option<String>,
    },
}

/// Source of the `kid` in the header of an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyId {
    /// A fixed value, as registered at the provider.
    Fixed(String),
    /// SHA-256 of the public key (SubjectPublicKeyInfo) in base64url. Keycloak uses this `kid` for the keys of uploaded
    /// certificates. It changes with the key.
    PublicKeyDigest,
}

/// Certificate thumbprint in the header of an assertion (RFC 7515 §4.1.7, §4.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Thumbprint {
    /// The header has no thumbprint.
    None,
    /// SHA-1 of the certificate, as `x5t`.
    Sha1,
    /// SHA-256 of the certificate, as `x5t#S256`.
    Sha256,
}

/// Audience (`aud`) of an assertion, always a single string, never a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionAudience {
    /// The issuer of the provider, as configured.
    Issuer,
    /// URL of the token endpoint, as published in the discovery document.
    TokenEndpoint,
    /// A fixed value, which must not be blank.
    Fixed(String),
}
