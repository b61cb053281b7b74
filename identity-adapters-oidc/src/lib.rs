//! Token verification against OpenID Connect providers: the port [`TokenVerifier`](identity_core::port::TokenVerifier).
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
//! | at most 16 KiB, three base64url segments without padding | `token_too_large`, `token_malformed` | RFC 7515 §2, §7.1 |
//! | header and payload are JSON objects, no member twice at any level, at most 16 levels deep | `token_malformed` | RFC 8725 §2.4, RFC 8259 §4 |
//! | `alg` is in the issuer's list; `none` and symmetric algorithms cannot be in it | `token_algorithm` | RFC 8725 §3.1, §3.2 |
//! | no `crit`, no `b64` (no extension is understood), no `jwk`; `jku`, `x5u` and `x5c` are not looked at | `token_header` | RFC 7515 §4.1.11, RFC 8725 §3.10 |
//! | header `typ` is absent, `JWT` or `at+jwt`; only `at+jwt` for strict issuers | `token_type` | RFC 8725 §3.11, RFC 9068 §2.1, §4 |
//! | `iss` is a configured issuer, byte for byte | `token_issuer` | RFC 8725 §3.8 |
//! | the issuer has that key, and its `kty`, `crv`, `alg`, `use` and `key_ops` fit; RSA has 2048 to 8192 bits | `token_unknown_key` | RFC 7517 §4, RFC 7518 §3.3 |
//! | without `kid`, exactly one key fits | `token_unknown_key` | RFC 7515 §4.1.4 |
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
//!   `DPoP` there);
//! * nothing says that it is one (header `at+jwt`, payload `typ` `Bearer` or `at+jwt`, `scope`, `scp`), and it has `nonce`,
//!   `at_hash`, `c_hash` or `s_hash`, which belong to ID tokens (OpenID Connect Core 1.0 §2, §3.3.2.11);
//! * nothing says that it is one, it is Entra's, and it lacks `azp`, which Entra's access tokens always have.
//!
//! What remains is an ID token without any of these marks. Its audience is a client; give an API an audience of its own.
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
//! use. One fetch per key set is in the air at a time, everyone who needs it waits for that one, and after it there is a pause:
//! 5 s while there are no keys, 10 s before an unknown key is looked for again. Keys are renewed every 10 minutes, as tokens
//! come in.
//!
//! # Example
//!
//! ```
//! # use std::sync::Arc;
//! use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, VerifierSettings};
//! # use identity_core::port::Clock;
//! use identity_core::resolve::PrincipalClaims;
//! use identity_core::value::ClaimSelector;
//!
//! # fn verifier(clock: Arc<dyn Clock>) -> Result<OidcTokenVerifier, Box<dyn std::error::Error>> {
//! let claims = PrincipalClaims {
//!     username: ClaimSelector::parse("preferred_username")?,
//!     client_id: Some(ClaimSelector::parse("client_id")?),
//!     groups: None,
//!     prefer_username: false,
//! };
//! let issuer = IssuerSettings {
//!     back_channel: Some("https://keycloak.internal/realms/a".to_owned()),
//!     ..IssuerSettings::new("https://login.example.com/realms/a", vec!["identity-api".to_owned()], claims)
//! };
//! let verifier = OidcTokenVerifier::new(vec![issuer], VerifierSettings::default(), clock)?;
//! # Ok(verifier)
//! # }
//! ```

mod algorithm;
mod cache;
mod checks;
mod compact;
mod discovery;
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
pub use http::{HttpSettings, http_client};
pub use issuer::IssuerStatus;
pub use settings::{IssuerSettings, SettingsError, SettingsProblem, UserInfoSettings, VerifierSettings};
pub use verifier::OidcTokenVerifier;
