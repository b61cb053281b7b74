//! Renewal: refreshes a session at its provider when the access token expires (RFC 6749 §6).
//!
//! A refresh token may be single-use, so only one request renews a session at a time, across all replicas. The request
//! first claims the renewal by writing to the session. Of concurrent claims, optimistic concurrency lets one win. Other
//! requests continue with the stored data, which is at most one renewal old.

use time::Duration;

use super::sealed_sign_in::SealedSignIn;
use super::{Record, Sessions, entitled, public_key, subject_of};
use crate::entity::{Actor, AuditOperation, AuditResult, Session, SessionId, SessionIdHash, WhichSessions};
use crate::port::{Freshness, IdentityProvider, ProviderError, RefusedSignIn, SignedIn, StoreError};
use crate::value::Secret;

/// Time for which a claim on a renewal is valid. Afterwards, another request may renew the session, because the first
/// one may have been aborted.
const LONGEST: Duration = Duration::seconds(60);
/// Minimum interval between two attempts to renew a session, even if the first one fails.
const PAUSE: Duration = Duration::seconds(10);

/// A session after its renewal, or with its stored data if it was not renewed.
pub(super) struct Renewed {
    pub(super) session: Session,
    pub(super) signed_in: SignedIn,
    pub(super) rotated: Option<SessionId>,
}

impl Sessions {
    /// Renews the session if a renewal is due. Returns `None` if the session has ended, for example because the
    /// provider rejects the renewal.
    pub(super) async fn renewed(
        &self,
        session: Session,
        kept: SealedSignIn,
        request_id: Option<&str>,
    ) -> Result<Option<Renewed>, StoreError> {
        let Some(known) = kept.signed_in() else { return self.void(session, "unreadable", request_id).await };
        let unchanged = |session| Ok(Some(Renewed { session, signed_in: known.clone(), rotated: None }));
        let provider = session.issuer.as_deref().and_then(|issuer| self.provider_of(issuer));
        let Some(provider) = provider.filter(|_| kept.is_due(self.now())) else { return unchanged(session) };
        let id = session.id;
        let Some(session) = self.claimed(session, &kept).await? else {
            // Another request is renewing the session or has just ended it.
            return self.as_others_left_it(id).await;
        };
        match provider.refresh(&known).await {
            Ok(fresh) if fresh.principal == known.principal && fresh.subject == known.subject => {
                self.keep(session, &known, fresh, provider.as_ref()).await
            }
            Ok(_) => self.void(session, RefusedSignIn::Subject.code(), request_id).await,
            Err(ProviderError::Refused(reason)) if !is_our_fault(&reason) => {
                self.void(session, reason.code(), request_id).await
            }
            Err(error) => {
                // Neither a configuration error nor an outage of the provider ends the session.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    provider = provider.id(),
                    "session.renewal.failed"
                );
                let waiting = kept.waiting_until(self.now() + PAUSE);
                let session = self.resealed(session, &waiting).await?;
                Ok(session.map(|session| Renewed { session, signed_in: known, rotated: None }))
            }
        }
    }

    /// Loads the session as another request has stored it. Returns `None` if the session has ended.
    async fn as_others_left_it(&self, id: SessionIdHash) -> Result<Option<Renewed>, StoreError> {
        let Some(session) = self.ports.store.find(id, self.now()).await? else { return Ok(None) };
        let kept = self.unseal(id, &session.principal, &session.sealed);
        let signed_in = kept.and_then(|kept| kept.signed_in());
        Ok(signed_in.map(|signed_in| Renewed { session, signed_in, rotated: None }))
    }

    /// Claims the renewal by writing to the session. Returns `None` if another request wrote to the session first.
    async fn claimed(&self, session: Session, kept: &SealedSignIn) -> Result<Option<Session>, StoreError> {
        let claim = kept.clone().waiting_until(self.now() + LONGEST);
        let sealed = self.seal(&claim).ok_or_else(no_randomness)?;
        let claimed = Session { sealed, ..session };
        match self.ports.store.update(&claimed).await {
            Ok(()) => Ok(Some(Session { version: claimed.version + 1, ..claimed })),
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores the data from the renewal. If the resolved subject changes, such as its groups or roles, the session gets
    /// a new ID. Returns `None` if the session has ended.
    async fn keep(
        &self,
        session: Session,
        known: &SignedIn,
        fresh: SignedIn,
        provider: &dyn IdentityProvider,
    ) -> Result<Option<Renewed>, StoreError> {
        // Keeps the minimum interval even if the access tokens of the provider are very short-lived.
        let kept = SealedSignIn::of(&fresh).waiting_until(self.now() + PAUSE);
        let Some(mut session) = self.resealed(session, &kept).await? else {
            // The session ended meanwhile; the new refresh token must not outlive it.
            revoke(provider, fresh.refresh_token.as_ref()).await;
            return Ok(None);
        };
        let mut rotated = None;
        let world = self.engine.world();
        let subject = async |signed_in| {
            let entitled = entitled(&self.ports, signed_in, Freshness::Recent).await.ok()?;
            Some(subject_of(&world, signed_in, entitled.as_ref()))
        };
        if subject(&fresh).await != subject(known).await {
            let id = SessionId::new(Secret::new(self.random_text().ok_or_else(no_randomness)?));
            let hash = self.hash(&id);
            match self.ports.store.rotate(session.id, hash).await {
                Ok(()) => {
                    session.id = hash;
                    rotated = Some(id);
                }
                Err(StoreError::Conflict) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(Renewed { session, signed_in: fresh, rotated }))
    }

    /// Replaces the encrypted data of the session, retrying on conflicts. Returns `None` if the session has ended.
    async fn resealed(&self, session: Session, kept: &SealedSignIn) -> Result<Option<Session>, StoreError> {
        let sealed = self.seal(kept).ok_or_else(no_randomness)?;
        let mut current = session;
        loop {
            let next = Session { sealed: sealed.clone(), ..current };
            match self.ports.store.update(&next).await {
                Ok(()) => return Ok(Some(Session { version: next.version + 1, ..next })),
                Err(StoreError::Conflict) => match self.ports.store.find(next.id, self.now()).await? {
                    Some(found) => current = found,
                    None => return Ok(None),
                },
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends a session whose sign-in is no longer valid, and records the reason. Always returns `None`, as a result for
    /// the caller to return.
    async fn void<T>(&self, session: Session, reason: &str, request_id: Option<&str>) -> Result<Option<T>, StoreError> {
        self.ports.store.delete(&WhichSessions::One(session.id)).await?;
        self.record(Record {
            operation: AuditOperation::Delete,
            issuer: session.issuer.as_deref().map(std::sync::Arc::from),
            actor: Actor::Principal(session.principal),
            key: public_key(session.id),
            result: AuditResult::Success,
            reason: Some(reason),
            request_id,
            origin: None,
        })
        .await;
        Ok(None)
    }
}

/// Whether a rejected renewal is due to this server's configuration or to the provider, and not to the user.
fn is_our_fault(reason: &RefusedSignIn) -> bool {
    matches!(reason, RefusedSignIn::Client | RefusedSignIn::Provider(_) | RefusedSignIn::Malformed(_))
}

pub(super) async fn revoke(provider: &dyn IdentityProvider, token: Option<&Secret>) {
    let Some(token) = token else { return };
    if let Err(error) = provider.revoke(token).await {
        tracing::warn!(error = &error as &dyn std::error::Error, provider = provider.id(), "session.revocation.failed");
    }
}

fn no_randomness() -> StoreError {
    StoreError::Unavailable("the system random number generator failed".into())
}
