//! OpenID Connect adapters: token verification, user sign-in, and access tokens for services.
//!
//! * Access token verification: the port [`TokenVerifier`](identity_core::port::TokenVerifier).
//! * User sign-in at a provider: the port [`IdentityProvider`](identity_core::port::IdentityProvider).
//! * Access tokens for services, by the client credentials grant: [`MachineTokens`].
//!
//! `jsonwebtoken` verifies the signatures of tokens and signs client assertions, with `aws-lc-rs`. `oauth2` and
//! `openidconnect` build the requests to providers. This crate adds the strict reading of tokens, keys and responses,
//! and the behavior during outages (docs/adr/0026-protocol-crates.md).
//!
//! # Token verification
//!
//! 1. **Cheap checks.** Size, three segments, header, algorithm. Only `iss` is read from the payload, to select the
//!    issuer; no other claim is used before the signature is verified.
//! 2. **The key.** The header's `kid` is looked up in the issuer's key sets, in their configured order. Key sets are
//!    fetched on first use.
//! 3. **The signature**, with a key that was checked when its set was fetched.
//! 4. **The claims**, each by its JSON type. Then [`PrincipalClaims`](identity_core::resolve::PrincipalClaims) resolve
//!    the principal.
//!
//! A verified token is cached under its SHA-256 digest. Its lifetime is checked again on each use, and the entry is
//! dropped when the issuer stops publishing the key. A rejected token is not cached, except for 5 s after its UserInfo
//! request.
//!
//! | check | rejection | source |
//! |---|---|---|
//! | at most 64 KiB, three base64url segments without padding | `token_too_large`, `token_malformed` | RFC 7515 §2, §7.1 |
//! | header and payload are JSON objects, no duplicate member at any level, at most 16 levels deep | `token_malformed` | RFC 8725 §2.4, RFC 8259 §4 |
//! | `alg` is one of the issuer's algorithms; `none` and symmetric algorithms cannot be configured | `token_algorithm` | RFC 8725 §3.1, §3.2 |
//! | no `crit`, no `b64` (no extension is supported), no `jwk`; `jku`, `x5u` and `x5c` are ignored | `token_header` | RFC 7515 §4.1.11, RFC 8725 §3.10 |
//! | header `typ` is absent, `JWT` or `at+jwt`; only `at+jwt` with [`IssuerSettings::require_access_token_type`] | `token_type` | RFC 8725 §3.11, RFC 9068 §2.1, §4 |
//! | `iss` equals a configured issuer, byte for byte | `token_issuer` | RFC 8725 §3.8 |
//! | the issuer publishes the key, and its `kty`, `crv`, `alg`, `use` and `key_ops` fit; RSA keys have 2048 to 8192 bits | `token_unknown_key` | RFC 7517 §4, RFC 7518 §3.3 |
//! | without `kid`: one of the first 8 keys that fit; with `kid`: the keys with that `kid`, else the keys without one | `token_unknown_key`, `token_signature` | RFC 7515 §4.1.4 |
//! | the signature is valid | `token_signature` | RFC 7515 §5.2 |
//! | the token is an access token, see below | `token_type` | RFC 8725 §3.12 |
//! | `aud` contains one of the issuer's audiences | `token_audience` | RFC 7519 §4.1.3, RFC 8725 §3.9 |
//! | `exp` is present and in the future; `nbf` and `iat`, if present, are in the past; clock skew of 60 s | `token_expired`, `token_not_yet_valid` | RFC 7519 §4.1.4 to §4.1.6 |
//! | Entra: `ver` is `2.0`, and the issuer is not `sts.windows.net` | `token_entra_v1` | docs/reference/orchestration-cluster.md §5.4 |
//! | UserInfo, if requested and available, has the same `sub` | `token_userinfo_mismatch` | OpenID Connect Core 1.0 §5.3.2 |
//!
//! # Access tokens and other tokens
//!
//! Providers sign ID tokens, logout tokens and sometimes refresh tokens with the keys of their access tokens, and few
//! set the type `at+jwt`. A token that passed the checks above is an access token unless one of these rules applies:
//!
//! * It has `events` (RFC 8417 §2.2: a logout token or other security event token), or `cnf` (a sender-constrained
//!   token; presenting it as a bearer token does not prove possession of the key: RFC 8705 §3, RFC 9449 §7.1).
//! * Its payload has a `typ` other than `Bearer`, `JWT` or `at+jwt` (Keycloak writes `ID`, `Refresh`, `Offline`,
//!   `Logout` or `DPoP`), or a `token_use` other than `access` (Amazon Cognito writes `id`).
//! * Its audience is [`IssuerSettings::client_id`], the client that users sign in with, as for every ID token of that
//!   client (OpenID Connect Core 1.0 §2), and it has no mark of an access token. The marks are: the header's `typ`
//!   `at+jwt`; the payload's `typ` `Bearer` or `at+jwt`; `token_use` `access`; `azp` at Entra; `scope` or `scp` without
//!   `at_hash`, `c_hash` and `s_hash`.
//! * It has another audience, none of these marks and no `scope` or `scp`, and has `nonce`, `at_hash`, `c_hash` or
//!   `s_hash`, which belong to ID tokens (§2, §3.3.2.11).
//! * Its issuer is Entra, and it has neither one of these marks nor `scope` or `scp`: Entra's access tokens always have
//!   `azp`.
//!
//! [`TokenHabits::id_token_marks`] configures the claims of the fourth rule. Null claims count as absent.
//! [`IssuerSettings::accept_id_tokens`] disables the last three rules, for providers whose access tokens cannot be
//! distinguished from ID tokens, such as Dex. Even without it, an ID token is accepted if it has none of these marks
//! and was issued to another client whose id is an audience here. Give each API an audience that is not a client id.
//!
//! # UserInfo
//!
//! With [`UserInfoSettings`], the issuer's UserInfo endpoint is requested once for each token that passed the checks.
//! The additional claims are cached with the token for 5 minutes. The token's own claims take precedence, member by
//! member at the top level; the principal is resolved from the merged claims. The endpoint comes from discovery and is
//! requested through the back channel, like the keys, or it is configured. No request is made for a token without
//! `sub`, because nothing would bind the response to it.
//!
//! If the endpoint rejects the request, fails, or returns anything but a JSON object (signed responses are not
//! supported), the token is not rejected: only its own claims are used for 5 s, then the endpoint is requested again.
//! If these claims name no principal and the endpoint has an outage, the result is "unavailable". Responses are stored
//! in the cache of verified tokens; without that cache, each verification sends a request.
//!
//! # Provider outages
//!
//! An outage does not prevent construction and never causes a token to be rejected:
//! [`TokenError::Unavailable`](identity_core::port::TokenError::Unavailable) has the time after which to retry. The
//! last good keys stay in use. Each key set has at most one fetch in flight, shared by all waiting callers. After a
//! failure without any keys, the next fetch starts after a pause of 5 s. An unknown key triggers a fetch at once: five
//! times in a row, then once per 10 s. Meanwhile, the result for a token with an unknown key is "unavailable", since
//! the key may be new. Keys are refreshed every 10 minutes, triggered by incoming tokens.
//!
//! # Example
//!
//! ```
//! # use std::sync::Arc;
//! use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, VerifierSettings};
//! # use identity_core::port::Clock;
//! use identity_core::resolve::{PrincipalClaims, UsernameCase};
//! use identity_core::value::{ClaimSelector, Namespace};
//!
//! # fn verifier(clock: Arc<dyn Clock>) -> Result<OidcTokenVerifier, Box<dyn std::error::Error>> {
//! let claims = PrincipalClaims {
//!     username: ClaimSelector::parse("preferred_username")?,
//!     client_id: Some(ClaimSelector::parse("client_id")?),
//!     groups: None,
//!     prefer_username: false,
//!     username_case: UsernameCase::Exact,
//!     namespace: Namespace::whole(), // the only issuer
//! };
//! let issuer = IssuerSettings {
//!     back_channel: Some("https://keycloak.internal/realms/a".to_owned()),
//!     ..IssuerSettings::new("https://login.example.com/realms/a", vec!["identity-api".to_owned()], claims)
//! };
//! let verifier = OidcTokenVerifier::new(vec![issuer], VerifierSettings::default(), clock)?;
//! # Ok(verifier)
//! # }
//! ```
//!
//! # User sign-in
//!
//! [`OidcProvider`] is this server's client registration at an issuer of the verifier. It shares the issuer's keys,
//! discovery document and back channel. It uses the authorization code flow, always with PKCE (RFC 7636, `S256`), state
//! and nonce. Browsers are redirected to the public URLs of the endpoints; this server uses the back channel. An
//! authorization code is sent to the token endpoint once, without retries.
//!
//! | check, in this order | rejection | source |
//! |---|---|---|
//! | the `iss` of the response is the provider's; it is required if the provider declares support for it | `issuer_mismatch` | RFC 9207 §2.4 |
//! | the token endpoint accepts the code and this server's credentials | `grant_refused`, `client_refused`, `provider_error` | RFC 6749 §5.2 |
//! | the response is JSON without duplicate members, its token type is `Bearer`, it has an ID token | `provider_malformed` | RFC 6749 §5.1, §7.1 |
//! | the ID token's size and form, `iss`, `alg`, key and signature, as for access tokens | `token_…` | OpenID Connect Core 1.0 §3.1.3.7 |
//! | header `typ` is absent or `JWT`; payload `typ` is absent, `JWT` or `ID`; no `events` | `token_type` | RFC 8725 §3.11, §3.12 |
//! | `aud` contains the client id; `exp` and `iat` are present; the lifetime is valid | `token_audience`, `token_expired`, … | §3.1.3.7 |
//! | `azp`, if present, is the client id | `authorized_party` | §3.1.3.7 |
//! | `at_hash`, if present, matches the access token | `access_token_hash` | §3.1.3.6 |
//! | `nonce` equals the value that was sent | `nonce_mismatch` | §3.1.3.7 |
//! | `auth_time` is present and recent, if the operator configures a `max_age` | `authentication_age` | §3.1.3.7 |
//! | the access token, if it is valid for this service, and UserInfo belong to the user of the ID token | `subject_mismatch` | §5.3.2 |
//! | the username claim is present | `token_no_principal` | docs/reference/orchestration-cluster.md §5.3 |
//!
//! Claims come from the access token, if the verifier would accept it, then from the ID token, then from UserInfo. If
//! several sources have a claim, the first one counts, and the source is recorded. An access token for another audience
//! is not read. [`ProviderSettings::prefer_id_token_claims`] puts the ID token first. The principal of a sign-in is
//! always a user: the client id claim, which many ID tokens have, is ignored, and a sign-in without a username fails.
//!
//! A session refresh reads the access token's claims again, so that revoked claims disappear. Claims of the ID token
//! and of UserInfo are kept if the provider does not return new ones.
//!
//! Logout tokens are checked by all rules of OpenID Connect Back-Channel Logout 1.0 §2.6 except replay, which the
//! caller detects. They are valid for two minutes.
//!
//! # Client authentication
//!
//! [`ClientAuthentication`] is one of: a secret in the header or in the form, a signed assertion, a client certificate,
//! or none. Assertions are valid for 60 s and have one audience, always a single string. Keys and certificates are
//! files, which are read again when they change; if a changed file is unusable, the last good content stays in use. A
//! provider's endpoints for mutual TLS (`mtls_endpoint_aliases`, RFC 8705 §5) are used where it declares them.
//!
//! # Provider kinds
//!
//! | | Keycloak, generic | Microsoft | Auth0 |
//! |---|---|---|---|
//! | scopes | `openid profile email` | also `offline_access` and `<client id>/.default` | also `offline_access` |
//! | issuers end in | any text | `/v2.0` | `/` |
//! | audience of access tokens | `resource` (RFC 8707) | scopes | `audience`, one |
//! | audience of assertions | the issuer | the token endpoint | the issuer |
//! | certificate in assertions | not named | `x5t` | not named |
//! | claim that identifies a user across sign-ins | `sub` | `oid`, as `sub` differs by application | `sub` |
//! | required claims | | `ver` `2.0` | |
//! | logout | `end_session_endpoint` | `end_session_endpoint` | `end_session_endpoint`, else `v2/logout` with `returnTo` |
//!
//! Requests to Dex also have the scopes `groups` and `offline_access`, and no parameter for audiences. Okta, Cognito,
//! authentik, ZITADEL, AD FS and Ping behave like the generic kind here; [`TokenHabits::of`] has the differences of
//! their access tokens.
//!
//! For other kinds, `offline_access` is not a default scope: its refresh tokens outlive the user's session at the
//! provider, it requires the user's consent, and providers without support for it reject the request. Keycloak issues
//! refresh tokens without it. For providers that do not, add it to [`ProviderSettings::scopes`]; otherwise sessions end
//! when their access token expires.
//!
//! ```
//! use identity_adapters_oidc::{
//!     AssertionSettings, ClientAuthentication, KeyFile, OidcProvider, OidcTokenVerifier, ProviderKind, ProviderSettings,
//!     SettingsError,
//! };
//!
//! # fn provider(verifier: &OidcTokenVerifier) -> Result<OidcProvider, SettingsError> {
//! let key = KeyFile::Pem { key: "/run/secrets/identity.key".into(), certificate: None };
//! let authentication = ClientAuthentication::PrivateKeyJwt(AssertionSettings::new(key));
//! let settings = ProviderSettings {
//!     display_name: "Example Ltd".to_owned(),
//!     ..ProviderSettings::new(
//!         "main",
//!         ProviderKind::Keycloak,
//!         "https://login.example.com/realms/a",
//!         "identity",
//!         authentication,
//!     )
//! };
//! OidcProvider::new(settings, verifier)
//! # }
//! ```
//!
//! # Tokens for services
//!
//! A service that calls protected APIs gets its tokens from [`MachineTokens`] (RFC 6749 §4.4). Concurrent callers share
//! one request, and tokens are cached and renewed before they expire.
//!
//! ```
//! # use std::sync::Arc;
//! use identity_adapters_oidc::{
//!     ClientAuthentication, MachineTokenRequest, MachineTokenSettings, MachineTokens, ProviderKind,
//! };
//! # use identity_core::port::{Clock, ProviderError};
//! use identity_core::value::Secret;
//!
//! # async fn call(clock: Arc<dyn Clock>, secret: String) -> Result<(), Box<dyn std::error::Error>> {
//! let authentication = ClientAuthentication::SecretBasic(Secret::new(secret));
//! let settings = MachineTokenSettings::new(
//!     ProviderKind::Keycloak,
//!     "https://login.example.com/realms/a",
//!     "worker",
//!     authentication,
//! );
//! let tokens = MachineTokens::new(&settings, clock)?; // once; sends no request yet
//!
//! let request = MachineTokenRequest { scopes: vec!["orders".to_owned()], ..MachineTokenRequest::default() };
//! let token = tokens.token(&request).await?; // for each call
//! let header = format!("Bearer {}", token.token.expose());
//! // If the call is answered with 401, the token was revoked: the next one will be new.
//! tokens.forget(&request, &token);
//! # drop(header);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod cache;
mod checks;
mod client;
mod compact;
mod discovery;
mod habits;
mod http;
mod inspect;
mod issuer;
mod jwk;
mod keys;
mod provider_kind;
mod settings;
mod settings_error;
mod single_flight;
mod telemetry;
mod user_info;
mod validated_token;
mod verifier;

#[cfg(test)]
mod tests;

pub use algorithm::{SigningAlgorithm, UnknownAlgorithm};
pub use client::{
    AssertionAudience, AssertionSettings, ClientAuthentication, EndpointUrls, KeyFile, KeyId, MachineToken,
    MachineTokenRequest, MachineTokenSettings, MachineTokens, OidcProvider, ProviderSettings, Thumbprint, TlsSettings,
    UserInfoMode,
};
pub use habits::{ID_TOKEN_MARKS, TokenHabits};
pub use http::{HttpSettings, http_client};
pub use issuer::IssuerStatus;
pub use provider_kind::ProviderKind;
pub use settings::{IssuerSettings, UserInfoSettings, VerifierSettings};
pub use settings_error::{SettingsError, SettingsProblem};
pub use verifier::OidcTokenVerifier;
