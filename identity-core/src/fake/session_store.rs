use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::lock;
use crate::entity::{LastSignIn, Principal, Session, SessionIdHash, WhichSessions};
use crate::port::{FamiliarPair, SessionQuery, SessionStore, StoreError};
use crate::search::Page;
use crate::value::to_microsecond;

/// [`SessionStore`] in memory. Empty by default. Clones share one state, like replicas on one database.
#[derive(Clone, Debug, Default)]
pub struct MemorySessionStore {
    sessions: Arc<Mutex<HashMap<SessionIdHash, Session>>>,
    used: Arc<Mutex<HashMap<[u8; 32], OffsetDateTime>>>,
    familiar: Arc<Mutex<HashMap<FamiliarPair, OffsetDateTime>>>,
    sign_ins: Arc<Mutex<HashMap<Principal, LastSignIn>>>,
}

fn is_meant(which: &WhichSessions, session: &Session) -> bool {
    match which {
        WhichSessions::One(id) => session.id == *id,
        WhichSessions::Of(principal) => session.principal == *principal,
        WhichSessions::OfSubject { issuer, subject } => {
            session.issuer.as_ref() == Some(issuer) && session.subject.as_ref() == Some(subject)
        }
        WhichSessions::OfProviderSession { issuer, provider_session } => {
            session.issuer.as_ref() == Some(issuer) && session.provider_session.as_ref() == Some(provider_session)
        }
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

    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError> {
        Ok(lock(&self.sessions).extract_if(|_, session| is_meant(which, session)).map(|(_, session)| session).collect())
    }

    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError> {
        let now = to_microsecond(now);
        let sessions = lock(&self.sessions);
        let sought = query.search.as_ref().map(|text| text.to_ascii_lowercase());
        let meant = |session: &&Session| {
            query.of.as_ref().is_none_or(|of| session.principal == *of)
                && sought.as_ref().is_none_or(|text| session.principal.id().to_ascii_lowercase().contains(text))
        };
        let mut found: Vec<Session> =
            sessions.values().filter(meant).filter(|session| session.expires_at > now).cloned().collect();
        found.sort_by_key(|session| (Reverse(session.created_at), session.id));
        Ok(query.page.cut(found.into_iter()))
    }

    async fn use_once(&self, key: [u8; 32], until: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(lock(&self.used).insert(key, to_microsecond(until)).is_none())
    }

    async fn note_familiar(&self, pair: &FamiliarPair, until: OffsetDateTime) -> Result<(), StoreError> {
        let until = to_microsecond(until);
        let mut familiar = lock(&self.familiar);
        let kept = familiar.entry(*pair).or_insert(until);
        *kept = (*kept).max(until);
        Ok(())
    }

    async fn familiar(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<(FamiliarPair, OffsetDateTime)>, StoreError> {
        let now = to_microsecond(now);
        let mut pairs: Vec<_> = lock(&self.familiar).iter().map(|(pair, until)| (*pair, *until)).collect();
        pairs.retain(|(_, until)| *until > now);
        pairs.sort_by_key(|(pair, until)| (Reverse(*until), *pair));
        pairs.truncate(limit);
        Ok(pairs)
    }

    async fn note_sign_ins(&self, sign_ins: &[LastSignIn]) -> Result<(), StoreError> {
        let mut known = lock(&self.sign_ins);
        for sign_in in sign_ins {
            let (at, expires_at) = (to_microsecond(sign_in.at), to_microsecond(sign_in.expires_at));
            if known.get(&sign_in.principal).is_none_or(|known| known.at < at) {
                known.insert(sign_in.principal.clone(), LastSignIn { at, expires_at, ..sign_in.clone() });
            }
        }
        Ok(())
    }

    async fn last_sign_in(&self, principal: &Principal, now: OffsetDateTime) -> Result<Option<LastSignIn>, StoreError> {
        let now = to_microsecond(now);
        Ok(lock(&self.sign_ins).get(principal).filter(|known| known.expires_at > now).cloned())
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let now = to_microsecond(now);
        lock(&self.used).retain(|_, until| *until > now);
        lock(&self.familiar).retain(|_, until| *until > now);
        lock(&self.sign_ins).retain(|_, known| known.expires_at > now);
        Ok(lock(&self.sessions).extract_if(|_, session| session.expires_at <= now).count() as u64)
    }
}
