//! Provider URLs that browsers are redirected to, for sign-in and logout.

use identity_core::port::{AuthorizationRequest, EndSessionRequest};
use url::Url;

use super::provider::OidcProvider;

/// Maximum length in bytes of an ID token that is sent as `id_token_hint`. Servers accept URLs of at least 8 KiB, and
/// not all accept longer ones. Without the hint, the provider asks users to confirm the logout.
const LONGEST_HINT: usize = 6 * 1024;

impl OidcProvider {
    /// Builds the URL of the authorization request (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3). `url` is the
    /// authorization endpoint; its query is kept.
    pub(super) fn authorization(&self, mut url: Url, request: &AuthorizationRequest) -> String {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &request.redirect_uri)
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("state", &request.state)
            .append_pair("nonce", &request.nonce)
            .append_pair("code_challenge", &request.code_challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some((name, _)) = self.habits.resource {
            for resource in &self.settings.resources {
                query.append_pair(name, resource);
            }
        }
        if let Some(prompt) = self.prompt(request.reauthenticate) {
            query.append_pair("prompt", &prompt);
        }
        query.extend_pairs(&self.settings.extra_parameters);
        drop(query);
        url.into()
    }

    /// Returns the configured `prompt`. If the user must authenticate again, `login` is added and `none` is removed.
    fn prompt(&self, reauthenticate: bool) -> Option<String> {
        let wanted = self.settings.prompt.as_deref();
        if !reauthenticate {
            return wanted.map(str::to_owned);
        }
        let wanted = wanted.into_iter().flat_map(str::split_whitespace);
        let others = wanted.filter(|word| !["none", "login"].contains(word));
        Some(std::iter::once("login").chain(others).collect::<Vec<_>>().join(" "))
    }

    /// Builds the URL of the logout request (OpenID Connect RP-Initiated Logout 1.0 §2). `url` is the provider's logout
    /// endpoint. Without it, uses the provider-specific logout path; `None` if the provider kind has none.
    pub(super) fn end_session(&self, url: Option<Url>, ending: &EndSessionRequest) -> Option<String> {
        let client_id = &self.settings.client_id;
        let Some(mut url) = url else {
            let mut url = Url::parse(&format!("{}{}", self.issuer.name, self.habits.own_logout?)).ok()?;
            url.query_pairs_mut().append_pair("client_id", client_id).append_pair("returnTo", &ending.return_uri);
            return Some(url.into());
        };
        let mut query = url.query_pairs_mut();
        let hint = ending.id_token.expose();
        if hint.len() <= LONGEST_HINT {
            query.append_pair("id_token_hint", hint);
        }
        query
            .append_pair("client_id", client_id)
            .append_pair("post_logout_redirect_uri", &ending.return_uri)
            .append_pair("state", &ending.state);
        if let Some(hint) = &ending.logout_hint {
            query.append_pair("logout_hint", hint);
        }
        drop(query);
        Some(url.into())
    }
}
