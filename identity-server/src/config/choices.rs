//! Words of keys with a choice, and the values that they denote.

use identity_core::entity::{ClientKind, Operator, PartyKind, RuleKind};
use identity_core::resolve::UsernameCase;
/// Deployment profile, which selects the system that stores users and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Users, groups, roles and clients are stored in Keycloak.
    Keycloak,
    /// Users and clients are managed by OpenID Connect providers.
    Oidc,
    /// Users and their passwords are stored in this server's store.
    Builtin,
}

impl Profile {
    pub(super) const WORDS: [(&str, Self); 3] = [
        (Self::Keycloak.as_str(), Self::Keycloak),
        (Self::Oidc.as_str(), Self::Oidc),
        (Self::Builtin.as_str(), Self::Builtin),
    ];

    /// Returns the name of the profile, which is also that of the cargo feature that compiles it in.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keycloak => "keycloak",
            Self::Oidc => "oidc",
            Self::Builtin => "builtin",
        }
    }
}

/// Provider product, which selects defaults for tokens and sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Keycloak (`keycloak`), the default in the profile of the same name.
    Keycloak,
    /// Any other OpenID Connect provider (`generic`).
    Generic,
    /// Microsoft Entra ID (`entra` or `microsoft`).
    Microsoft,
    /// Auth0 (`auth0`), whose issuers end in `/`.
    Auth0,
    /// Okta (`okta`), including its org authorization server.
    Okta,
    /// Amazon Cognito user pools (`cognito`).
    Cognito,
    /// Dex (`dex`), whose access tokens have the claims of ID tokens.
    Dex,
    /// authentik (`authentik`), without differences from the generic provider.
    Authentik,
    /// ZITADEL (`zitadel`), whose roles claim is an object.
    Zitadel,
    /// Active Directory Federation Services (`adfs`), whose access tokens have an issuer of their own.
    Adfs,
    /// PingOne and PingFederate (`ping`).
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

/// Format of a claim that contains several values, such as the groups claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimForm {
    /// A string, or an array of strings.
    List,
    /// A string to split at this separator, such as `a,b`.
    Split(String),
    /// A string that contains a JSON array, such as `["a","b"]`.
    Json,
    /// An object, whose member names are the values.
    Keys,
    /// An array of objects, each with the value in the member of this name.
    Field(String),
}

/// Formats of the groups claim. Separator and field are placeholders, because they have keys of their own.
pub(super) static CLAIM_FORMS: [(&str, ClaimForm); 5] = [
    ("list", ClaimForm::List),
    ("split", ClaimForm::Split(String::new())),
    ("json", ClaimForm::Json),
    ("keys", ClaimForm::Keys),
    ("field", ClaimForm::Field(String::new())),
];

/// Configuration words for the normalization of the case of usernames.
pub(super) const USERNAME_CASES: [(&str, UsernameCase); 2] =
    [("exact", UsernameCase::Exact), ("lower", UsernameCase::Lower)];

/// Certificate thumbprint in the header of an assertion (RFC 7515 §4.1.7, §4.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thumbprint {
    /// The header has no thumbprint.
    None,
    /// SHA-1 of the certificate, as `x5t`.
    Sha1,
    /// SHA-256 of the certificate, as `x5t#S256`.
    Sha256,
}

/// Configuration words for the header parameter with the certificate thumbprint of an assertion.
pub(super) const THUMBPRINTS: [(&str, Thumbprint); 3] =
    [("none", Thumbprint::None), ("x5t", Thumbprint::Sha1), ("x5t#S256", Thumbprint::Sha256)];

/// Client authentication methods, by their registered names (OpenID Connect Core 1.0 §9, RFC 8705 §2.1.1).
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

/// Use of UserInfo at sign-in (OpenID Connect Core 1.0 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInfo {
    /// UserInfo is not requested; only the claims of the tokens are used.
    Off,
    /// UserInfo is requested. If the request fails, only the claims of the tokens are used.
    Optional,
    /// UserInfo is requested. If the request fails, sign-in fails.
    Required,
}

impl UserInfo {
    pub(super) const WORDS: [(&str, Self); 3] =
        [("off", Self::Off), ("optional", Self::Optional), ("required", Self::Required)];
}

/// Claims whose values are kept after a token or sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeepClaims {
    None,
    Used,
    All,
}

impl KeepClaims {
    pub(super) const WORDS: [(&str, Self); 5] =
        [("none", Self::None), ("used", Self::Used), ("all", Self::All), ("false", Self::None), ("true", Self::All)];
}

/// TLS mode of database connections (as libpq's `sslmode`, without `allow`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresTls {
    /// The connection uses no TLS.
    Disable,
    /// The connection uses TLS if the server supports it.
    Prefer,
    /// The connection requires TLS, without verification of the certificate.
    Require,
    /// The connection requires TLS, with a certificate signed by a known authority.
    VerifyCa,
    /// As [`Self::VerifyCa`]; additionally, the certificate must match the host name.
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

/// Kind of database that stores the policy data (`store.kind`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreKind {
    Sqlite,
    Postgres,
}

impl StoreKind {
    pub(super) const WORDS: [(&str, Self); 2] = [("sqlite", Self::Sqlite), ("postgres", Self::Postgres)];
}

/// Output format of the log, which is written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Human-readable lines; colored if standard error is a terminal.
    Text,
    /// One JSON object per line, for log collectors.
    Json,
}

impl LogFormat {
    pub(super) const WORDS: [(&str, Self); 2] = [("text", Self::Text), ("json", Self::Json)];
}

/// Configuration words for the comparison operators of mapping rules.
pub(super) const OPERATORS: [(&str, Operator); 2] = [("equals", Operator::Equals), ("contains", Operator::Contains)];

/// Configuration words for the kinds of targets that a mapping rule may have.
pub(super) const RULE_KINDS: [(&str, RuleKind); 4] =
    [("any", RuleKind::Any), ("role", RuleKind::Role), ("tenant", RuleKind::Tenant), ("group", RuleKind::Group)];

/// Configuration words for the client types of applications, as in the replaced service.
pub(super) const CLIENT_KINDS: [(&str, ClientKind); 3] =
    [("CONFIDENTIAL", ClientKind::Confidential), ("M2M", ClientKind::MachineToMachine), ("PUBLIC", ClientKind::Public)];

/// Configuration words for the kinds of owners of authorizations.
pub(super) const OWNER_KINDS: [(&str, PartyKind); 5] = [
    ("USER", PartyKind::User),
    ("CLIENT", PartyKind::Client),
    ("GROUP", PartyKind::Group),
    ("ROLE", PartyKind::Role),
    ("MAPPING_RULE", PartyKind::MappingRule),
];

/// Kind of a tenant member: user, group or application.
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
