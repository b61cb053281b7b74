//! Sign-out: by the person, by the provider's word, by an administrator.
//!
//! The session here ends first, whatever the provider says. Then its refresh token is revoked, which may take long when the
//! provider is slow: nobody waits for that.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::renew::revoke;
use super::{Record, Sessions, public_key};
use crate::entity::{Actor, AuditOperation, AuditResult, Session, SessionId, WhichSessions};
use crate::port::{Ending, IdentityProvider, LogoutNotice, ProviderError, RefusedSignIn, SignedIn, StoreError};
use crate::value::LocalPath;

const CONTEXT: &[u8] = b"sign-out";
/// How often to try to end sessions that a provider ended: its word comes once.
const TRIES: usize = 3;

/// Sessions that have ended, and what is left to do about them.
#[must_use = "their refresh tokens are still good"]
pub struct EndedSessions(Vec<(Arc<dyn IdentityProvider>, SignedIn)>);

impl fmt::Debug for EndedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions", self.0.len())
    }
}

impl EndedSessions {
    /// Revokes their refresh tokens. Takes as long as the providers take.
    pub async fn revoke(self) {
        for (provider, signed_in) in self.0 {
            revoke(provider.as_ref(), signed_in.refresh_token.as_ref()).await;
        }
    }
}

/// What a sign-out came to.
pub struct SignedOut {
    /// Where to send the browser so that it is signed out at the provider, too.
    pub location: Option<String>,
    /// What is left to do.
    pub ended: EndedSessions,
}

/// Why a provider's word does not count. [`LogoutError::code`] is stable and public.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The token is no good.
    #[error(transparent)]
    Refused(#[from] RefusedSignIn),
    /// The token came before.
    #[error("this logout token was used before")]
    Replayed,
    /// The provider's keys cannot be had now.
    #[error("the provider cannot be reached; try again later")]
    Unavailable,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LogoutError {
    /// The reason code.
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
    /// Ends the browser's session. Ending one that is gone is no error.
    ///
    /// # Errors
    /// When the store fails: the session may be alive.
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

    /// Where to send the browser. A provider that cannot be asked does not keep anybody from signing out here.
    async fn end_session_url(
        &self,
        provider: &dyn IdentityProvider,
        signed_in: &SignedIn,
        return_to: Option<&LocalPath>,
    ) -> Option<String> {
        let target = return_to.map_or("", LocalPath::as_str);
        let state = self.ports.crypto.seal(CONTEXT, target.as_bytes())?;
        let login_hint = signed_in.claims.get("login_hint").and_then(serde_json::Value::as_str);
        let ending = Ending {
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

    /// Where the browser wanted to go after its sign-out at the provider. Nowhere, if the state is not from here.
    #[must_use]
    pub fn after_sign_out(&self, state: &str) -> Option<LocalPath> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(state).ok()?;
        let target = String::from_utf8(self.ports.crypto.open(CONTEXT, &sealed)?).ok()?;
        LocalPath::parse(&target).ok()
    }

    /// Ends what a provider says has ended (OpenID Connect Back-Channel Logout 1.0 §2.7). Which provider, the token's issuer
    /// says.
    ///
    /// # Errors
    /// When the token is refused, or was used before. A refusal is recorded.
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

    /// Ends the browser's session if a provider says so through the browser (OpenID Connect Front-Channel Logout 1.0 §2): only
    /// the browser's own, and only if issuer and session are the ones named.
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

    /// Records that sessions have ended by somebody's own doing.
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

    /// What is left to do about sessions that have ended.
    pub(super) fn to_revoke(&self, sessions: &[Session]) -> EndedSessions {
        let of = |session: &Session| {
            let provider = self.provider_of(session.issuer.as_deref()?)?;
            let kept = self.unseal(session.id, &session.principal, &session.sealed)?;
            Some((Arc::clone(provider), kept.signed_in()?))
        };
        EndedSessions(sessions.iter().filter_map(of).collect())
    }
}
