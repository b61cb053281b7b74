//! Settings of this server's client registration at a provider.

use std::path::PathBuf;

use identity_core::value::Secret;

use crate::algorithm::SigningAlgorithm;
use crate::provider_kind::ProviderKind;

/// Settings of a provider for user sign-in and of this server's client registration there.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// The provider's name in the configuration.
    pub id: String,
    /// The provider's name as it is displayed to users.
    pub display_name: String,
    /// The kind of provider, which selects the defaults.
    pub kind: ProviderKind,
    /// One of the verifier's issuers; its keys, back channel and claim mapping are used.
    pub issuer: String,
    /// This server's client id at the provider.
    pub client_id: String,
    /// The method of client authentication.
    pub authentication: ClientAuthentication,
    /// Requested scopes, which must include `openid`. If empty, the default scopes of the provider kind are requested.
    pub scopes: Vec<String>,
    /// Requested audiences of access tokens (RFC 8707). The authorization request names all of them, the token request
    /// the first: an access token has one audience, and the first should be this service.
    pub resources: Vec<String>,
    /// Additional parameters of authorization requests, in this order. Parameters that the protocol uses are not
    /// allowed. With `max_age`, the ID token must have `auth_time`.
    pub extra_parameters: Vec<(String, String)>,
    /// The `prompt` parameter of authorization requests.
    pub prompt: Option<String>,
    /// Accepted signature algorithms of ID tokens and logout tokens. If empty, those of the issuer are accepted.
    pub id_token_algorithms: Vec<SigningAlgorithm>,
    /// Endpoints that replace the discovered ones.
    pub endpoints: EndpointUrls,
    /// Use of UserInfo at sign-in.
    pub user_info: UserInfoMode,
    /// Take claims from the ID token if they are both in the access token and in the ID token.
    pub prefer_id_token_claims: bool,
    /// Whether users who log out of this server are also redirected to the provider for logout there.
    pub logout_at_provider: bool,
    /// Accept only logout tokens with the header type `logout+jwt`.
    pub require_logout_token_type: bool,
}

impl ProviderSettings {
    /// Settings with the default scopes of the kind, discovered endpoints, and logout at the provider.
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

    /// The configured `max_age` in seconds: the maximum time since the user's authentication at the provider. The inner
    /// value is `None` if it is not a number.
    pub(crate) fn max_age(&self) -> Option<Option<u32>> {
        let found = self.extra_parameters.iter().find(|(name, _)| name == "max_age");
        found.map(|(_, seconds)| seconds.parse().ok())
    }
}

/// Endpoints of a provider. Each one replaces its counterpart in the discovery document.
#[derive(Clone, Debug, Default)]
pub struct EndpointUrls {
    /// The authorization endpoint, for browsers.
    pub authorization: Option<String>,
    /// The token endpoint, for codes and refresh tokens.
    pub token: Option<String>,
    /// The UserInfo endpoint.
    pub user_info: Option<String>,
    /// The logout endpoint, for browsers.
    pub end_session: Option<String>,
    /// The revocation endpoint, for refresh tokens.
    pub revocation: Option<String>,
}

/// Use of UserInfo at sign-in (OpenID Connect Core 1.0 §5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UserInfoMode {
    /// UserInfo is not requested.
    Off,
    /// UserInfo is requested. If the request fails, sign-in continues with the claims of the tokens.
    #[default]
    FailSoft,
    /// UserInfo is requested. If the request fails, the sign-in fails.
    Required,
}

/// Method of client authentication at a provider.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// No authentication, for a public client. Only PKCE protects its authorization codes.
    None,
    /// HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1).
    SecretBasic(Secret),
    /// Secret in the request body (`client_secret_post`).
    SecretPost(Secret),
    /// Signed assertion (`private_key_jwt`, RFC 7523 §2.2, OpenID Connect Core 1.0 §9).
    PrivateKeyJwt(AssertionSettings),
    /// Client certificate (`tls_client_auth` and `self_signed_tls_client_auth`, RFC 8705 §2).
    TlsCertificate(TlsSettings),
}

/// A client certificate. The files are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// File with the certificate and its intermediates, as PEM.
    pub certificate: PathBuf,
    /// File with the private key, as unencrypted PEM.
    pub key: PathBuf,
}

/// Key, header and audience of assertions. The files are read again when they change.
#[derive(Clone, Debug)]
pub struct AssertionSettings {
    /// The private key.
    pub key: KeyFile,
    /// The `kid` in the header of assertions. If `None`, it is omitted.
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
    /// Settings with this key, and defaults for everything else.
    #[must_use]
    pub fn new(key: KeyFile) -> Self {
        Self { key, key_id: None, thumbprint: None, algorithm: None, audience: None }
    }
}

/// Location of a private key.
#[derive(Clone, Debug)]
pub enum KeyFile {
    /// Unencrypted PEM: PKCS#8, PKCS#1 or SEC 1.
    Pem {
        /// The key file.
        key: PathBuf,
        /// The certificate file, for thumbprints.
        certificate: Option<PathBuf>,
    },
    /// A PKCS#12 file with key and certificate.
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// The file's password.
        password: Secret,
        /// Friendly name of the key store entry. If `None`, the only entry with a private key is used.
        alias: Option<String>,
    },
}

/// The `kid` of an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyId {
    /// A fixed value.
    Fixed(String),
    /// SHA-256 of the public key (SubjectPublicKeyInfo) in base64url. Keycloak uses this `kid` for the keys of uploaded
    /// certificates. It changes with the key.
    PublicKeyDigest,
}

/// Certificate thumbprint in a header (RFC 7515 §4.1.7, §4.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Thumbprint {
    /// No thumbprint.
    None,
    /// `x5t`: SHA-1.
    Sha1,
    /// `x5t#S256`: SHA-256.
    Sha256,
}

/// Audience of an assertion: always a single string, never a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer.
    Issuer,
    /// The token endpoint as named by discovery.
    TokenEndpoint,
    /// A fixed value.
    Fixed(String),
}
