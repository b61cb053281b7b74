//! Provider URLs that browsers are redirected to, for sign-in and logout.

use std::borrow::Cow;

use identity_core::port::{AuthorizationRequest, EndSessionRequest, RefusedSignIn};
use openidconnect::core::{CoreClient, CoreJsonWebKeySet, CoreResponseType};
use openidconnect::{
    AuthUrl, AuthenticationFlow, ClientId, CsrfToken, EndSessionUrl, IssuerUrl, LogoutHint, LogoutRequest, Nonce,
    PostLogoutRedirectUrl, RedirectUrl, Scope,
};
use url::Url;

use super::provider::OidcProvider;
use super::relying_party::NOT_A_URL;

/// Maximum length in bytes of an ID token that is sent as `id_token_hint`. Servers accept URLs of at least 8 KiB, and
/// not all accept longer ones. Without the hint, the provider asks users to confirm the logout.
const LONGEST_HINT: usize = 6 * 1024;

impl OidcProvider {
    /// Builds the URL of the authorization request (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3). `url` is the
    /// authorization endpoint; its query is kept.
    pub(super) fn authorization(&self, url: Url, request: &AuthorizationRequest) -> Result<String, RefusedSignIn> {
        let redirect_uri = RedirectUrl::new(request.redirect_uri.clone()).map_err(|_| NOT_A_URL)?;
        let (state, nonce) = (CsrfToken::new(request.state.clone()), Nonce::new(request.nonce.clone()));
        // The crate needs issuer and keys only for its own checks of ID tokens, which are not used.
        let issuer = IssuerUrl::from_url(url.clone());
        let client =
            CoreClient::new(ClientId::new(self.settings.client_id.clone()), issuer, CoreJsonWebKeySet::default())
                .set_auth_uri(AuthUrl::from_url(url))
                .disable_openid_scope(); // The scopes include it.
        // The crate derives a challenge only from its verifier, which is not part of the request.
        let mut query = client
            .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, || state, || nonce)
            .set_redirect_uri(Cow::Owned(redirect_uri))
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .add_extra_param("code_challenge", &request.code_challenge)
            .add_extra_param("code_challenge_method", "S256");
        if let Some((name, _)) = self.habits.resource {
            for resource in &self.settings.resources {
                query = query.add_extra_param(name, resource);
            }
        }
        if let Some(prompt) = self.prompt(request.reauthenticate) {
            query = query.add_extra_param("prompt", prompt);
        }
        for (name, value) in &self.settings.extra_parameters {
            query = query.add_extra_param(name, value);
        }
        let (url, ..) = query.url();
        Ok(url.into())
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
    pub(super) fn end_session(
        &self,
        url: Option<Url>,
        ending: &EndSessionRequest,
    ) -> Result<Option<String>, RefusedSignIn> {
        let client_id = &self.settings.client_id;
        let Some(mut url) = url else {
            let own = self.habits.own_logout.map(|path| Url::parse(&format!("{}{path}", self.issuer.name)));
            let Some(Ok(mut url)) = own else { return Ok(None) };
            url.query_pairs_mut().append_pair("client_id", client_id).append_pair("returnTo", &ending.return_uri);
            return Ok(Some(url.into()));
        };
        // The crate accepts only an ID token that it parsed itself.
        let hint = ending.id_token.expose();
        if hint.len() <= LONGEST_HINT {
            url.query_pairs_mut().append_pair("id_token_hint", hint);
        }
        let return_uri = PostLogoutRedirectUrl::new(ending.return_uri.clone()).map_err(|_| NOT_A_URL)?;
        let mut request = LogoutRequest::from(EndSessionUrl::from_url(url))
            .set_client_id(ClientId::new(client_id.clone()))
            .set_post_logout_redirect_uri(return_uri)
            .set_state(CsrfToken::new(ending.state.clone()));
        if let Some(hint) = &ending.logout_hint {
            request = request.set_logout_hint(LogoutHint::new(hint.clone()));
        }
        Ok(Some(request.http_get_url().into()))
    }
}
