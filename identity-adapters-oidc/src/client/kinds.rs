//! Defaults by provider kind, in one table, so that no other code depends on the kind.

use super::settings::Thumbprint;
use crate::provider_kind::ProviderKind;

/// Defaults of a provider kind, and its differences from the standards.
pub(crate) struct ProviderQuirks {
    /// Required suffixes of the issuer, such as `/v2.0`; empty if there is no restriction.
    pub(crate) issuer_endings: &'static [&'static str],
    /// Default scopes, separated by spaces. `{client_id}` stands for this server's client id.
    scopes: &'static str,
    /// Name of the request parameter for the audience of access tokens, and the maximum number of its values.
    pub(crate) resource: Option<(&'static str, usize)>,
    /// Whether the default audience of client assertions is the token endpoint; otherwise it is the issuer.
    pub(crate) asserts_to_token_endpoint: bool,
    /// Default certificate thumbprint in the header of client assertions.
    pub(crate) thumbprint: Thumbprint,
    /// Path of the provider-specific logout below the issuer, used if discovery has no `end_session_endpoint`.
    pub(crate) own_logout: Option<&'static str>,
    /// Claim that identifies a user across all tokens of the provider.
    pub(crate) same_person: &'static str,
    /// Whether tokens must have the claim `ver` with the value `2.0`.
    pub(crate) second_version: bool,
}

impl ProviderQuirks {
    pub(crate) fn of(kind: ProviderKind) -> &'static Self {
        match kind {
            ProviderKind::Keycloak => &KEYCLOAK,
            ProviderKind::Generic
            | ProviderKind::Okta
            | ProviderKind::Cognito
            | ProviderKind::Authentik
            | ProviderKind::Zitadel
            | ProviderKind::Adfs
            | ProviderKind::Ping => &GENERIC,
            ProviderKind::Dex => &DEX,
            ProviderKind::Microsoft => &MICROSOFT,
            ProviderKind::Auth0 => &AUTH0,
        }
    }

    pub(crate) fn scopes(&self, client_id: &str) -> Vec<String> {
        self.scopes.split(' ').map(|scope| scope.replace("{client_id}", client_id)).collect()
    }
}

const GENERIC: ProviderQuirks = ProviderQuirks {
    issuer_endings: &[],
    // `offline_access` is not included: providers without support for it reject the request, others require the user's
    // consent, and its refresh tokens outlive the session at the provider.
    scopes: "openid profile email",
    resource: Some(("resource", usize::MAX)),
    asserts_to_token_endpoint: false,
    thumbprint: Thumbprint::None,
    own_logout: None,
    same_person: "sub",
    second_version: false,
};

/// Keycloak issues refresh tokens that end with its session, without `offline_access`.
static KEYCLOAK: ProviderQuirks = GENERIC;

static DEX: ProviderQuirks = ProviderQuirks {
    // Dex requires one scope each for groups and for refresh tokens. It has no parameter for audiences.
    scopes: "openid profile email groups offline_access",
    resource: None,
    ..GENERIC
};

static MICROSOFT: ProviderQuirks = ProviderQuirks {
    issuer_endings: &["/v2.0"],
    // Entra issues refresh tokens only for `offline_access`, and access tokens for this service only for its own scope.
    scopes: "openid profile email offline_access {client_id}/.default",
    // Entra selects the audience by scopes, and rejects the `resource` parameter of v1.
    resource: None,
    asserts_to_token_endpoint: true,
    thumbprint: Thumbprint::Sha1,
    // The `sub` of a user differs by application; `oid` is the same for all.
    same_person: "oid",
    second_version: true,
    ..GENERIC
};

static AUTH0: ProviderQuirks = ProviderQuirks {
    issuer_endings: &["/"],
    // If an API does not allow `offline_access`, Auth0 does not reject the request.
    scopes: "openid profile email offline_access",
    resource: Some(("audience", 1)),
    own_logout: Some("v2/logout"),
    ..GENERIC
};
