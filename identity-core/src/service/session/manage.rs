//! Listing and ending of sessions by their owners and by administrators.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::{EndedSessions, Record, Sessions, from_public_key, public_key};
use crate::entity::{
    AuditDraft, AuditEntity, AuditOperation, AuditResult, EntityKind, Principal, Session, SessionId, WhichSessions,
};
use crate::port::{ClaimSource, SessionQuery, StoreError};
use crate::search::{Page, PageRequest};
use crate::service::recent_callers::Login;
use crate::service::{Caller, ServiceError};

/// Number of a principal's latest sign-ins among which the last active session is searched.
const LATEST: usize = 20;

/// A session as shown to users and administrators, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Public identifier, by which the session can be ended. It is not valid as a session cookie.
    pub key: String,
    /// The principal that signed in.
    pub principal: Principal,
    /// Issuer that authenticated the principal; `None` for a sign-in with a password.
    pub issuer: Option<String>,
    /// User agent of the browser at sign-in, if it sent one.
    pub user_agent: Option<String>,
    /// Time of the sign-in.
    pub created_at: OffsetDateTime,
    /// Time of the last recorded activity. Polling does not count.
    pub last_active_at: OffsetDateTime,
    /// Time at which the session expires if there is no further activity.
    pub expires_at: OffsetDateTime,
}

/// Claims from the provider at the last sign-in or renewal, by name. Each has its value and, if known, its source.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionClaims(pub BTreeMap<String, (Value, Option<ClaimSource>)>);

impl From<&Session> for SessionView {
    fn from(session: &Session) -> Self {
        Self {
            key: public_key(session.id),
            principal: session.principal.clone(),
            issuer: session.issuer.clone(),
            user_agent: session.user_agent.clone(),
            created_at: session.created_at,
            last_active_at: session.last_active_at,
            expires_at: session.expires_at,
        }
    }
}

impl Sessions {
    /// Lists the caller's own sessions, newest first. Needs no permission.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own(&self, caller: &Caller, page: PageRequest) -> Result<Page<SessionView>, ServiceError> {
        self.page(SessionQuery { of: Some(caller.subject.principal.clone()), search: None, page }).await
    }

    /// Lists the sessions of one principal, or of all principals, newest first.
    ///
    /// # Errors
    /// When the caller lacks the permission or the store fails.
    pub async fn list(&self, caller: &Caller, query: SessionQuery) -> Result<Page<SessionView>, ServiceError> {
        self.authorizer.read(caller, EntityKind::Session, "", |_| ()).await?;
        self.page(query).await
    }

    /// Returns the claims of a principal from its last active session at a provider. `None` without such a session.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::service) async fn last_login(&self, principal: &Principal) -> Result<Option<Login>, StoreError> {
        let page = PageRequest { offset: 0, limit: LATEST };
        let query = SessionQuery { of: Some(principal.clone()), search: None, page };
        let mut sessions = self.ports.store.list(&query, self.now()).await?.items;
        sessions.sort_by_key(|session| Reverse(session.last_active_at));
        Ok(sessions.iter().find_map(|session| {
            let issuer = session.issuer.as_deref()?;
            self.provider_of(issuer).filter(|provider| provider.holds(principal))?;
            let signed_in = self.unseal(session.id, principal, &session.sealed)?.signed_in()?;
            Some(Login {
                at: session.last_active_at,
                issuer: Arc::from(issuer),
                principal: principal.clone(),
                claim_names: signed_in.claims.names().map(str::to_owned).collect(),
                claims: Some(signed_in.claims),
                groups: signed_in.groups,
                matched: Vec::new(),
            })
        }))
    }

    async fn page(&self, query: SessionQuery) -> Result<Page<SessionView>, ServiceError> {
        let found = self.ports.store.list(&query, self.now()).await.map_err(ServiceError::Store)?;
        Ok(found.map(|session| SessionView::from(&session)))
    }

    /// Ends the caller's own session with this public identifier. Needs no permission.
    ///
    /// # Errors
    /// When the caller has no such session or the store fails.
    pub async fn end_own(&self, caller: &Caller, key: &str) -> Result<EndedSessions, ServiceError> {
        let session = match from_public_key(key) {
            Some(id) => self.ports.store.find(id, self.now()).await.map_err(ServiceError::Store)?,
            None => None,
        };
        // Reported as missing if the session belongs to another principal.
        let Some(session) = session.filter(|session| session.principal == caller.subject.principal) else {
            self.record_missing(caller, key).await;
            return Err(ServiceError::Missing(entity(key)));
        };
        self.end(caller, &WhichSessions::One(session.id), "ended_by_owner").await
    }

    /// Ends all of the caller's own sessions except the one with the public identifier `but`, usually the current
    /// session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_others(&self, caller: &Caller, but: Option<&str>) -> Result<EndedSessions, ServiceError> {
        let but = but.and_then(from_public_key);
        let page = PageRequest { offset: 0, limit: usize::MAX };
        let query = SessionQuery { of: Some(caller.subject.principal.clone()), search: None, page };
        let found = self.ports.store.list(&query, self.now()).await.map_err(ServiceError::Store)?;
        let (mut ended, mut failure) = (Vec::new(), None);
        for session in found.items.iter().filter(|session| Some(session.id) != but) {
            match self.delete(&WhichSessions::One(session.id)).await {
                Ok(more) => ended.extend(more),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        // Sessions that ended before a failure are recorded, too, and their refresh tokens revoked.
        let ended = self.recorded(caller, &ended, "ended_by_owner").await;
        let Some(error) = failure else { return Ok(ended) };
        ended.revoke().await;
        Err(error)
    }

    /// Ends the session with this public identifier, of any principal.
    ///
    /// # Errors
    /// When the caller lacks the permission, there is no such session, or the store fails.
    pub async fn end_one(&self, caller: &Caller, key: &str) -> Result<EndedSessions, ServiceError> {
        self.may_end(caller, key).await?;
        let ended = match from_public_key(key) {
            Some(id) => self.delete(&WhichSessions::One(id)).await?,
            None => Vec::new(),
        };
        if ended.is_empty() {
            self.record_missing(caller, key).await;
            return Err(ServiceError::Missing(entity(key)));
        }
        Ok(self.recorded(caller, &ended, "ended_by_administrator").await)
    }

    /// Ends all sessions of a principal. Succeeds if there are none.
    ///
    /// # Errors
    /// When the caller lacks the permission or the store fails.
    pub async fn end_all_of(&self, caller: &Caller, principal: Principal) -> Result<EndedSessions, ServiceError> {
        self.may_end(caller, "").await?;
        self.end(caller, &WhichSessions::Of(principal), "ended_by_administrator").await
    }

    /// Ends all sessions of a user that the caller has just disabled. The permission was checked when the user was
    /// disabled.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_of_disabled(&self, caller: &Caller, who: Principal) -> Result<EndedSessions, ServiceError> {
        self.end(caller, &WhichSessions::Of(who), "disabled").await
    }

    /// Returns the claims that the provider supplied for a session, with their sources. Returns `None` if the session
    /// has ended or has no such claims.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claims(&self, id: &SessionId) -> Result<Option<SessionClaims>, ServiceError> {
        let session = self.ports.store.find(self.hash(id), self.now()).await.map_err(ServiceError::Store)?;
        let kept = session.and_then(|session| self.unseal(session.id, &session.principal, &session.sealed));
        Ok(kept.and_then(|kept| kept.signed_in()).map(|signed_in| {
            let claims = signed_in.claims.as_value().as_object().into_iter().flatten();
            let sourced =
                claims.map(|(name, value)| (name.clone(), (value.clone(), signed_in.provenance.get(name).copied())));
            SessionClaims(sourced.collect())
        }))
    }

    async fn may_end(&self, caller: &Caller, key: &str) -> Result<(), ServiceError> {
        let attempt = AuditDraft::new(AuditOperation::Delete, entity(key));
        self.authorizer.permit(caller, &attempt).await.map(drop)
    }

    async fn end(&self, caller: &Caller, which: &WhichSessions, why: &str) -> Result<EndedSessions, ServiceError> {
        let ended = self.delete(which).await?;
        Ok(self.recorded(caller, &ended, why).await)
    }

    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, ServiceError> {
        self.ports.store.delete(which).await.map_err(ServiceError::Store)
    }

    /// Records one event for each ended session, or one event without a session if none was ended. Returns the sessions
    /// whose refresh tokens are to be revoked.
    async fn recorded(&self, caller: &Caller, ended: &[Session], why: &str) -> EndedSessions {
        let keys = ended.iter().map(|session| public_key(session.id));
        for key in keys.chain(ended.is_empty().then(String::new)) {
            self.record_end(caller, key, AuditResult::Success, why).await;
        }
        self.to_revoke(ended)
    }

    async fn record_missing(&self, caller: &Caller, key: &str) {
        self.record_end(caller, key.to_owned(), AuditResult::Fail, "missing").await;
    }

    async fn record_end(&self, caller: &Caller, key: String, result: AuditResult, reason: &str) {
        self.record(Record {
            operation: AuditOperation::Delete,
            actor: caller.actor.clone(),
            issuer: caller.credential.issuer(),
            key,
            result,
            reason: Some(reason),
            request_id: caller.request_id.as_deref(),
            origin: None,
        })
        .await;
    }
}

fn entity(key: &str) -> AuditEntity {
    AuditEntity { kind: EntityKind::Session, key: key.to_owned() }
}
