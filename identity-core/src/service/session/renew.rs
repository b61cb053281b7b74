//! Renewal: asks the provider whether it still vouches for somebody, when their access token expires.
//!
//! One replica asks at a time, because a refresh token may count once. Who wants to ask says so in the session first; of two
//! who say so, the store lets one. All others go on with what is known, which is at most one renewal old.

use time::Duration;

use super::kept::Kept;
use super::{Record, Sessions, public_key, subject_of};
use crate::entity::{Actor, AuditOperation, AuditResult, Session, SessionId, SessionIdHash, WhichSessions};
use crate::port::{Freshness, IdentityProvider, ProviderError, RefusedSignIn, SignedIn, StoreError};
use crate::value::Secret;

/// How long a renewal may take; then another replica may try, as the first one may be gone.
const LONGEST: Duration = Duration::seconds(60);
/// How long to wait after a provider was asked, or could not be asked.
const PAUSE: Duration = Duration::seconds(10);

/// A session whose provider still vouches for somebody, as far as is known.
pub(super) struct Renewed {
    pub(super) session: Session,
    pub(super) signed_in: SignedIn,
    pub(super) rotated: Option<SessionId>,
}

impl Sessions {
    /// The session, renewed if that is due. `None` when the provider no longer vouches for its person; it has ended then.
    pub(super) async fn renewed(
        &self,
        session: Session,
        kept: Kept,
        request_id: Option<&str>,
    ) -> Result<Option<Renewed>, StoreError> {
        let Some(known) = kept.signed_in() else { return self.void(session, "unreadable", request_id).await };
        let unchanged = |session| Ok(Some(Renewed { session, signed_in: known.clone(), rotated: None }));
        let provider = session.issuer.as_deref().and_then(|issuer| self.provider_of(issuer));
        let Some(provider) = provider.filter(|_| kept.is_due(self.now())) else { return unchanged(session) };
        let id = session.id;
        let Some(session) = self.claimed(session, &kept).await? else {
            // Somebody else is at it, or has just ended the session.
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
                // An operator's mistake or an outage signs nobody out.
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

    /// The session as it is now, whoever wrote to it.
    async fn as_others_left_it(&self, id: SessionIdHash) -> Result<Option<Renewed>, StoreError> {
        let Some(session) = self.ports.store.find(id, self.now()).await? else { return Ok(None) };
        let kept = self.unseal(id, &session.principal, &session.sealed);
        let signed_in = kept.and_then(|kept| kept.signed_in());
        Ok(signed_in.map(|signed_in| Renewed { session, signed_in, rotated: None }))
    }

    /// Says in the session that it is being renewed. `None` when somebody else was faster.
    async fn claimed(&self, session: Session, kept: &Kept) -> Result<Option<Session>, StoreError> {
        let claim = kept.clone().waiting_until(self.now() + LONGEST);
        let sealed = self.seal(&claim).ok_or_else(no_randomness)?;
        let claimed = Session { sealed, ..session };
        match self.ports.store.update(&claimed).await {
            Ok(()) => Ok(Some(Session { version: claimed.version + 1, ..claimed })),
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps what the provider says now. When that makes somebody else of the person (other rules, groups, roles), the session
    /// gets another id.
    async fn keep(
        &self,
        session: Session,
        known: &SignedIn,
        fresh: SignedIn,
        provider: &dyn IdentityProvider,
    ) -> Result<Option<Renewed>, StoreError> {
        // However short the provider makes its tokens live.
        let kept = Kept::of(&fresh).waiting_until(self.now() + PAUSE);
        let Some(mut session) = self.resealed(session, &kept).await? else {
            // Signed out meanwhile: the new refresh token must not outlive the session.
            revoke(provider, fresh.refresh_token.as_ref()).await;
            return Ok(None);
        };
        let mut rotated = None;
        let world = self.engine.world();
        let subject = |signed_in| subject_of(&self.ports, &world, signed_in, Freshness::Recent);
        if subject(&fresh).await.ok() != subject(known).await.ok() {
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

    /// Puts something else into a session, whoever wrote to it meanwhile. `None` when it is gone.
    async fn resealed(&self, session: Session, kept: &Kept) -> Result<Option<Session>, StoreError> {
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

    /// Ends a session that rests on nothing any more.
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

/// Whether a refusal says something about this server and nothing about the person.
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
    StoreError::Unavailable("the machine has no randomness".into())
}
