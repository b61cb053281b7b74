//! Validation of logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).

use identity_core::entity::RejectedToken;
use identity_core::port::{LogoutNotice, ProviderError, RefusedSignIn};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::signed::{Expected, subject, text};
use crate::checks::numeric_date;

/// Member of the claim `events` that identifies a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Maximum age of a logout token, in addition to the clock skew. Providers send logout tokens immediately.
const LONGEST_WAY: Duration = Duration::minutes(2);

impl Expected {
    /// Validates a logout token, except for replay, which the caller detects. `strict` requires the header type
    /// `logout+jwt`; many providers set no type, or `JWT`.
    pub(crate) async fn logout_token(
        &self,
        token: &str,
        strict: bool,
        now: OffsetDateTime,
    ) -> Result<LogoutNotice, ProviderError> {
        let is_type = |typ: Option<&str>| {
            let is = |name| typ.is_some_and(|typ| typ.eq_ignore_ascii_case(name));
            let is_logout = is("logout+jwt") || is("application/logout+jwt");
            is_logout || (!strict && (typ.is_none() || is("jwt")))
        };
        let signed = self.check(token, is_type, now).await.map_err(|error| match error {
            ProviderError::Refused(RefusedSignIn::Token(RejectedToken::Issuer(_))) => RefusedSignIn::Issuer.into(),
            ProviderError::Refused(RefusedSignIn::Token(RejectedToken::Type)) => {
                RefusedSignIn::LogoutToken("its header has another `typ` than `logout+jwt`").into()
            }
            other => other,
        })?;
        self.notice(&signed.claims, now).map_err(ProviderError::from)
    }

    fn notice(&self, claims: &Map<String, Value>, now: OffsetDateTime) -> Result<LogoutNotice, RefusedSignIn> {
        let refuse = |fault| Err(RefusedSignIn::LogoutToken(fault));
        let text = |name| text(claims, name).map(|found| found.map(str::to_owned)).map_err(RefusedSignIn::Token);
        // A logout token must not have a nonce, so that an ID token cannot be used in its place.
        if claims.contains_key("nonce") {
            return refuse("it must not have a `nonce`");
        }
        // Keycloak also sets the token type in the payload.
        if text("typ")?.is_some_and(|typ| !typ.eq_ignore_ascii_case("logout")) {
            return refuse("its `typ` is not `logout`");
        }
        match claims.get("events") {
            Some(Value::Object(events)) if events.get(EVENT).is_some_and(Value::is_object) => {}
            _ => return refuse("its `events` contains no logout event"),
        }
        let issued_at = numeric_date(claims, "iat").map_err(RefusedSignIn::Token)?;
        let oldest = now.saturating_sub(LONGEST_WAY).saturating_sub(self.issuer.clock_skew);
        let Some(issued_at) = issued_at.filter(|issued_at| *issued_at >= oldest) else {
            return refuse("it is too old");
        };
        // From this time on, the token is too old regardless of its `exp`: its id must be remembered until then, and no
        // longer.
        let expires_at =
            issued_at.saturating_add(LONGEST_WAY).saturating_add(self.issuer.clock_skew) + Duration::SECOND;
        let Some(id) = text("jti")? else { return refuse("it has no `jti`") };
        let subject = subject(claims).map_err(RefusedSignIn::Token)?;
        let provider_session = text("sid")?;
        if subject.is_none() && provider_session.is_none() {
            return refuse("it has neither `sub` nor `sid`");
        }
        Ok(LogoutNotice { id, expires_at, subject, provider_session })
    }
}
