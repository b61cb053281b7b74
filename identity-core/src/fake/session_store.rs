use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::lock;
use crate::entity::{Principal, Session, SessionIdHash, to_microsecond};
use crate::port::{SessionStore, StoreError};

/// A [`SessionStore`] in memory. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct MemorySessionStore {
    sessions: Arc<Mutex<HashMap<SessionIdHash, Session>>>,
}

impl MemorySessionStore {
    fn remove(&self, mut gone: impl FnMut(&Session) -> bool) -> u64 {
        let mut sessions = lock(&self.sessions);
        let before = sessions.len();
        sessions.retain(|_, session| !gone(session));
        (before - sessions.len()) as u64
    }
}

fn kept(session: &Session, version: u64) -> Session {
    Session {
        created_at: to_microsecond(session.created_at),
        last_active_at: to_microsecond(session.last_active_at),
        expires_at: to_microsecond(session.expires_at),
        version,
        ..session.clone()
    }
}

#[async_trait]
impl SessionStore for MemorySessionStore {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let mut sessions = lock(&self.sessions);
        if sessions.contains_key(&session.id) {
            return Err(StoreError::Conflict);
        }
        sessions.insert(session.id, kept(session, session.version));
        Ok(())
    }

    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError> {
        let now = to_microsecond(now);
        Ok(lock(&self.sessions).get(&id).filter(|session| session.expires_at > now).cloned())
    }

    async fn update(&self, session: &Session) -> Result<(), StoreError> {
        let mut sessions = lock(&self.sessions);
        let current = sessions.get_mut(&session.id).filter(|current| current.version == session.version);
        *current.ok_or(StoreError::Conflict)? = kept(session, session.version.wrapping_add(1));
        Ok(())
    }

    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError> {
        let mut sessions = lock(&self.sessions);
        if old != new && sessions.contains_key(&new) {
            return Err(StoreError::Conflict);
        }
        let session = sessions.remove(&old).ok_or(StoreError::Conflict)?;
        sessions.insert(new, Session { id: new, ..session });
        Ok(())
    }

    async fn delete(&self, id: SessionIdHash) -> Result<(), StoreError> {
        lock(&self.sessions).remove(&id);
        Ok(())
    }

    async fn list(&self, principal: &Principal, now: OffsetDateTime) -> Result<Vec<Session>, StoreError> {
        let now = to_microsecond(now);
        let sessions = lock(&self.sessions);
        let alive = |session: &&Session| session.principal == *principal && session.expires_at > now;
        let mut found: Vec<Session> = sessions.values().filter(alive).cloned().collect();
        found.sort_by_key(|session| (Reverse(session.created_at), session.id));
        Ok(found)
    }

    async fn delete_of(&self, principal: &Principal) -> Result<u64, StoreError> {
        Ok(self.remove(|session| session.principal == *principal))
    }

    async fn delete_by_provider_session(&self, issuer: &str, provider_session: &str) -> Result<u64, StoreError> {
        Ok(self.remove(|session| {
            session.issuer.as_deref() == Some(issuer) && session.provider_session.as_deref() == Some(provider_session)
        }))
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let now = to_microsecond(now);
        Ok(self.remove(|session| session.expires_at <= now))
    }
}
