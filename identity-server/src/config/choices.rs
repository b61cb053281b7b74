//! Words of keys with a choice, and the values that they denote.

use identity_adapters_oidc::Thumbprint;
use identity_core::entity::{ClientKind, Operator, PartyKind, RuleKind};
use identity_core::resolve::UsernameCase;
/// Deployment profile: the system that stores users and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Users and clients in Keycloak.
    Keycloak,
    /// Users and clients at OpenID Connect providers.
    Oidc,
    /// Users in this server's store.
    Builtin,
}

impl Profile {
    pub(super) const WORDS: [(&str, Self); 3] = [
        (Self::Keycloak.as_str(), Self::Keycloak),
        (Self::Oidc.as_str(), Self::Oidc),
        (Self::Builtin.as_str(), Self::Builtin),
    ];

    /// Name of the profile, and of the cargo feature that compiles it in.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keycloak => "keycloak",
            Self::Oidc => "oidc",
            Self::Builtin => "builtin",
        }
    }
}

/// Provider product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Keycloak.
    Keycloak,
    /// Any OpenID Connect provider.
    Generic,
    /// Microsoft Entra ID.
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
    /// Active Directory Federation Services.
    Adfs,
    /// PingOne and PingFederate.
    Ping,
}

impl ProviderKind {
    pub(super) const WORDS: [(&str, Self); 12] = [
        ("keycloak", Self::Keycloak),
        ("entra", Self::Microsoft),
        ("okta", Self::Okta),
        ("auth0", Self::Auth0),
        ("cognito", Self::Cognito),
        ("dex", Self::Dex),
        ("authentik", Self::Authentik),
        ("zitadel", Self::Zitadel),
        ("adfs", Self::Adfs),
        ("ping", Self::Ping),
        ("generic", Self::Generic),
        ("microsoft", Self::Microsoft),
    ];
}

/// Format of a claim with several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimForm {
    /// A string, or an array of strings.
    List,
    /// A string with this separator.
    Split(String),
    /// A string that contains a JSON array.
    Json,
    /// The member names of an object.
    Keys,
    /// This member of each object in an array.
    Field(String),
}

/// Formats of the groups claim, without their separator or field, which are keys of their own.
pub(super) static CLAIM_FORMS: [(&str, ClaimForm); 5] = [
    ("list", ClaimForm::List),
    ("split", ClaimForm::Split(String::new())),
    ("json", ClaimForm::Json),
    ("keys", ClaimForm::Keys),
    ("field", ClaimForm::Field(String::new())),
];

/// Normalizations of the case of usernames.
pub(super) const USERNAME_CASES: [(&str, UsernameCase); 2] =
    [("exact", UsernameCase::Exact), ("lower", UsernameCase::Lower)];

/// Headers with the certificate thumbprint of an assertion.
pub(super) const THUMBPRINTS: [(&str, Thumbprint); 3] =
    [("none", Thumbprint::None), ("x5t", Thumbprint::Sha1), ("x5t#S256", Thumbprint::Sha256)];

/// Names of the client authentication methods (OpenID Connect Core 1.0 §9, RFC 8705 §2.1.1).
#[derive(Clone, Copy)]
pub(super) enum AuthenticationMethod {
    None,
    SecretBasic,
    SecretPost,
    PrivateKeyJwt,
    Tls,
}

impl AuthenticationMethod {
    pub(super) const WORDS: [(&str, Self); 5] = [
        (Self::None.as_str(), Self::None),
        (Self::SecretBasic.as_str(), Self::SecretBasic),
        (Self::SecretPost.as_str(), Self::SecretPost),
        (Self::PrivateKeyJwt.as_str(), Self::PrivateKeyJwt),
        (Self::Tls.as_str(), Self::Tls),
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Tls => "tls_client_auth",
        }
    }
}

/// Use of UserInfo at sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInfo {
    /// Not requested.
    Off,
    /// Requested; if the request fails, only the tokens are used.
    Optional,
    /// Requested; if the request fails, sign-in fails.
    Required,
}

impl UserInfo {
    pub(super) const WORDS: [(&str, Self); 3] =
        [("off", Self::Off), ("optional", Self::Optional), ("required", Self::Required)];
}

/// TLS mode (libpq's `sslmode`, without `allow`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresTls {
    /// No TLS.
    Disable,
    /// TLS if the server supports it.
    Prefer,
    /// TLS, without verification of the certificate.
    Require,
    /// TLS; a known authority must have signed the certificate.
    VerifyCa,
    /// TLS; additionally, the certificate must match the host name.
    VerifyFull,
}

impl PostgresTls {
    pub(super) const WORDS: [(&str, Self); 5] = [
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
}

/// Kind of database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreKind {
    Sqlite,
    Postgres,
}

impl StoreKind {
    pub(super) const WORDS: [(&str, Self); 2] = [("sqlite", Self::Sqlite), ("postgres", Self::Postgres)];
}

/// Output format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Human-readable lines.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    pub(super) const WORDS: [(&str, Self); 2] = [("text", Self::Text), ("json", Self::Json)];
}

/// Comparison operators of mapping rules.
pub(super) const OPERATORS: [(&str, Operator); 2] = [("equals", Operator::Equals), ("contains", Operator::Contains)];

/// Kinds of targets that a mapping rule may have.
pub(super) const RULE_KINDS: [(&str, RuleKind); 4] =
    [("any", RuleKind::Any), ("role", RuleKind::Role), ("tenant", RuleKind::Tenant), ("group", RuleKind::Group)];

/// Client types of applications.
pub(super) const CLIENT_KINDS: [(&str, ClientKind); 3] =
    [("CONFIDENTIAL", ClientKind::Confidential), ("M2M", ClientKind::MachineToMachine), ("PUBLIC", ClientKind::Public)];

/// Kinds of the owners of authorizations.
pub(super) const OWNER_KINDS: [(&str, PartyKind); 5] = [
    ("USER", PartyKind::User),
    ("CLIENT", PartyKind::Client),
    ("GROUP", PartyKind::Group),
    ("ROLE", PartyKind::Role),
    ("MAPPING_RULE", PartyKind::MappingRule),
];

/// Type of a tenant member.
#[derive(Clone, Copy)]
pub(super) enum MemberKind {
    User,
    Group,
    Application,
}

impl MemberKind {
    pub(super) const WORDS: [(&str, Self); 3] =
        [("USER", Self::User), ("GROUP", Self::Group), ("APPLICATION", Self::Application)];
}
