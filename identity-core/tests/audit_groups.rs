//! Audit entries without a change: written in groups, bounded in number, and counted if they cannot be written.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::Engine;
use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, FieldChanges};
use identity_core::fake::{FixedClock, MemoryAuditLog, MemoryPolicyStore};
use identity_core::port::{AuditLog, AuditQuery, StoreError};
use identity_core::search::Found;
use identity_core::world::Sources;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, yield_now};

/// An audit log that writes one group per permit.
struct Gated {
    log: MemoryAuditLog,
    permits: Semaphore,
    fails: AtomicBool,
    groups: Mutex<Vec<usize>>,
}

#[async_trait]
impl AuditLog for Gated {
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        self.permits.acquire().await.unwrap().forget();
        self.groups.lock().unwrap().push(events.len());
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the wire is cut".into()));
        }
        self.log.append(events).await
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        self.log.find(key).await
    }

    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError> {
        self.log.prune(before, keep, batch).await
    }

    async fn size(&self) -> Result<u64, StoreError> {
        self.log.size().await
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        self.log.search(query).await
    }
}

struct Site {
    engine: Arc<Engine>,
    log: Arc<Gated>,
}

impl Site {
    async fn start() -> Self {
        let log = Arc::new(Gated {
            log: MemoryAuditLog::default(),
            permits: Semaphore::new(0),
            fails: AtomicBool::default(),
            groups: Mutex::default(),
        });
        let (store, clock) = (MemoryPolicyStore::default(), FixedClock::new(OffsetDateTime::UNIX_EPOCH));
        let audit = Arc::clone(&log) as _;
        let engine =
            Engine::start(Arc::new(store), audit, Arc::new(clock), Sources::BuiltIn, ResourceCatalog::standard());
        Self { engine: Arc::new(engine.await.unwrap()), log }
    }

    /// Appends an entry in a separate task and lets the task reach its queue.
    async fn append(&self, key: &str, result: AuditResult) -> JoinHandle<Option<u64>> {
        let (engine, event) = (Arc::clone(&self.engine), event(key, result));
        let task = tokio::spawn(async move { engine.append(&event).await });
        yield_now().await;
        task
    }

    async fn deny(&self, numbers: std::ops::Range<usize>) -> Vec<JoinHandle<Option<u64>>> {
        let mut tasks = Vec::new();
        for number in numbers {
            tasks.push(self.append(&number.to_string(), AuditResult::Denied).await);
        }
        tasks
    }

    fn open(&self) {
        self.log.permits.add_permits(1000);
    }

    fn groups(&self) -> Vec<usize> {
        self.log.groups.lock().unwrap().clone()
    }

    fn keys(&self) -> Vec<String> {
        self.log.log.events().into_iter().map(|event| event.entity.key).collect()
    }
}

/// An entry of the server itself, which is not counted as a repetition.
fn event(key: &str, result: AuditResult) -> AuditEvent {
    AuditEvent {
        key: 0,
        at: OffsetDateTime::UNIX_EPOCH,
        actor: Actor::System,
        issuer: None,
        operation: AuditOperation::Create,
        entity: AuditEntity { kind: EntityKind::Group, key: key.to_owned() },
        related: None,
        result,
        reason: None,
        revision: None,
        request_id: None,
        changes: FieldChanges::default(),
    }
}

async fn keys_of(tasks: Vec<JoinHandle<Option<u64>>>) -> Vec<Option<u64>> {
    let mut keys = Vec::new();
    for task in tasks {
        keys.push(task.await.unwrap());
    }
    keys
}

#[tokio::test]
async fn entries_that_wait_are_written_in_groups_with_their_keys() {
    let site = Site::start().await;
    let tasks = site.deny(0..300).await;
    site.open();
    let keys = keys_of(tasks).await;
    assert_eq!(site.groups(), [1, 256, 43]);
    for (number, key) in keys.into_iter().enumerate() {
        let entry = site.log.find(key.unwrap()).await.unwrap().unwrap();
        assert_eq!(entry.entity.key, number.to_string());
    }
    assert_eq!(site.append("alone", AuditResult::Denied).await.await.unwrap(), Some(301));
}

#[tokio::test]
async fn entries_beyond_the_bound_are_lost_and_the_log_says_how_many() {
    let site = Site::start().await;
    let tasks = site.deny(0..600).await;
    assert_eq!(site.engine.lost_audit_entries(), 87, "one is being written, and 512 wait");
    assert_eq!(tasks.iter().filter(|task| task.is_finished()).count(), 87, "what is lost is not waited for");
    site.open();
    let keys = keys_of(tasks).await;
    assert_eq!(keys.iter().filter(|key| key.is_some()).count(), 513);
    site.engine.record_counts(false).await;
    assert_eq!(site.log.log.events().len(), 513, "the minute is not over");
    site.engine.record_counts(true).await;
    site.engine.record_counts(true).await;
    let events = site.log.log.events();
    assert_eq!(events.len(), 514);
    let last = events.last().unwrap();
    assert_eq!((&last.actor, last.entity.kind, last.result), (&Actor::System, EntityKind::AuditLog, AuditResult::Fail));
    let period = "from 1970-01-01T00:00:00.000000Z to 1970-01-01T00:00:00.000000Z";
    assert_eq!(last.reason, Some(format!("entries_lost (87 {period})")));
}

#[tokio::test]
async fn large_entries_are_bounded_by_their_bytes() {
    let site = Site::start().await;
    let key = "k".repeat(100_000);
    let mut tasks = Vec::new();
    for _ in 0..20 {
        tasks.push(site.append(&key, AuditResult::Denied).await);
    }
    site.open();
    assert_eq!(keys_of(tasks).await.into_iter().flatten().count(), 11);
    assert_eq!(site.groups(), [1, 2, 2, 2, 2, 2]);
}

#[tokio::test]
async fn outcomes_of_what_was_permitted_wait_for_no_denial() {
    let site = Site::start().await;
    let denials = site.deny(0..600).await;
    let outcome = site.append("outcome", AuditResult::Fail).await;
    site.log.permits.add_permits(2);
    assert!(outcome.await.unwrap().is_some(), "written beside the first denial");
    assert_eq!(site.groups(), [1, 1]);
    site.open();
    keys_of(denials).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_entry_to_the_others() {
    let site = Site::start().await;
    let mut tasks = site.deny(0..5).await;
    // The first task is the writer.
    for gone in [0, 1, 2] {
        tasks[gone].abort();
        yield_now().await;
    }
    site.open();
    let keys = keys_of(tasks.split_off(3)).await;
    assert!(keys.iter().all(Option::is_some));
    assert_eq!(site.keys(), ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn entries_whose_callers_are_all_gone_are_written_later() {
    let site = Site::start().await;
    for task in site.deny(0..5).await {
        task.abort();
        yield_now().await;
    }
    site.open();
    assert!(site.keys().is_empty());
    site.engine.record_counts(false).await;
    assert_eq!(site.keys(), ["0", "1", "2", "3", "4"]);
    assert_eq!(site.engine.lost_audit_entries(), 0);
}

#[tokio::test]
async fn nothing_waits_for_a_store_that_failed() {
    let site = Site::start().await;
    site.log.fails.store(true, Ordering::SeqCst);
    let tasks = site.deny(0..300).await;
    site.log.permits.add_permits(1);
    assert!(keys_of(tasks).await.iter().all(Option::is_none));
    assert_eq!((site.groups(), site.engine.lost_audit_entries()), (vec![1], 300));
    site.open();
    site.engine.record_counts(true).await;
    site.log.fails.store(false, Ordering::SeqCst);
    assert!(site.append("later", AuditResult::Denied).await.await.unwrap().is_some());
    site.engine.record_counts(true).await;
    let last = site.log.log.events().pop().unwrap();
    assert!(last.reason.unwrap().starts_with("entries_lost (300 from "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_several_threads_get_a_key_each() {
    let site = Site::start().await;
    site.log.permits.add_permits(1_000_000);
    let mut tasks = Vec::new();
    for task in 0..32 {
        let engine = Arc::clone(&site.engine);
        tasks.push(tokio::spawn(async move {
            for number in 0..200 {
                assert!(engine.append(&event(&format!("{task}-{number}"), AuditResult::Denied)).await.is_some());
            }
        }));
    }
    for task in tasks {
        tokio::time::timeout(std::time::Duration::from_secs(60), task).await.unwrap().unwrap();
    }
    assert_eq!(site.keys().into_iter().collect::<std::collections::BTreeSet<_>>().len(), 32 * 200);
}
