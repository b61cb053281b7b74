//! Sign-out: by the user, by the provider (back-channel and front-channel logout), or by an administrator.
//!
//! The local session ends first, regardless of the provider's response. Its refresh token is revoked afterwards. No
//! request waits for the revocation, because the provider may respond slowly.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::renew::revoke;
use super::{Record, Sessions, public_key};
use crate::entity::{Actor, AuditOperation, AuditResult, Session, SessionId, WhichSessions};
use crate::port::{
    EndSessionRequest, IdentityProvider, LogoutNotice, ProviderError, RefusedSignIn, SignedIn, StoreError,
};
use crate::value::LocalPath;

const CONTEXT: &[u8] = b"sign-out";
/// Maximum number of attempts to end sessions after a back-channel logout. The provider sends each token only once.
const TRIES: usize = 3;

/// Ended sessions whose refresh tokens are not revoked yet (RFC 7009). Call [`EndedSessions::revoke`].
#[must_use = "their refresh tokens are still good"]
pub struct EndedSessions(Vec<(Arc<dyn IdentityProvider>, SignedIn)>);

impl fmt::Debug for EndedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions", self.0.len())
    }
}

impl EndedSessions {
    /// Revokes the refresh tokens one after the other, which may take long. Failures are only logged.
    pub async fn revoke(self) {
        for (provider, signed_in) in self.0 {
            revoke(provider.as_ref(), signed_in.refresh_token.as_ref()).await;
        }
    }
}

/// Result of a sign-out in the browser.
pub struct SignedOut {
    /// URL of the provider for sign-out there, to which to redirect the browser. `None` if the provider offers none.
    pub location: Option<String>,
    /// The ended session, whose refresh token is still to be revoked. Empty if there was none.
    pub ended: EndedSessions,
}

/// Reason why a back-channel logout fails. [`LogoutError::code`] is stable and public.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogoutError {
    /// The logout token failed validation.
    #[error(transparent)]
    Refused(#[from] RefusedSignIn),
    /// A logout token with this ID (`jti`) was already used.
    #[error("the logout token was already used")]
    Replayed,
    /// The keys to validate the logout token cannot be loaded from the provider.
    #[error("the provider cannot be reached; try again later")]
    Unavailable,
    /// The session store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LogoutError {
    /// Returns the machine-readable reason code, such as `logout_token_replayed`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(reason) => reason.code(),
            Self::Replayed => "logout_token_replayed",
            Self::Unavailable => "provider_unavailable",
            Self::Store(_) => "store",
        }
    }
}

impl Sessions {
    /// Ends the session with this ID. Succeeds if it has already ended.
    ///
    /// # Errors
    /// When the store fails. The session may still exist then.
    pub async fn sign_out(
        &self,
        id: &SessionId,
        return_to: Option<&LocalPath>,
        request_id: Option<&str>,
    ) -> Result<SignedOut, StoreError> {
        let sessions = self.ports.store.delete(&WhichSessions::One(self.hash(id))).await?;
        let ended = self.ended(sessions, None, request_id).await;
        let location = match ended.0.first() {
            Some((provider, signed_in)) => self.end_session_url(provider.as_ref(), signed_in, return_to).await,
            None => None,
        };
        Ok(SignedOut { location, ended })
    }

    /// Returns the URL for sign-out at the provider. A failure is logged and yields `None`, because sign-out continues
    /// locally.
    async fn end_session_url(
        &self,
        provider: &dyn IdentityProvider,
        signed_in: &SignedIn,
        return_to: Option<&LocalPath>,
    ) -> Option<String> {
        let target = return_to.map_or("", LocalPath::as_str);
        let state = self.ports.crypto.seal(CONTEXT, target.as_bytes())?;
        let login_hint = signed_in.claims.get("login_hint").and_then(serde_json::Value::as_str);
        let ending = EndSessionRequest {
            id_token: signed_in.id_token.clone(),
            return_uri: self.settings.signed_out_uri.clone(),
            state: BASE64_URL_SAFE_NO_PAD.encode(state),
            logout_hint: login_hint.map(str::to_owned),
        };
        match provider.end_session_url(&ending).await {
            Ok(location) => location,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    provider = provider.id(),
                    "session.end.failed"
                );
                None
            }
        }
    }

    /// Decrypts the `state` that the provider returns after sign-out to the local path to redirect the browser to.
    /// Returns `None` if this server did not issue it.
    #[must_use]
    pub fn after_sign_out(&self, state: &str) -> Option<LocalPath> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(state).ok()?;
        let target = String::from_utf8(self.ports.crypto.open(CONTEXT, &sealed)?).ok()?;
        LocalPath::parse(&target).ok()
    }

    /// Ends the sessions named by a logout token (OpenID Connect Back-Channel Logout 1.0 §2.7). The token's issuer
    /// selects the provider.
    ///
    /// # Errors
    /// When the token is rejected or was already used, the provider's keys are unavailable, or the store fails. Each
    /// failure is recorded in the audit log.
    pub async fn back_channel(&self, token: &str, request_id: Option<&str>) -> Result<EndedSessions, LogoutError> {
        let outcome = self.back_channel_ended(token, request_id).await;
        if let Err(error) = &outcome {
            self.record(Record {
                operation: AuditOperation::Delete,
                actor: Actor::Anonymous,
                issuer: None,
                key: String::new(),
                result: AuditResult::Denied,
                reason: Some(error.code()),
                request_id,
                origin: None,
            })
            .await;
        }
        outcome
    }

    async fn back_channel_ended(&self, token: &str, request_id: Option<&str>) -> Result<EndedSessions, LogoutError> {
        let (issuer, notice) = self.notice(token).await?;
        let key = self.ports.crypto.digest(format!("logout token {issuer} {}", notice.id).as_bytes());
        if !self.ports.store.use_once(key, notice.expires_at).await? {
            return Err(LogoutError::Replayed);
        }
        let which = match (notice.provider_session, notice.subject) {
            (Some(provider_session), _) => WhichSessions::OfProviderSession { issuer, provider_session },
            (None, Some(subject)) => WhichSessions::OfSubject { issuer, subject },
            (None, None) => return Err(RefusedSignIn::LogoutToken("neither `sub` nor `sid`").into()),
        };
        let mut deleted = self.ports.store.delete(&which).await;
        for _ in 1..TRIES {
            if deleted.is_err() {
                deleted = self.ports.store.delete(&which).await;
            }
        }
        Ok(self.ended(deleted?, Some("back_channel_logout"), request_id).await)
    }

    async fn notice(&self, token: &str) -> Result<(String, LogoutNotice), LogoutError> {
        for provider in &self.ports.providers {
            match provider.logout_token(token).await {
                Ok(notice) => return Ok((provider.issuer().to_owned(), notice)),
                Err(ProviderError::Refused(RefusedSignIn::Issuer)) => {}
                Err(ProviderError::Refused(reason)) => return Err(reason.into()),
                Err(ProviderError::Unavailable { .. }) => return Err(LogoutError::Unavailable),
            }
        }
        Err(RefusedSignIn::Issuer.into())
    }

    /// Ends the browser's session on a front-channel logout request (OpenID Connect Front-Channel Logout 1.0 §2).
    ///
    /// Ends only this session, and only if both its issuer (`iss`) and its provider session (`sid`) match.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn front_channel(
        &self,
        id: &SessionId,
        issuer: &str,
        provider_session: &str,
        request_id: Option<&str>,
    ) -> Result<EndedSessions, StoreError> {
        let id = self.hash(id);
        let session = self.ports.store.find(id, self.now()).await?;
        let named = session.is_some_and(|session| {
            session.issuer.as_deref() == Some(issuer) && session.provider_session.as_deref() == Some(provider_session)
        });
        let sessions = if named { self.ports.store.delete(&WhichSessions::One(id)).await? } else { Vec::new() };
        Ok(self.ended(sessions, Some("front_channel_logout"), request_id).await)
    }

    /// Records the end of each session, with its principal as the actor. Returns the sessions whose refresh tokens are
    /// to be revoked.
    pub(super) async fn ended(
        &self,
        sessions: Vec<Session>,
        reason: Option<&str>,
        request_id: Option<&str>,
    ) -> EndedSessions {
        for session in &sessions {
            let actor = Actor::Principal(session.principal.clone());
            self.record_ended(session, actor, reason, request_id).await;
        }
        self.to_revoke(&sessions)
    }

    async fn record_ended(&self, session: &Session, actor: Actor, reason: Option<&str>, request_id: Option<&str>) {
        let key = public_key(session.id);
        let (operation, result) = (AuditOperation::Delete, AuditResult::Success);
        let issuer = session.issuer.as_deref().map(Arc::from);
        self.record(Record { operation, actor, issuer, key, result, reason, request_id, origin: None }).await;
    }

    /// Returns those of the ended sessions that have stored tokens of a provider which is still configured.
    pub(super) fn to_revoke(&self, sessions: &[Session]) -> EndedSessions {
        let of = |session: &Session| {
            let provider = self.provider_of(session.issuer.as_deref()?)?;
            let kept = self.unseal(session.id, &session.principal, &session.sealed)?;
            Some((Arc::clone(provider), kept.signed_in()?))
        };
        EndedSessions(sessions.iter().filter_map(of).collect())
    }
}
