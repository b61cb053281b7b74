//! How the access tokens of a kind of provider differ from RFC 9068: one table, from the providers' public documentation.

use identity_core::resolve::ClaimForm;
use url::Url;

use crate::client::ProviderKind;

/// Claims that, unless a provider has other habits, only ID tokens have (OpenID Connect Core 1.0 §2, §3.3.2.11).
pub const ID_TOKEN_MARKS: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];

/// What is particular about a provider's access tokens. Each habit can be set by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHabits {
    /// The claim that is compared with the audiences where a token has no `aud`.
    pub audience_claim: Option<String>,
    /// Values of the header's `typ` that mark an access token, beside `at+jwt`. Compared without case.
    pub access_token_types: Vec<String>,
    /// Claims that mark an ID token, if nothing else marks an access token.
    pub id_token_marks: Vec<String>,
    /// The issuer that access tokens name, where that is not the one of ID tokens and of discovery.
    pub access_token_issuer: Option<String>,
    /// The form of the groups claim.
    pub groups_form: ClaimForm,
}

impl Default for TokenHabits {
    fn default() -> Self {
        Self {
            audience_claim: None,
            access_token_types: Vec::new(),
            id_token_marks: ID_TOKEN_MARKS.map(str::to_owned).to_vec(),
            access_token_issuer: None,
            groups_form: ClaimForm::List,
        }
    }
}

impl TokenHabits {
    /// The habits of a kind of provider, at this issuer.
    #[must_use]
    pub fn of(kind: ProviderKind, issuer: &str) -> Self {
        let usual = Self::default();
        match kind {
            // Access tokens have no `aud`, and `token_use` tells the kinds of tokens apart.
            ProviderKind::Cognito => Self { audience_claim: Some("client_id".to_owned()), ..usual },
            // The audience of JSON Web Tokens is a setting of the token manager that may be left empty.
            ProviderKind::Ping => Self { audience_claim: Some("client_id".to_owned()), ..usual },
            // The organisation's own authorization server names its type so.
            ProviderKind::Okta => {
                Self { access_token_types: vec!["application/okta-internal-at+jwt".to_owned()], ..usual }
            }
            // Access tokens are built like ID tokens: they have `at_hash` and, after a sign-in with a browser, `nonce`.
            // ID tokens that a code was redeemed for have `c_hash`, too.
            ProviderKind::Dex => Self { id_token_marks: vec!["c_hash".to_owned(), "s_hash".to_owned()], ..usual },
            // Roles are an object: `{"role": {"organisation": "domain"}}`.
            ProviderKind::Zitadel => Self { groups_form: ClaimForm::Keys, ..usual },
            ProviderKind::Adfs => Self { access_token_issuer: adfs_access_token_issuer(issuer), ..usual },
            ProviderKind::Keycloak
            | ProviderKind::Generic
            | ProviderKind::Microsoft
            | ProviderKind::Auth0
            | ProviderKind::Authentik => usual,
        }
    }
}

/// The issuer of access tokens at the AD FS whose OpenID Connect issuer is `https://HOST/adfs`: unless an administrator
/// changed it, `http://HOST/adfs/services/trust`. Discovery calls it `access_token_issuer`.
fn adfs_access_token_issuer(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let is_plain = url.scheme() == "https" && url.path().trim_end_matches('/').eq_ignore_ascii_case("/adfs");
    is_plain.then(|| Some(format!("http://{}/adfs/services/trust", url.host_str()?))).flatten()
}
