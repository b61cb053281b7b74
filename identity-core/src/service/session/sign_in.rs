//! Completion of a sign-in: opens a session after the provider's callback or after a password check.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::credential::password_digest;
use super::sealed_sign_in::SealedSignIn;
use super::{EndedSessions, Record, Sessions, public_key};
use crate::entity::{Actor, AuditOperation, AuditResult, Principal, Session, SessionId, WhichSessions};
use crate::port::{AuthorizationResponse, ProviderError, RefusedSignIn, SessionQuery, SignedIn, StoreError};
use crate::search::PageRequest;
use crate::service::Caller;
use crate::value::{LocalPath, Secret};

/// Maximum length of a stored user agent, in characters.
const MAX_USER_AGENT: usize = 200;
/// Maximum number of sessions that one sign-in ends because the principal has too many.
const SURPLUS: usize = 100;

/// Parameters of the authorization response (RFC 6749 §4.1.2), which the browser delivers.
#[derive(Clone, Debug)]
pub struct CallbackAnswer {
    /// Parameter `state`; `None` if it is missing.
    pub state: Option<String>,
    /// The authorization code, or the provider's error code (RFC 6749 §4.1.2.1).
    pub outcome: Result<AuthorizationResponse, String>,
}

/// The browser that signs in, and data about its request.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// User agent, if sent. The session keeps its first 200 characters.
    pub user_agent: Option<String>,
    /// Current session of the browser, if any. The sign-in ends it.
    pub former: Option<SessionId>,
    /// ID of the request, for the audit log.
    pub request_id: Option<String>,
    /// Client address, which is recorded if the sign-in is refused.
    pub address: Option<IpAddr>,
}

/// A session that was just opened.
#[derive(Debug)]
pub struct Opened {
    /// Session ID, to be set as the cookie.
    pub id: SessionId,
    /// Local path to which the browser is redirected after the sign-in.
    pub return_to: LocalPath,
    /// Older sessions that were ended because the principal had too many.
    pub ended: EndedSessions,
}

/// Reason why a sign-in fails. [`SignInError::code`] is stable and public.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// No provider has the requested ID, or several are configured and none was requested.
    #[error("the provider does not exist")]
    UnknownProvider,
    /// The callback lacks the parameter `state`.
    #[error("the response has no `state`")]
    StateMissing,
    /// The callback came without the cookie of a pending sign-in, for example in another browser.
    #[error("this browser did not start the sign-in")]
    OtherBrowser,
    /// The cookie of the pending sign-in cannot be decrypted or parsed.
    #[error("the sign-in cookie of the browser is malformed")]
    TransactionMalformed,
    /// The `state` of the callback differs from that of the pending sign-in.
    #[error("the `state` of the response belongs to another sign-in")]
    StateMismatch,
    /// The `state` was already used, for example because the callback was sent twice.
    #[error("the response was already used")]
    StateReplayed,
    /// The callback came more than 15 minutes after the start of the sign-in.
    #[error("the sign-in took too long")]
    TransactionExpired,
    /// The provider returned this error code instead of an authorization code (RFC 6749 §4.1.2.1).
    #[error("the provider returned the error `{0}`")]
    Declined(String),
    /// The provider rejected the authorization code, or its response failed validation.
    #[error(transparent)]
    Refused(#[from] RefusedSignIn),
    /// The provider is unavailable. The user may start the sign-in again later.
    #[error("the provider cannot be reached; try again later")]
    Unavailable {
        /// Time after which the client may retry.
        retry_after: Duration,
    },
    /// The system provides no randomness.
    #[error("the system random number generator failed")]
    NoRandomness,
    /// The session store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// Whether the callback belongs to no pending sign-in of this browser, for example because the user navigated back.
    /// Such a callback does not affect an existing session.
    #[must_use]
    pub fn is_of_no_sign_in(&self) -> bool {
        matches!(self, Self::OtherBrowser | Self::TransactionExpired)
    }

    /// Returns the machine-readable reason code, such as `state_mismatch`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownProvider => "provider_unknown",
            Self::StateMissing => "state_missing",
            Self::OtherBrowser => "sign_in_not_begun_here",
            Self::TransactionMalformed => "sign_in_malformed",
            Self::StateMismatch => "state_mismatch",
            Self::StateReplayed => "state_replayed",
            Self::TransactionExpired => "sign_in_expired",
            Self::Declined(_) => "provider_declined",
            Self::Refused(reason) => reason.code(),
            Self::Unavailable { .. } => "provider_unavailable",
            Self::NoRandomness => "no_randomness",
            Self::Store(_) => "store",
        }
    }
}

impl From<ProviderError> for SignInError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Refused(reason) => Self::Refused(reason),
            ProviderError::Unavailable { retry_after } => Self::Unavailable { retry_after },
        }
    }
}

impl Sessions {
    /// Redeems the authorization code of a provider's callback and opens a session. Records a failure in the audit log.
    ///
    /// # Errors
    /// When the callback does not belong to a sign-in of this browser, the provider rejects it or is unavailable, the
    /// store fails, or the system has no randomness.
    pub async fn complete(
        &self,
        answer: CallbackAnswer,
        transaction: Option<&str>,
        browser: Browser,
    ) -> Result<Opened, SignInError> {
        let (request_id, origin) = (browser.request_id.clone(), browser.address);
        let mut provider = String::new();
        let outcome = self.completed(answer, transaction, browser, &mut provider).await;
        if let Err(error) = &outcome {
            self.record_refused(error.code(), provider, request_id.as_deref(), origin).await;
        }
        outcome
    }

    async fn completed(
        &self,
        answer: CallbackAnswer,
        transaction: Option<&str>,
        browser: Browser,
        provider_id: &mut String,
    ) -> Result<Opened, SignInError> {
        let state = answer.state.ok_or(SignInError::StateMissing)?;
        let transaction = self.resumed(&state, transaction).await?;
        provider_id.clone_from(&transaction.provider);
        let response = answer.outcome.map_err(|code| SignInError::Declined(error_code(&code)))?;
        let provider = self.ports.providers.iter().find(|provider| *provider.id() == transaction.provider);
        // The provider may have been removed from the configuration meanwhile.
        let provider = provider.ok_or(SignInError::UnknownProvider)?;
        let sent = transaction.sent(&self.settings.redirect_uri);
        let signed_in = provider.redeem(&response, &sent).await?;
        let return_to = transaction.return_to()?;
        let (id, ended) = self.open_for(&signed_in, provider.issuer(), browser).await?;
        Ok(Opened { id, return_to, ended })
    }

    /// Opens a session for a user that has signed in at a provider.
    async fn open_for(
        &self,
        signed_in: &SignedIn,
        issuer: &str,
        browser: Browser,
    ) -> Result<(SessionId, EndedSessions), SignInError> {
        let sealed = self.seal(&SealedSignIn::of(signed_in)).ok_or(SignInError::NoRandomness)?;
        let draft = self.draft(signed_in.principal.clone());
        let session = Session {
            issuer: Some(issuer.to_owned()),
            subject: Some(signed_in.subject.clone()),
            provider_session: signed_in.provider_session.clone(),
            sealed,
            ..draft
        };
        self.insert(session, browser).await
    }

    /// Opens a session for a built-in user whose password was just verified. Such a session has no provider.
    ///
    /// # Errors
    /// When the user no longer exists, the store fails, or the system has no randomness.
    pub async fn open_for_user(&self, caller: &Caller, browser: Browser) -> Result<SessionId, SignInError> {
        let principal = caller.subject.principal.clone();
        let credential = password_digest(&self.ports, &caller.world, &principal).ok_or(SignInError::UnknownProvider)?;
        let session = Session { credential: Some(credential), ..self.draft(principal) };
        // Sessions of built-in users have no refresh token to revoke.
        let (id, _ended) = self.insert(session, browser).await?;
        Ok(id)
    }

    /// Records a refused sign-in in the audit log. `key` is the provider ID, or empty if unknown.
    pub async fn record_refused(&self, reason: &str, key: String, request_id: Option<&str>, origin: Option<IpAddr>) {
        self.record(Record {
            operation: AuditOperation::Create,
            actor: Actor::Anonymous,
            issuer: None,
            key,
            result: AuditResult::Denied,
            reason: Some(reason),
            request_id,
            origin,
        })
        .await;
    }

    /// Records in the audit log that a request which changes state had no valid CSRF token.
    pub async fn record_forged(&self, caller: &Caller, key: String) {
        self.record(Record {
            operation: AuditOperation::Update,
            actor: caller.actor.clone(),
            issuer: caller.credential.issuer(),
            key,
            result: AuditResult::Denied,
            reason: Some("csrf"),
            request_id: caller.request_id.as_deref(),
            origin: None,
        })
        .await;
    }

    fn draft(&self, principal: Principal) -> Session {
        let now = self.now();
        Session {
            id: crate::entity::SessionIdHash([0; 32]),
            principal,
            issuer: None,
            subject: None,
            provider_session: None,
            credential: None,
            user_agent: None,
            created_at: now,
            last_active_at: now,
            expires_at: self.expiry(now, now),
            sealed: Vec::new(),
            version: 0,
        }
    }

    /// Stores a session under a new ID and ends the browser's former session, to prevent session fixation.
    async fn insert(&self, session: Session, browser: Browser) -> Result<(SessionId, EndedSessions), SignInError> {
        let id = SessionId::new(Secret::new(self.random_text().ok_or(SignInError::NoRandomness)?));
        let user_agent = browser.user_agent.map(|name| name.chars().take(MAX_USER_AGENT).collect());
        let session = Session { id: self.hash(&id), user_agent, ..session };
        self.ports.store.insert(&session).await?;
        if let Some(former) = browser.former {
            self.ports.store.delete(&WhichSessions::One(self.hash(&former))).await?;
        }
        self.record(Record {
            operation: AuditOperation::Create,
            actor: Actor::Principal(session.principal.clone()),
            issuer: session.issuer.as_deref().map(Arc::from),
            key: public_key(session.id),
            result: AuditResult::Success,
            reason: None,
            request_id: browser.request_id.as_deref(),
            origin: None,
        })
        .await;
        let ended = self.end_surplus(&session.principal, browser.request_id.as_deref()).await;
        Ok((id, ended))
    }

    /// Ends the oldest sessions of a principal beyond the maximum. A store failure is logged; the next sign-in tries
    /// again.
    async fn end_surplus(&self, principal: &Principal, request_id: Option<&str>) -> EndedSessions {
        let page = PageRequest { offset: self.settings.most_per_principal, limit: SURPLUS };
        let query = SessionQuery { of: Some(principal.clone()), search: None, page };
        let surplus = match self.ports.store.list(&query, self.now()).await {
            Ok(found) => found.items,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "sessions.surplus.failed");
                Vec::new()
            }
        };
        let mut ended = Vec::new();
        for session in surplus {
            match self.ports.store.delete(&WhichSessions::One(session.id)).await {
                Ok(deleted) => ended.extend(deleted),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "sessions.surplus.failed"),
            }
        }
        self.ended(ended, Some("too_many_sessions"), request_id).await
    }
}

/// Returns an error code if it consists of 1 to 64 lowercase letters, digits and underscores. Any other text becomes
/// `other`, because it is untrusted input.
fn error_code(text: &str) -> String {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if text.len() <= 64 && text.chars().all(known) && !text.is_empty() { text.to_owned() } else { "other".to_owned() }
}
