//! OpenID Connect: verification of access tokens, the port [`TokenVerifier`](identity_core::port::TokenVerifier); sign-in of
//! people at a provider, the port [`IdentityProvider`](identity_core::port::IdentityProvider); tokens for services.
//!
//! # How a token is verified
//!
//! 1. **Cheap checks.** Size, three segments, header, algorithm. Of the payload only `iss` is looked at, to choose the issuer;
//!    nothing else of it is believed before the signature holds.
//! 2. **The key.** The issuer's key sets are asked for the header's `kid`, the first set first. Sets are fetched when first
//!    needed.
//! 3. **The signature**, by a key that was parsed when it was fetched.
//! 4. **The claims**, each by its JSON type. Then [`PrincipalClaims`](identity_core::resolve::PrincipalClaims) say whom the
//!    token speaks for.
//!
//! A verified token is kept under its SHA-256 digest. Its times are checked again on each use, and it is dropped when its
//! issuer stops publishing its key. A refused token is never kept.
//!
//! | check | refusal | source |
//! |---|---|---|
//! | at most 64 KiB, three base64url segments without padding | `token_too_large`, `token_malformed` | RFC 7515 §2, §7.1 |
//! | header and payload are JSON objects, no member twice at any level, at most 16 levels deep | `token_malformed` | RFC 8725 §2.4, RFC 8259 §4 |
//! | `alg` is in the issuer's list; `none` and symmetric algorithms cannot be in it | `token_algorithm` | RFC 8725 §3.1, §3.2 |
//! | no `crit`, no `b64` (no extension is understood), no `jwk`; `jku`, `x5u` and `x5c` are not looked at | `token_header` | RFC 7515 §4.1.11, RFC 8725 §3.10 |
//! | header `typ` is absent, `JWT` or `at+jwt`; only `at+jwt` for strict issuers | `token_type` | RFC 8725 §3.11, RFC 9068 §2.1, §4 |
//! | `iss` is a configured issuer, byte for byte | `token_issuer` | RFC 8725 §3.8 |
//! | the issuer has that key, and its `kty`, `crv`, `alg`, `use` and `key_ops` fit; RSA has 2048 to 8192 bits | `token_unknown_key` | RFC 7517 §4, RFC 7518 §3.3 |
//! | without `kid`, one of the first 8 keys that fit; with `kid`, those of that name, else those without a name | `token_unknown_key`, `token_signature` | RFC 7515 §4.1.4 |
//! | the signature | `token_signature` | RFC 7515 §5.2 |
//! | it is an access token, see below | `token_type` | RFC 8725 §3.12 |
//! | `aud` has one of the issuer's audiences | `token_audience` | RFC 7519 §4.1.3, RFC 8725 §3.9 |
//! | `exp` is there and ahead; `nbf` and `iat`, if there, are past; within 60 s | `token_expired`, `token_not_yet_valid` | RFC 7519 §4.1.4 to §4.1.6 |
//! | Entra: `ver` is `2.0`, and the issuer is not `sts.windows.net` | `token_entra_v1` | orchestration reference §5.4 |
//! | UserInfo, if it is asked and answers, is about the same `sub` | `token_userinfo_mismatch` | OpenID Connect Core 1.0 §5.3.2 |
//!
//! # Access tokens and others
//!
//! Providers sign ID tokens, logout tokens and sometimes refresh tokens with the keys of their access tokens, and few of them
//! say `at+jwt`. A token that passed the checks above is an access token unless
//!
//! * it has `events` (RFC 8417 §2.2: a logout or other security event token), or `cnf` (it is bound to a key, and who shows it
//!   as a bearer does not prove to have that key: RFC 8705 §3, RFC 9449 §7.1);
//! * its payload has a `typ` other than `Bearer`, `JWT` or `at+jwt` (Keycloak writes `ID`, `Refresh`, `Offline`, `Logout` or
//!   `DPoP` there), or a `token_use` other than `access` (Amazon Cognito writes `id` there);
//! * it is for [`IssuerSettings::client_id`], the client with which people sign in, as every ID token for that client is
//!   (OpenID Connect Core 1.0 §2), and it is not marked as an access token: by the header's `typ` `at+jwt`, the payload's
//!   `typ` `Bearer` or `at+jwt`, `token_use` `access`, `azp` at Entra, or by `scope` or `scp` without `at_hash`, `c_hash` and
//!   `s_hash`;
//! * it is for another audience, has none of these marks and no `scope` or `scp`, and has `nonce`, `at_hash`, `c_hash` or
//!   `s_hash`, which belong to ID tokens (§2, §3.3.2.11);
//! * it is Entra's and has neither one of these marks nor `scope` or `scp`: Entra's access tokens always have `azp`.
//!
//! [`TokenHabits::id_token_marks`] are the claims of the rule before the last. Claims that are null are not there.
//! [`IssuerSettings::accept_id_tokens`] takes the last three rules back, for providers whose access tokens cannot be told from
//! ID tokens, such as Dex. What remains otherwise is an ID token for another client that is an audience here, without any of
//! these marks; give an API an audience of its own, which no client has as its id.
//!
//! # UserInfo
//!
//! With [`UserInfoSettings`], the issuer's UserInfo endpoint is asked about each token that passed the checks, once: the claims
//! that it adds are kept with the token for 5 minutes. The token's own claims win, member by member at the top level; whom the
//! token speaks for is read from both together. The endpoint is the one that discovery names, asked through the back channel
//! like the keys, or a configured one. A token without `sub` is not asked about, because nothing would tie the answer to it.
//!
//! An endpoint that refuses, fails or answers with anything but a JSON object (signed answers are not read) is no reason to
//! refuse the token: its own claims count for 5 s, then it is asked again. If they name nobody and the endpoint is out of
//! order, the answer is "unavailable". Answers are kept among the verified tokens; a verifier that keeps none asks each time.
//!
//! # When a provider does not answer
//!
//! It does not hinder construction, and it is never a reason to refuse a token:
//! [`TokenError::Unavailable`](identity_core::port::TokenError::Unavailable) says when to ask again. The last good keys stay in
//! use. One fetch per key set is in the air at a time, everyone who needs it waits for that one. After a failure there is a
//! pause of 5 s while there are no keys. An unknown key is looked for at once: five times in a row, then once in 10 s. Until
//! then, a token with a key that was not looked for is answered "unavailable", since the key may be new. Keys are renewed every
//! 10 minutes, as tokens come in.
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
//! # Signing people in
//!
//! [`OidcProvider`] is this server's registration at an issuer of the verifier, whose keys, discovery document and back channel
//! it shares. It speaks the authorization code flow, always with PKCE (RFC 7636, `S256`), state and nonce. Browsers are sent to
//! the endpoints as the document names them; this server takes the back channel. A code is sent once.
//!
//! | check, in this order | refusal | source |
//! |---|---|---|
//! | the answer's `iss` is the provider's; it is there if the provider says that it names itself | `issuer_mismatch` | RFC 9207 §2.4 |
//! | the token endpoint takes the code, and this server's credentials | `grant_refused`, `client_refused`, `provider_error` | RFC 6749 §5.2 |
//! | the answer is JSON without doubles, its token type is `Bearer`, it has an ID token | `provider_malformed` | RFC 6749 §5.1, §7.1 |
//! | the ID token's size and form, `iss`, `alg`, key and signature, as for access tokens | `token_…` | OpenID Connect Core 1.0 §3.1.3.7 |
//! | header `typ` is absent or `JWT`; payload `typ` is absent, `JWT` or `ID`; no `events` | `token_type` | RFC 8725 §3.11, §3.12 |
//! | `aud` has the client id; `exp` and `iat` are there; times hold | `token_audience`, `token_expired`, … | §3.1.3.7 |
//! | `azp`, if there, is the client id | `authorized_party` | §3.1.3.7 |
//! | `at_hash`, if there, is the access token's | `access_token_hash` | §3.1.3.6 |
//! | `nonce` is the one that was sent | `nonce_mismatch` | §3.1.3.7 |
//! | `auth_time` is there and recent, where the operator asks for a `max_age` | `authentication_age` | §3.1.3.7 |
//! | the access token, if it is one for this service, and UserInfo are about the same person | `subject_mismatch` | §5.3.2 |
//! | the username claim is there | `token_no_principal` | orchestration reference §5.3 |
//!
//! Claims come from the access token, if the verifier would take it here, then from the ID token, then from UserInfo: of a claim
//! that several have, the first counts, and where it was found is noted. An access token for somebody else is not read.
//! [`ProviderSettings::prefer_id_token_claims`] puts the ID token first. Who signs in is a person: the client id claim, which
//! many ID tokens have, is not looked at, and without a username nobody signs in.
//!
//! At a renewal the access token's claims are taken anew, so that what was withdrawn is gone; those of the ID token and of
//! UserInfo stay as they were if the provider does not say them anew.
//!
//! Logout tokens are checked by all rules of OpenID Connect Back-Channel Logout 1.0 §2.6 but for their replay, which the caller
//! remembers. They count for two minutes.
//!
//! # How a client authenticates
//!
//! [`ClientAuthentication`]: a secret in the header or in the form, a signed assertion, a certificate, or nothing. Assertions
//! live 60 s and are for one audience, always a single text. Keys and certificates are files, read again when they change; while
//! they cannot be used, the last good ones stay in use. A provider's endpoints for certificates (`mtls_endpoint_aliases`, RFC
//! 8705 §5) are used where it has some.
//!
//! # Kinds of providers
//!
//! | | Keycloak, generic | Microsoft | Auth0 |
//! |---|---|---|---|
//! | scopes | `openid profile email` | the same, `offline_access` and `<client id>/.default` | the same and `offline_access` |
//! | issuers end in | anything | `/v2.0` | `/` |
//! | audience of access tokens | `resource` (RFC 8707) | scopes | `audience`, one |
//! | audience of assertions | the issuer | the token endpoint | the issuer |
//! | certificate in assertions | not named | `x5t` | not named |
//! | the same person has the same | `sub` | `oid`, as `sub` differs by application | `sub` |
//! | tokens must say | | `ver` `2.0` | |
//! | logout | `end_session_endpoint` | `end_session_endpoint` | the same, else `v2/logout` with `returnTo` |
//!
//! Dex is asked for `groups` and `offline_access`, too, and has no parameter for audiences. Okta, Cognito, authentik, ZITADEL, AD
//! FS and Ping are as generic here; what is particular about the access tokens of each kind is [`TokenHabits::of`].
//!
//! `offline_access` is not asked for in general: what it gives outlives people's sessions at the provider, needs their consent,
//! and is refused by providers that do not know it. Keycloak gives refresh tokens without it. Where a provider does not, add it
//! to [`ProviderSettings::scopes`], or sessions end with their access token.
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
//! A service that calls protected APIs gets its tokens from [`MachineTokens`] (RFC 6749 §4.4): asked for once for all who wait,
//! kept, and renewed before they expire.
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
//! let tokens = MachineTokens::new(&settings, clock)?; // once; it asks nobody yet
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
mod flight;
mod habits;
mod http;
mod inspect;
mod issuer;
mod jwk;
mod keys;
mod settings;
mod telemetry;
mod user_info;
mod verifier;

#[cfg(test)]
mod tests;

pub use algorithm::{SigningAlgorithm, UnknownAlgorithm};
pub use client::{
    AssertionAudience, AssertionSettings, ClientAuthentication, EndpointUrls, KeyFile, KeyId, MachineToken,
    MachineTokenRequest, MachineTokenSettings, MachineTokens, OidcProvider, ProviderKind, ProviderSettings, Thumbprint,
    TlsSettings, UserInfoMode,
};
pub use habits::{ID_TOKEN_MARKS, TokenHabits};
pub use http::{HttpSettings, http_client};
pub use issuer::IssuerStatus;
pub use settings::{IssuerSettings, SettingsError, SettingsProblem, UserInfoSettings, VerifierSettings};
pub use verifier::OidcTokenVerifier;
