use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_lock::MutexGuardArc;
use async_trait::async_trait;
use event_listener::Event;

use super::{MemoryAuditLog, Rows, lock};
use crate::port::{Commit, Loading, Logged, PolicyStore, PolicyTransaction, StoreError, Tail, follow};
use crate::value::Revision;

/// [`PolicyStore`] in memory, at revision 0 by default. Clones share one state, like replicas on one database.
#[derive(Clone, Debug, Default)]
pub struct MemoryPolicyStore {
    shared: Arc<Shared>,
    turn: Arc<async_lock::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    committed: Event,
    audit: MemoryAuditLog,
}

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    rows: Rows,
    log: VecDeque<Logged>,
}

impl MemoryPolicyStore {
    /// Returns the audit log to which commits write their entries.
    #[must_use]
    pub fn audit_log(&self) -> MemoryAuditLog {
        self.shared.audit.clone()
    }

    /// Keeps only the newest `keep` commits in the change log, so that tests can provoke [`Tail::Gone`].
    pub fn prune(&self, keep: usize) {
        let log = &mut lock(&self.shared.state).log;
        let excess = log.len().saturating_sub(keep);
        log.drain(..excess);
    }
}

impl State {
    fn tail(&self, known: Revision) -> Tail {
        let oldest = self.log.front().map_or(self.revision.next(), |logged| logged.revision);
        if known > self.revision || known.next() < oldest {
            return Tail::Gone;
        }
        Tail::Commits(self.log.iter().filter(|logged| logged.revision > known).cloned().collect())
    }
}

#[async_trait]
impl PolicyStore for MemoryPolicyStore {
    async fn load<'l>(&self, mut into: Loading<'l>) -> Result<Revision, StoreError> {
        let state = lock(&self.shared.state);
        into.restart();
        state.rows.changes().into_iter().for_each(|change| into.add(change));
        Ok(state.revision)
    }

    async fn tail(&self, known: Revision) -> Result<Tail, StoreError> {
        Ok(lock(&self.shared.state).tail(known))
    }

    async fn writable(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError> {
        let turn = self.turn.lock_arc().await;
        let missed = lock(&self.shared.state).tail(known);
        Ok(Box::new(MemoryTransaction { shared: Arc::clone(&self.shared), missed, _turn: turn }))
    }

    /// Subscribes to commits when called, not when the future is first polled. Needs no polling interval, because no
    /// commit can be missed.
    fn changed<'s, 'f>(&'s self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.shared.committed.listen())
    }
}

struct MemoryTransaction {
    shared: Arc<Shared>,
    missed: Tail,
    _turn: MutexGuardArc<()>,
}

#[async_trait]
impl PolicyTransaction for MemoryTransaction {
    fn missed(&self) -> &Tail {
        &self.missed
    }

    async fn commit(self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError> {
        {
            let mut state = lock(&self.shared.state);
            if !follow(state.revision, &commits) {
                return Err(StoreError::Conflict);
            }
            for commit in commits {
                commit.changes.iter().for_each(|change| state.rows.apply(change));
                state.revision = commit.revision;
                state.log.push_back(Logged { revision: commit.revision, changes: commit.changes });
                commit.audit.iter().for_each(|event| _ = self.shared.audit.add(event));
            }
        }
        self.shared.committed.notify(usize::MAX);
        Ok(())
    }
}
