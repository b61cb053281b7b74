//! Checks of a token's type and claims. Every claim is read by its JSON type; a wrong type is a rejection, never
//! treated as an absent claim.

use identity_core::entity::RejectedToken;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::habits::TokenHabits;

type Members = Map<String, Value>;

/// Whether the header parameter `typ` marks an access token, by `at+jwt` (RFC 9068 §2.1) or a value in `others`. An
/// absent `typ` and `JWT` do not; any other value is an error (RFC 8725 §3.11).
pub(crate) fn says_access_token(typ: Option<&str>, others: &[String]) -> Result<bool, RejectedToken> {
    let Some(typ) = typ else { return Ok(false) };
    let is = |name: &str| typ.eq_ignore_ascii_case(name);
    if is("at+jwt") || is("application/at+jwt") || others.iter().any(|other| is(other)) {
        Ok(true)
    } else if is("jwt") {
        Ok(false)
    } else {
        Err(RejectedToken::Type)
    }
}

/// Issuer configuration to distinguish access tokens from ID tokens and other tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    pub(crate) is_entra: bool,
    /// Client id for user sign-in at the issuer, which is the `aud` of ID tokens for that client.
    pub(crate) client_id: Option<String>,
    /// Whether to accept tokens that cannot be distinguished from ID tokens.
    pub(crate) accept_id_tokens: bool,
    /// Provider-specific properties of access tokens, such as claims that mark an ID token.
    pub(crate) habits: TokenHabits,
}

/// Returns the claim with this name. A null claim counts as absent.
fn present<'c>(claims: &'c Members, name: &str) -> Option<&'c Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// Accepts access tokens and rejects other tokens that an issuer signs with the same keys, such as ID tokens (RFC 8725
/// §3.12). The crate documentation lists the rules.
pub(crate) fn kind(claims: &Members, says_access_token: bool, kinds: &Kinds) -> Result<(), RejectedToken> {
    let has = |name: &str| present(claims, name).is_some();
    // A security event token (RFC 8417 §2.2), such as a logout token, or a sender-constrained token: a bearer does not
    // prove possession of its key (RFC 7800 §3.1, RFC 8705 §3, RFC 9449 §6.1).
    if has("events") || has("cnf") {
        return Err(RejectedToken::Type);
    }
    let is_bearer = match present(claims, "typ") {
        None => false,
        Some(Value::String(typ)) if typ.eq_ignore_ascii_case("bearer") => true,
        Some(Value::String(typ)) => self::says_access_token(Some(typ), &[])?,
        Some(_) => return Err(RejectedToken::Type),
    };
    // Amazon Cognito marks the use of a token: `access` or `id`.
    let is_for_access = match present(claims, "token_use") {
        None => false,
        Some(Value::String(usage)) if usage == "access" => true,
        Some(_) => return Err(RejectedToken::Type),
    };
    if says_access_token || is_bearer || is_for_access {
        return Ok(());
    }
    let has_scope = has("scope") || has("scp");
    let has_hash = ["at_hash", "c_hash", "s_hash"].into_iter().any(has);
    // Among Entra's tokens, only access tokens have `azp`.
    let is_of_client = kinds.is_entra && has("azp");
    if kinds.client_id.as_deref().is_some_and(|client| names_audience(claims, client)) {
        // Every ID token for this server's client has this audience (OpenID Connect Core 1.0 §2). An access token with
        // this audience must have a mark of access tokens, and no mark that only ID tokens have.
        let is_access = is_of_client || (has_scope && !has_hash);
        return if is_access || kinds.accept_id_tokens { Ok(()) } else { Err(RejectedToken::Type) };
    }
    let is_marked = kinds.habits.id_token_marks.iter().any(|mark| has(mark));
    let is_id_token = is_marked || (kinds.is_entra && !is_of_client);
    if has_scope || !is_id_token || kinds.accept_id_tokens { Ok(()) } else { Err(RejectedToken::Type) }
}

/// Whether the claim `aud`, a string or an array, contains this audience.
fn names_audience(claims: &Members, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().any(|value| value.as_str() == Some(audience)),
        value => value.and_then(Value::as_str) == Some(audience),
    }
}

/// Returns the claim `iss`, which is required and must be a string.
pub(crate) fn issuer(claims: &Members) -> Result<&str, RejectedToken> {
    match claims.get("iss") {
        Some(Value::String(issuer)) => Ok(issuer),
        Some(_) => Err(RejectedToken::ClaimType("iss".to_owned())),
        None => Err(RejectedToken::MissingClaim("iss".to_owned())),
    }
}

/// Checks that `aud`, a string or a list of strings (RFC 7519 §4.1.3), contains an audience that `is_expected`. List
/// elements of other types match nothing. `otherwise` names the claim to check if `aud` is absent.
pub(crate) fn audience(
    claims: &Members,
    otherwise: Option<&str>,
    is_expected: impl Fn(&str) -> bool,
) -> Result<(), RejectedToken> {
    let (name, value) = match (present(claims, "aud"), otherwise) {
        (Some(value), _) => ("aud", Some(value)),
        (None, Some(name)) => (name, present(claims, name)),
        (None, None) => return Err(RejectedToken::Audience),
    };
    let values = match value {
        None => return Err(RejectedToken::Audience),
        Some(Value::Array(values)) => values.as_slice(),
        Some(Value::String(_)) => value.map(std::slice::from_ref).unwrap_or_default(),
        Some(_) => return Err(RejectedToken::ClaimType(name.to_owned())),
    };
    let found = values.iter().filter_map(Value::as_str).any(is_expected);
    if found { Ok(()) } else { Err(RejectedToken::Audience) }
}

/// Validity period of a token, from its `exp`, `nbf` and `iat`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) expires_at: OffsetDateTime,
    not_before: Option<OffsetDateTime>,
}

impl Lifetime {
    /// Reads `exp`, which is required, and the optional `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6).
    pub(crate) fn read(claims: &Members) -> Result<Self, RejectedToken> {
        let expires_at = numeric_date(claims, "exp")?.ok_or_else(|| RejectedToken::MissingClaim("exp".to_owned()))?;
        let not_before = numeric_date(claims, "nbf")?.max(numeric_date(claims, "iat")?);
        Ok(Self { expires_at, not_before })
    }

    pub(crate) fn check(&self, now: OffsetDateTime, skew: Duration) -> Result<(), RejectedToken> {
        if self.expires_at.saturating_add(skew) <= now {
            return Err(RejectedToken::Expired);
        }
        match self.not_before {
            Some(start) if now.saturating_add(skew) < start => Err(RejectedToken::NotYetValid),
            _ => Ok(()),
        }
    }
}

/// Reads a NumericDate (RFC 7519 §2): a non-negative number of seconds, before the year 10,000. Fractions are
/// truncated.
pub(crate) fn numeric_date(claims: &Members, name: &str) -> Result<Option<OffsetDateTime>, RejectedToken> {
    let Some(value) = present(claims, name) else { return Ok(None) };
    let seconds = match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            // A float outside the range of `i64` saturates; the result is not a valid date either.
            number.as_f64().map(|seconds| seconds.floor() as i64)
        }),
        _ => None,
    };
    let date = seconds.filter(|seconds| *seconds >= 0).and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
    date.map(Some).ok_or_else(|| RejectedToken::ClaimType(name.to_owned()))
}

/// Whether the issuer is Microsoft Entra ID, with either token format (v1 or v2).
pub(crate) fn is_entra(issuer: &str) -> bool {
    is_host(issuer, "login.microsoftonline.com") || is_entra_v1(issuer)
}

/// Whether the issuer is `sts.windows.net`, which issues Entra's v1 tokens.
pub(crate) fn is_entra_v1(issuer: &str) -> bool {
    is_host(issuer, "sts.windows.net")
}

fn is_host(issuer: &str, host: &str) -> bool {
    issuer.contains(host) && Url::parse(issuer).is_ok_and(|url| url.host_str() == Some(host))
}

/// Requires that an Entra token has the v2 format, with `ver` `2.0` (docs/reference/orchestration-cluster.md §5.4).
pub(crate) fn entra_version(claims: &Members) -> Result<(), RejectedToken> {
    if claims.get("ver").and_then(Value::as_str) == Some("2.0") { Ok(()) } else { Err(RejectedToken::EntraV1) }
}
