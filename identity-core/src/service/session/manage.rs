//! Sessions as people and administrators see them.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;

use super::{EndedSessions, Record, Sessions, from_public_key, public_key};
use crate::entity::{
    AuditEntity, AuditOperation, AuditResult, EntityKind, Principal, Session, SessionId, WhichSessions,
};
use crate::port::{AuditDraft, ClaimSource, SessionQuery};
use crate::search::{Page, PageRequest};
use crate::service::{Caller, ServiceError};

/// A session, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its key, for ending it. Worthless as a cookie.
    pub key: String,
    /// Whose it is.
    pub principal: Principal,
    /// The issuer at which they signed in; none with a password.
    pub issuer: Option<String>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: OffsetDateTime,
    /// When they were last active.
    pub last_active_at: OffsetDateTime,
    /// When it ends, if they are not active before.
    pub expires_at: OffsetDateTime,
}

/// What a session's provider said of its person: claims, each with its source.
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
    /// The caller's own sessions, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own(&self, caller: &Caller, page: PageRequest) -> Result<Page<SessionView>, ServiceError> {
        self.page(Some(caller.subject.principal.clone()), page).await
    }

    /// Everybody's sessions, or somebody's, newest first.
    ///
    /// # Errors
    /// When the caller may not see them, or the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        of: Option<Principal>,
        page: PageRequest,
    ) -> Result<Page<SessionView>, ServiceError> {
        self.gate.read(caller, EntityKind::Session, "", |_| ()).await?;
        self.page(of, page).await
    }

    async fn page(&self, of: Option<Principal>, page: PageRequest) -> Result<Page<SessionView>, ServiceError> {
        let query = SessionQuery { of, page };
        let found = self.ports.store.list(&query, self.now()).await.map_err(ServiceError::Store)?;
        Ok(found.map(|session| SessionView::from(&session)))
    }

    /// Ends one of the caller's own sessions.
    ///
    /// # Errors
    /// When they have no such session, or the store fails.
    pub async fn end_own(&self, caller: &Caller, key: &str) -> Result<EndedSessions, ServiceError> {
        let session = match from_public_key(key) {
            Some(id) => self.ports.store.find(id, self.now()).await.map_err(ServiceError::Store)?,
            None => None,
        };
        // Somebody else's session does not exist for them.
        let Some(session) = session.filter(|session| session.principal == caller.subject.principal) else {
            self.record_missing(caller, key).await;
            return Err(ServiceError::Missing(entity(key)));
        };
        self.end(caller, &WhichSessions::One(session.id), "ended_by_owner").await
    }

    /// Ends all of the caller's own sessions but the one of this key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_others(&self, caller: &Caller, but: Option<&str>) -> Result<EndedSessions, ServiceError> {
        let but = but.and_then(from_public_key);
        let page = PageRequest { offset: 0, limit: usize::MAX };
        let query = SessionQuery { of: Some(caller.subject.principal.clone()), page };
        let found = self.ports.store.list(&query, self.now()).await.map_err(ServiceError::Store)?;
        let mut ended = Vec::new();
        for session in found.items.iter().filter(|session| Some(session.id) != but) {
            ended.extend(self.delete(&WhichSessions::One(session.id)).await?);
        }
        Ok(self.recorded(caller, &ended, "ended_by_owner").await)
    }

    /// Ends anybody's session.
    ///
    /// # Errors
    /// When the caller may not, there is no such session, or the store fails.
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

    /// Ends all sessions of somebody.
    ///
    /// # Errors
    /// When the caller may not, or the store fails.
    pub async fn end_all_of(&self, caller: &Caller, principal: Principal) -> Result<EndedSessions, ServiceError> {
        self.may_end(caller, "").await?;
        self.end(caller, &WhichSessions::Of(principal), "ended_by_administrator").await
    }

    /// Ends all sessions of somebody whom the caller has just kept from signing in. That they may, was asked then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_of_disabled(&self, caller: &Caller, who: Principal) -> Result<EndedSessions, ServiceError> {
        self.end(caller, &WhichSessions::Of(who), "disabled").await
    }

    /// What the caller's session knows of them, and from where.
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
        let attempt = AuditDraft { operation: AuditOperation::Delete, entity: entity(key), related: None };
        self.gate.permit(caller, &attempt).await.map(drop)
    }

    async fn end(&self, caller: &Caller, which: &WhichSessions, why: &str) -> Result<EndedSessions, ServiceError> {
        let ended = self.delete(which).await?;
        Ok(self.recorded(caller, &ended, why).await)
    }

    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, ServiceError> {
        self.ports.store.delete(which).await.map_err(ServiceError::Store)
    }

    /// Writes down what was done; once, when there was nothing to do.
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
