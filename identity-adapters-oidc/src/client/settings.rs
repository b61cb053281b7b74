//! What an operator says about this server's registration at a provider.

use std::path::PathBuf;

use identity_core::value::Secret;

use crate::algorithm::SigningAlgorithm;

/// A provider at which people sign in, and what this server is there.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// What the configuration calls it.
    pub id: String,
    /// What people call it.
    pub display_name: String,
    /// Whose habits it has.
    pub kind: ProviderKind,
    /// One of the verifier's issuers; its keys, its back channel and its claims are used.
    pub issuer: String,
    /// This server's name at the provider.
    pub client_id: String,
    /// How this server proves to the provider that it is that client.
    pub authentication: ClientAuthentication,
    /// What is asked for, `openid` among it. Empty: what is usual for the kind.
    pub scopes: Vec<String>,
    /// What access tokens shall be for (RFC 8707). All are named when somebody signs in, the first one when tokens are
    /// asked for: an access token is for one audience, and the first should be this service.
    pub resources: Vec<String>,
    /// More parameters of authorization requests, in this order. None that the protocol needs can be among them. With
    /// `max_age`, the ID token must say when the credentials were shown.
    pub extra_parameters: Vec<(String, String)>,
    /// The parameter `prompt` of authorization requests.
    pub prompt: Option<String>,
    /// The algorithms that ID tokens and logout tokens may be signed with; empty: all of the issuer's.
    pub id_token_algorithms: Vec<SigningAlgorithm>,
    /// Endpoints that discovery shall not say.
    pub endpoints: EndpointUrls,
    /// Whether UserInfo is asked when somebody signs in.
    pub user_info: UserInfoMode,
    /// Whether a claim that is both in the access token and in the ID token is taken from the ID token.
    pub prefer_id_token_claims: bool,
    /// Whether signing out here means signing out at the provider, too.
    pub logout_at_provider: bool,
    /// Accept only logout tokens whose header says `logout+jwt`.
    pub require_logout_token_type: bool,
}

impl ProviderSettings {
    /// Scopes as is usual for the kind, everything else from discovery, logout at the provider, too.
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

    /// How many seconds ago people may have signed in at the provider, if the operator limits that; `None` inside if that is
    /// no number.
    pub(crate) fn max_age(&self) -> Option<Option<u32>> {
        let found = self.extra_parameters.iter().find(|(name, _)| name == "max_age");
        found.map(|(_, seconds)| seconds.parse().ok())
    }
}

/// Whose habits a provider has. What that means is one table, in the crate's documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// Keycloak.
    Keycloak,
    /// Any other that follows OpenID Connect.
    #[default]
    Generic,
    /// Microsoft Entra ID, tokens of the second version. Azure AD B2C is generic.
    Microsoft,
    /// Auth0.
    Auth0,
    /// Okta.
    Okta,
    /// Amazon Cognito user pools.
    Cognito,
    /// Dex.
    Dex,
    /// authentik.
    Authentik,
    /// ZITADEL.
    Zitadel,
    /// Active Directory Federation Services, 2016 and later.
    Adfs,
    /// PingOne and PingFederate.
    Ping,
}

/// Endpoints of a provider. Each replaces the one in the discovery document.
#[derive(Clone, Debug, Default)]
pub struct EndpointUrls {
    /// Where browsers are sent to sign in.
    pub authorization: Option<String>,
    /// Where codes and refresh tokens are redeemed.
    pub token: Option<String>,
    /// Where more is said about who has signed in.
    pub user_info: Option<String>,
    /// Where browsers are sent to sign out.
    pub end_session: Option<String>,
    /// Where refresh tokens are revoked.
    pub revocation: Option<String>,
}

/// Whether UserInfo is asked when somebody signs in (OpenID Connect Core 1.0 §5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UserInfoMode {
    /// No.
    Off,
    /// Yes; without an answer the tokens count alone.
    #[default]
    FailSoft,
    /// Yes; without an answer nobody signs in.
    Required,
}

/// How a client proves to a provider which one it is.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// It cannot: a public client. PKCE alone protects its codes.
    None,
    /// By HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1).
    SecretBasic(Secret),
    /// In the form (`client_secret_post`).
    SecretPost(Secret),
    /// By a signed assertion (`private_key_jwt`, RFC 7523 §2.2, OpenID Connect Core 1.0 §9).
    PrivateKeyJwt(AssertionSettings),
    /// By a certificate (`tls_client_auth` and `self_signed_tls_client_auth`, RFC 8705 §2).
    TlsCertificate(TlsSettings),
}

/// A client's certificate. The files are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// The certificate and those between it and its authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM, not encrypted.
    pub key: PathBuf,
}

/// How assertions are signed and what they say. The files are read again when they change.
#[derive(Clone, Debug)]
pub struct AssertionSettings {
    /// The private key.
    pub key: KeyFile,
    /// The header's `kid`.
    pub key_id: Option<KeyId>,
    /// How the header names the certificate; `None`: as is usual for the provider's kind, if there is a certificate.
    pub thumbprint: Option<Thumbprint>,
    /// `None`: `RS256`, or what the key's curve demands.
    pub algorithm: Option<SigningAlgorithm>,
    /// `None`: as is usual for the provider's kind.
    pub audience: Option<AssertionAudience>,
}

impl AssertionSettings {
    /// With this key, and all else as is usual.
    #[must_use]
    pub fn new(key: KeyFile) -> Self {
        Self { key, key_id: None, thumbprint: None, algorithm: None, audience: None }
    }
}

/// Where a private key is.
#[derive(Clone, Debug)]
pub enum KeyFile {
    /// In PEM, not encrypted: PKCS#8, PKCS#1 or SEC 1.
    Pem {
        /// The file of the key.
        key: PathBuf,
        /// The file of its certificate, for thumbprints.
        certificate: Option<PathBuf>,
    },
    /// In a PKCS#12 file, with its certificate.
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// The file's password.
        password: Secret,
        /// The entry's friendly name; `None`: the only entry with a private key.
        alias: Option<String>,
    },
}

/// An assertion's `kid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyId {
    /// This.
    Fixed(String),
    /// The SHA-256 of the public key (SubjectPublicKeyInfo) in base64url, as Keycloak names keys of uploaded certificates.
    /// It follows the key when that changes.
    PublicKeyDigest,
}

/// How a header names a certificate (RFC 7515 §4.1.7, §4.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Thumbprint {
    /// Not at all.
    None,
    /// `x5t`: SHA-1.
    Sha1,
    /// `x5t#S256`: SHA-256.
    Sha256,
}

/// Whom an assertion is for: always one text, never a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer.
    Issuer,
    /// The token endpoint as discovery names it.
    TokenEndpoint,
    /// This.
    Fixed(String),
}
