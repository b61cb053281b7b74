//! Grants and responses of a token endpoint (RFC 6749 §5.1), by the crate `oauth2`.

use std::fmt;

use identity_core::port::{ProviderError, RefusedSignIn};
use identity_core::value::{Secret, strict_json_object};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    Client, ErrorResponse, ExtraTokenFields, RequestTokenError, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

/// The ID token of a response (OpenID Connect Core 1.0 §3.1.3.3), as text: [`super::signed`] parses it.
#[derive(Deserialize, Serialize)]
pub(crate) struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTokenField")
    }
}

/// Successful response of a token endpoint.
pub(crate) struct Tokens {
    pub(crate) access_token: Secret,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) lifetime: time::Duration,
}

impl From<TokenAnswer> for Tokens {
    fn from(answer: TokenAnswer) -> Self {
        let secret = |text: &String| Secret::new(text.clone());
        Self {
            access_token: secret(answer.access_token().secret()),
            id_token: answer.extra_fields().id_token.as_ref().map(secret),
            refresh_token: answer.refresh_token().map(|token| secret(token.secret())),
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

/// Checks a token response, and returns it with only the members that are used. Some providers send `expires_in` as a
/// string, which becomes a number.
pub(crate) fn checked(body: &[u8]) -> Result<Vec<u8>, RefusedSignIn> {
    let members = strict_json_object(body).map_err(RefusedSignIn::Malformed)?;
    // A client must not use a token of an unknown type (RFC 6749 §7.1).
    let is_bearer = |kind: &&Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let kind = members.get("token_type").filter(is_bearer);
    let kind = kind.ok_or(RefusedSignIn::Malformed("`token_type` is not `Bearer`"))?;
    let mut checked = Map::from_iter([("token_type".to_owned(), kind.clone())]);
    for (name, fault) in [
        ("access_token", "`access_token` is not a string"),
        ("id_token", "`id_token` is not a string"),
        ("refresh_token", "`refresh_token` is not a string"),
    ] {
        match members.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if !text.is_empty() => {
                checked.insert(name.to_owned(), Value::from(text.as_str()));
            }
            Some(_) => return Err(RefusedSignIn::Malformed(fault)),
        }
    }
    if !checked.contains_key("access_token") {
        return Err(RefusedSignIn::Malformed("`access_token` is missing"));
    }
    let seconds = match members.get("expires_in") {
        None | Some(Value::Null) => return Ok(Value::from(checked).to_string().into_bytes()),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.ok_or(RefusedSignIn::Malformed("`expires_in` is not a number of seconds"))?;
    checked.insert("expires_in".to_owned(), seconds.into());
    Ok(Value::from(checked).to_string().into_bytes())
}
