//! Read access to the audit log. The engine writes the entries.

use std::sync::Arc;

use super::{Authorizer, Caller, ServiceError};
use crate::entity::{AuditEntity, AuditEvent, EntityKind};
use crate::port::{AuditFilter, AuditLog, AuditPosition, AuditQuery, AuditText, StoreError};
use crate::search::Found;

/// Reads the audit log on behalf of callers that have read permission on it.
pub struct AuditLogs {
    authorizer: Authorizer,
    log: Arc<dyn AuditLog>,
}

impl AuditLogs {
    /// Creates the service. `authorizer` checks the read permission of each caller before `log` is queried.
    #[must_use]
    pub fn new(authorizer: Authorizer, log: Arc<dyn AuditLog>) -> Self {
        Self { authorizer, log }
    }

    /// Searches the audit log. Without read permission, the result is empty and no denial is recorded.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when the log cannot be read.
    pub async fn search(&self, caller: &Caller, query: &AuditQuery) -> Result<Found<AuditEvent>, ServiceError> {
        if !self.authorizer.shows(caller, EntityKind::AuditLog, AuditText::CATEGORY) {
            return Ok(Found { items: Vec::new(), total: 0, ends: None });
        }
        self.log.search(query).await.map_err(ServiceError::Store)
    }

    /// Searches the audit log. Unlike [`AuditLogs::search`], fails without read permission and records the denial.
    ///
    /// # Errors
    /// [`ServiceError::Denied`] when the caller lacks read permission; [`ServiceError::Store`] when the log cannot be
    /// read.
    pub async fn list(&self, caller: &Caller, query: &AuditQuery) -> Result<Found<AuditEvent>, ServiceError> {
        self.authorizer.read(caller, EntityKind::AuditLog, AuditText::CATEGORY, |_| ()).await?;
        self.log.search(query).await.map_err(ServiceError::Store)
    }

    /// Begins an export of all entries that match a filter at this time, newest first.
    ///
    /// # Errors
    /// As [`AuditLogs::list`].
    pub async fn export(&self, caller: &Caller, filter: AuditFilter) -> Result<AuditExport, ServiceError> {
        let Found { items, total, .. } = self.list(caller, &AuditQuery::newest(filter.clone())).await?;
        let log = Arc::clone(&self.log);
        Ok(AuditExport { log, filter, total, newest: items.first().map(|event| event.key), position: None })
    }

    /// Returns the entry with this key: a decimal number without sign or leading zeros. Any other text matches no entry
    /// (docs/reference/orchestration-cluster.md §1.9).
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such entry, or the store fails.
    pub async fn find(&self, caller: &Caller, key: &str) -> Result<AuditEvent, ServiceError> {
        self.authorizer.read(caller, EntityKind::AuditLog, AuditText::CATEGORY, |_| ()).await?;
        let event = match key.parse() {
            Ok(number) => self.log.find(number).await.map_err(ServiceError::Store)?,
            Err(_) => None,
        };
        let written = event.filter(|event| event.key.to_string() == key);
        written.ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::AuditLog, key: key.to_owned() }))
    }
}

/// Export of the entries that matched a filter when it began. Reads one page at a time, so that an export of any length
/// occupies little memory. Entries that are written later are not part of it.
pub struct AuditExport {
    log: Arc<dyn AuditLog>,
    filter: AuditFilter,
    total: usize,
    /// Greatest key of an entry in the export. `None` if no entry remains.
    newest: Option<u64>,
    /// Position of the last entry that was read.
    position: Option<AuditPosition>,
}

impl AuditExport {
    /// Maximum number of entries in a page.
    const PAGE: usize = 500;

    /// Number of entries at the beginning of the export. Fewer are read if old entries are removed in the meantime.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Reads the next at most 500 entries, newest first. `None` after the last entry.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<AuditEvent>>, StoreError> {
        let Some(newest) = self.newest else { return Ok(None) };
        let query = AuditQuery::newest_first(self.filter.clone(), self.position.take(), Self::PAGE);
        let mut entries = self.log.page(&query).await?;
        self.position = entries.last().map(|event| AuditPosition::of(event, query.order()));
        if entries.len() < Self::PAGE {
            self.newest = None;
        }
        entries.retain(|event| event.key <= newest);
        Ok(Some(entries))
    }
}

#[cfg(feature = "test-support")]
#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use time::macros::datetime;

    use super::*;
    use crate::catalog::ResourceCatalog;
    use crate::engine::Engine;
    use crate::entity::{
        Actor, AuditDraft, AuditOperation, AuditResult, Container, Membership, Party, Permission, Principal, Role,
    };
    use crate::fake::{FixedClock, MemoryPolicyStore};
    use crate::port::{Commit, PolicyStore};
    use crate::preset::{IDENTITY_AUDIENCE, READ};
    use crate::search::{Start, Window};
    use crate::value::{Audience, Name, PermissionName, Revision, RoleId, Username};
    use crate::world::{Change, Sources};

    /// Polls a future once. Fakes are always ready.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    /// Creates a log with one entry, and a caller with the given permissions.
    fn log_for(definitions: &[&str]) -> (AuditLogs, Caller) {
        let store = MemoryPolicyStore::default();
        let (log, at) = (Arc::new(store.audit_log()), datetime!(2026-03-01 12:00 UTC));
        let permission = |definition: &&str| Permission {
            audience: Audience::parse(IDENTITY_AUDIENCE).unwrap(),
            definition: PermissionName::parse(definition).unwrap(),
        };
        let role = Role {
            permissions: definitions.iter().map(permission).collect(),
            ..Role::new(RoleId::parse("auditor").unwrap(), Name::parse("Auditor").unwrap())
        };
        let ann = Principal::User(Username::parse("ann").unwrap());
        let member = Membership::new(Container::Role(role.id.clone()), Party::from(ann.clone())).unwrap();
        let draft =
            AuditDraft::new(AuditOperation::Create, AuditEntity { kind: EntityKind::Role, key: "auditor".to_owned() });
        let event = draft.event(at, Actor::System, AuditResult::Success, None);
        let changes = vec![Change::RolePut(role), Change::MemberAdded(member)];
        let commit = Commit { revision: Revision(1), at, changes, audit: vec![event] };
        now(now(store.begin(Revision(0))).unwrap().commit(vec![commit])).unwrap();
        let sources = Sources::Provider { groups_claimed: false };
        let clock = Arc::new(FixedClock::new(at));
        let engine = Engine::start(Arc::new(store), log.clone(), clock, sources, ResourceCatalog::standard());
        let engine = Arc::new(now(engine).unwrap());
        let caller = Caller::authenticated(engine.world(), ann, None);
        (AuditLogs::new(Authorizer::management(engine), log), caller)
    }

    fn all() -> AuditQuery {
        AuditQuery::new(AuditFilter::default(), &[], &Window { start: Start::Offset(0), limit: 10 }).unwrap()
    }

    #[test]
    fn an_entry_is_found_by_its_key_as_it_is_written() {
        let (logs, caller) = log_for(&[READ]);
        let found = now(logs.search(&caller, &all())).unwrap();
        assert_eq!(found.items.iter().map(|event| event.key).collect::<Vec<_>>(), [1]);
        assert_eq!(now(logs.find(&caller, "1")).unwrap(), *found.items.first().unwrap());
        for key in ["2", "01", "+1", "1 ", "", "one", "99999999999999999999"] {
            assert!(matches!(now(logs.find(&caller, key)), Err(ServiceError::Missing(_))), "{key}");
        }
    }

    #[test]
    fn reading_needs_the_permission() {
        let (logs, caller) = log_for(&[]);
        assert_eq!(now(logs.search(&caller, &all())).unwrap().total, 0);
        assert!(
            matches!(now(logs.find(&caller, "7")), Err(ServiceError::Denied(_))),
            "whether or not there is such an entry"
        );
        let attempts: Vec<_> = now(logs.log.search(&all()))
            .unwrap()
            .items
            .into_iter()
            .filter(|event| event.result == AuditResult::Denied)
            .map(|event| (event.operation, event.entity.to_string()))
            .collect();
        let read = |what: &str| (AuditOperation::Read, what.to_owned());
        assert_eq!(attempts, [read("audit log entry `ADMIN`")]);
    }

    #[test]
    fn an_export_ends_with_the_entries_that_existed_when_it_began() {
        let (logs, caller) = log_for(&[READ]);
        let at = datetime!(2026-03-01 12:00 UTC);
        let entries = |count: i64, offset: time::Duration| -> Vec<AuditEvent> {
            let entity = AuditEntity { kind: EntityKind::Group, key: "g".to_owned() };
            let draft = AuditDraft::new(AuditOperation::Create, entity);
            let event = |n| {
                draft.clone().event(at + offset + time::Duration::seconds(n), Actor::System, AuditResult::Success, None)
            };
            (0..count).map(event).collect()
        };
        now(logs.log.append(&entries(1200, time::Duration::ZERO))).unwrap();
        let mut export = now(logs.export(&caller, AuditFilter::default())).unwrap();
        assert_eq!(export.total(), 1201);
        let mut keys = Vec::new();
        while let Some(page) = now(export.next()).unwrap() {
            assert!(page.len() <= AuditExport::PAGE);
            keys.extend(page.into_iter().map(|event| event.key));
            // Later ones, and ones from a server whose clock is behind.
            now(logs.log.append(&entries(3, time::Duration::HOUR))).unwrap();
            now(logs.log.append(&entries(3, -time::Duration::HOUR))).unwrap();
        }
        keys.sort_unstable();
        assert_eq!(keys, (1..=1201).collect::<Vec<u64>>());

        let (logs, caller) = log_for(&[]);
        let denied = now(logs.export(&caller, AuditFilter::default()));
        assert!(matches!(denied, Err(ServiceError::Denied(_))));
    }
}
