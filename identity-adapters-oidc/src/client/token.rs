//! Grants and responses of a token endpoint (RFC 6749 §5.1), by the crate `oauth2`.

use identity_core::port::{ProviderError, RefusedSignIn};
use identity_core::value::{Secret, strict_json_object, text_or_integer};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, Client, ErrorResponse, ExtraTokenFields, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Assumed lifetime of an access token if the response has no `expires_in`.
const DEFAULT_LIFETIME: time::Duration = time::Duration::minutes(5);

/// Client of the crate `oauth2`, without endpoints.
pub(crate) type TokenClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

type TokenAnswer = StandardTokenResponse<IdTokenField, BasicTokenType>;

/// The ID token of a response (OpenID Connect Core 1.0 §3.1.3.3), as a secret text: [`super::signed`] parses it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct IdTokenField {
    id_token: Option<AccessToken>,
}

impl ExtraTokenFields for IdTokenField {}

/// Successful response of a token endpoint.
pub(crate) struct Tokens {
    pub(crate) access_token: Secret,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) lifetime: time::Duration,
}

impl From<TokenAnswer> for Tokens {
    fn from(answer: TokenAnswer) -> Self {
        let secret = |token: &AccessToken| Secret::new(token.secret().clone());
        Self {
            access_token: secret(answer.access_token()),
            id_token: answer.extra_fields().id_token.as_ref().map(secret),
            refresh_token: answer.refresh_token().map(|token| Secret::new(token.secret().clone())),
            lifetime: answer.expires_in().and_then(|lifetime| lifetime.try_into().ok()).unwrap_or(DEFAULT_LIFETIME),
        }
    }
}

/// A grant, with the parameters of its token request.
#[derive(Clone, Copy)]
pub(crate) enum Grant<'g> {
    /// Authorization code (RFC 6749 §4.1.3) with PKCE (RFC 7636 §4.5).
    Code { code: &'g Secret, verifier: &'g Secret, redirect_uri: &'g str },
    /// Refresh token (RFC 6749 §6).
    Refresh(&'g Secret),
    /// Client credentials (RFC 6749 §4.4.2).
    Client { scopes: &'g [String] },
}

/// Returns the error of a request. Responses are checked before `oauth2` parses them, so that it finds no other errors.
pub(crate) fn failure<E: ErrorResponse>(error: RequestTokenError<ProviderError, E>) -> ProviderError {
    match error {
        RequestTokenError::Request(error) => error,
        _ => RefusedSignIn::Malformed("the response is too large or malformed").into(),
    }
}

/// Body of a response for `oauth2`, or the reason for its rejection.
pub(crate) type CheckedBody = Result<Vec<u8>, RefusedSignIn>;

/// Checks a token response, and returns the members that are used. Null counts as absent. Some providers send
/// `expires_in` as a string, which becomes a number.
pub(crate) fn checked(body: &[u8]) -> CheckedBody {
    let mut members = strict_json_object(body).map_err(RefusedSignIn::Malformed)?;
    members.retain(|name, value| name != "scope" && !value.is_null());
    // A client must not use a token of an unknown type (RFC 6749 §7.1).
    let is_bearer = |kind: &str| kind.eq_ignore_ascii_case("bearer");
    if !members.get("token_type").and_then(Value::as_str).is_some_and(is_bearer) {
        return Err(RefusedSignIn::Malformed("`token_type` is not `Bearer`"));
    }
    for (name, fault) in [
        ("access_token", "`access_token` is not a string"),
        ("id_token", "`id_token` is not a string"),
        ("refresh_token", "`refresh_token` is not a string"),
    ] {
        if members.get(name).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
            return Err(RefusedSignIn::Malformed(fault));
        }
    }
    if !members.contains_key("access_token") {
        return Err(RefusedSignIn::Malformed("`access_token` is missing"));
    }
    if let Some(lifetime) = members.get_mut("expires_in") {
        let seconds = text_or_integer(lifetime).and_then(|seconds| seconds.parse::<u32>().ok());
        *lifetime = seconds.ok_or(RefusedSignIn::Malformed("`expires_in` is not a number of seconds"))?.into();
    }
    Ok(Value::from(members).to_string().into_bytes())
}
