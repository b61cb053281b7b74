//! Differences of providers' access tokens from RFC 9068, according to the providers' public documentation.

use identity_core::resolve::ClaimForm;
use url::Url;

use crate::provider_kind::ProviderKind;

/// Claims that only ID tokens have (OpenID Connect Core 1.0 §2, §3.3.2.11), unless the provider differs.
pub const ID_TOKEN_MARKS: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];

/// Provider-specific properties of access tokens. Each one can be set on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHabits {
    /// Claim to compare with the accepted audiences if a token has no `aud`, such as `client_id`.
    pub audience_claim: Option<String>,
    /// Values of the header's `typ` that mark an access token, in addition to `at+jwt`. Compared case-insensitively.
    pub access_token_types: Vec<String>,
    /// Claims that mark an ID token, unless the token has a mark of an access token.
    pub id_token_marks: Vec<String>,
    /// The `iss` of access tokens, if it differs from the issuer of ID tokens and of discovery.
    pub access_token_issuer: Option<String>,
    /// JSON form of the groups claim, such as a list, or an object whose keys are the groups.
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
    /// Returns the defaults for a kind of provider. The `issuer` affects only AD FS.
    #[must_use]
    pub fn of(kind: ProviderKind, issuer: &str) -> Self {
        let usual = Self::default();
        match kind {
            // Access tokens have no `aud`. `token_use` distinguishes the kinds of tokens.
            ProviderKind::Cognito => Self { audience_claim: Some("client_id".to_owned()), ..usual },
            // In PingFederate, the audience of access tokens is a setting of the token manager, which may be empty.
            ProviderKind::Ping => Self { audience_claim: Some("client_id".to_owned()), ..usual },
            // Type of access tokens from Okta's org authorization server.
            ProviderKind::Okta => {
                Self { access_token_types: vec!["application/okta-internal-at+jwt".to_owned()], ..usual }
            }
            // Access tokens have the claims of ID tokens: `at_hash` and, after a sign-in with a browser, `nonce`. ID
            // tokens from the code exchange also have `c_hash`.
            ProviderKind::Dex => Self { id_token_marks: vec!["c_hash".to_owned(), "s_hash".to_owned()], ..usual },
            // Roles are an object: `{"role": {"organization": "domain"}}`.
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

/// Returns the default issuer of access tokens of an AD FS whose OpenID Connect issuer is `https://HOST/adfs`:
/// `http://HOST/adfs/services/trust`, which discovery publishes as `access_token_issuer`. `None` for an issuer of
/// another form.
fn adfs_access_token_issuer(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let is_plain = url.scheme() == "https" && url.path().trim_end_matches('/').eq_ignore_ascii_case("/adfs");
    is_plain.then(|| Some(format!("http://{}/adfs/services/trust", url.host_str()?))).flatten()
}
