//! What is usual for which kind of provider: one table, so that nothing else asks for the kind.

use super::settings::{ProviderKind, Thumbprint};

/// The habits of a kind of provider.
pub(crate) struct Habits {
    /// What its issuers end in; empty if they may end in anything.
    pub(crate) issuer_endings: &'static [&'static str],
    /// What is asked for unless an operator says otherwise. `{client_id}` is this server's.
    scopes: &'static str,
    /// The parameter that names the audience of access tokens, and how many it may name.
    pub(crate) resource: Option<(&'static str, usize)>,
    /// Whether assertions are for the token endpoint; else they are for the issuer.
    pub(crate) asserts_to_token_endpoint: bool,
    /// How assertions name the certificate.
    pub(crate) thumbprint: Thumbprint,
    /// Where to sign out when discovery does not say: below the issuer, with parameters of its own.
    pub(crate) own_logout: Option<&'static str>,
    /// Which claim is the same in all tokens about one person.
    pub(crate) same_person: &'static str,
    /// Whether tokens must say `ver` `2.0`.
    pub(crate) second_version: bool,
}

impl Habits {
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

const GENERIC: Habits = Habits {
    issuer_endings: &[],
    // `offline_access` is not among it: providers that do not know it refuse the request, those that do want people's
    // consent for it, and what it gives outlives their session there.
    scopes: "openid profile email",
    resource: Some(("resource", usize::MAX)),
    asserts_to_token_endpoint: false,
    thumbprint: Thumbprint::None,
    own_logout: None,
    same_person: "sub",
    second_version: false,
};

/// It gives refresh tokens that end with the session there, without `offline_access`.
static KEYCLOAK: Habits = GENERIC;

static DEX: Habits = Habits {
    // Groups come for their scope alone, and refresh tokens for `offline_access`. It has no parameter for audiences.
    scopes: "openid profile email groups offline_access",
    resource: None,
    ..GENERIC
};

static MICROSOFT: Habits = Habits {
    issuer_endings: &["/v2.0"],
    // It gives refresh tokens for `offline_access` alone, and access tokens for this service for its own scope alone.
    scopes: "openid profile email offline_access {client_id}/.default",
    // Scopes name the resource; the parameter of the first version is refused.
    resource: None,
    asserts_to_token_endpoint: true,
    thumbprint: Thumbprint::Sha1,
    // `sub` is another one for each application; `oid` is the person.
    same_person: "oid",
    second_version: true,
    ..GENERIC
};

static AUTH0: Habits = Habits {
    issuer_endings: &["/"],
    // Not refused where the API does not allow it.
    scopes: "openid profile email offline_access",
    resource: Some(("audience", 1)),
    own_logout: Some("v2/logout"),
    ..GENERIC
};
