//! Writes that wait at the same time share a commit; each behaves like a separate write.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use identity_core::apply::{Command, Refusal};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest, WriteError};
use identity_core::entity::{AuditDraft, AuditEntity, AuditOperation, AuditResult, EntityKind, Tenant};
use identity_core::fake::{FixedClock, MemoryPolicyStore};
use identity_core::port::{AuditLog as _, Commit, Loading, PolicyStore, PolicyTransaction, StoreError, Tail, snapshot};
use identity_core::value::{Name, Revision, TenantId};
use identity_core::world::Sources;
use time::OffsetDateTime;
use tokio::task::{JoinHandle, yield_now};

/// Settings and counter of a store with slow commits.
#[derive(Default)]
struct Disk {
    commits: AtomicUsize,
    fails: AtomicBool,
}

struct Slow(MemoryPolicyStore, Arc<Disk>);

struct SlowTransaction(Box<dyn PolicyTransaction>, Arc<Disk>);

#[async_trait]
impl PolicyStore for Slow {
    async fn load<'l>(&self, into: Loading<'l>) -> Result<Revision, StoreError> {
        self.0.load(into).await
    }

    async fn tail(&self, known: Revision) -> Result<Tail, StoreError> {
        self.0.tail(known).await
    }

    async fn writable(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError> {
        Ok(Box::new(SlowTransaction(self.0.begin(known).await?, Arc::clone(&self.1))))
    }

    async fn changed(&self) {
        self.0.changed().await;
    }
}

#[async_trait]
impl PolicyTransaction for SlowTransaction {
    fn missed(&self) -> &Tail {
        self.0.missed()
    }

    async fn commit(self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError> {
        self.1.commits.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        if self.1.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the wire is cut".into()));
        }
        self.0.commit(commits).await
    }
}

struct Site {
    engine: Arc<Engine>,
    store: MemoryPolicyStore,
    disk: Arc<Disk>,
}

async fn site() -> Site {
    let (store, disk) = (MemoryPolicyStore::default(), Arc::new(Disk::default()));
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    let slow = Arc::new(Slow(store.clone(), Arc::clone(&disk)));
    let audit = Arc::new(store.audit_log());
    let engine = Engine::start(slow, audit, clock, Sources::BuiltIn, ResourceCatalog::standard()).await.unwrap();
    Site { engine: Arc::new(engine), store, disk }
}

type Written = JoinHandle<Result<Revision, WriteError>>;

impl Site {
    fn create(&self, id: &str) -> Written {
        let tenant = Tenant::new(TenantId::parse(id).unwrap(), Name::parse(id).unwrap());
        self.write(id, vec![Command::CreateTenant(tenant)])
    }

    fn write(&self, id: &str, commands: Vec<Command>) -> Written {
        let draft =
            AuditDraft::new(AuditOperation::Create, AuditEntity { kind: EntityKind::Tenant, key: id.to_owned() });
        let engine = Arc::clone(&self.engine);
        tokio::spawn(
            async move { engine.execute(&ServerRequest, draft, |_| Ok(commands)).await.map(|done| done.revision) },
        )
    }

    fn commits(&self) -> usize {
        self.disk.commits.swap(0, Ordering::SeqCst)
    }

    fn has(&self, id: &str) -> bool {
        self.engine.world().tenant(id).is_some()
    }
}

#[tokio::test]
async fn writes_that_wait_together_are_committed_together() {
    let site = site().await;
    let first = site.create("first");
    yield_now().await;
    let others: Vec<_> = (0..100).map(|n| site.create(&format!("t{n}"))).collect();
    assert_eq!(first.await.unwrap().unwrap(), Revision(1));
    let mut revisions = Vec::new();
    for (n, other) in others.into_iter().enumerate() {
        revisions.push(other.await.unwrap().unwrap().0);
        assert!(site.has(&format!("t{n}")), "it is there when it is acknowledged");
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (2..=101).collect::<Vec<_>>(), "each has a revision of its own");
    assert!(site.commits() <= 4, "a commit for each");
    let Tail::Commits(log) = site.store.tail(Revision(0)).await.unwrap() else { panic!("a log") };
    assert_eq!(log.len(), 101);
    // Sequential writes do not wait for others.
    assert_eq!(site.create("alone").await.unwrap().unwrap(), Revision(102));
    assert_eq!(site.commits(), 1);
}

#[tokio::test]
async fn each_is_refused_and_recorded_by_itself() {
    let site = site().await;
    let first = site.create("a");
    yield_now().await;
    let others: Vec<_> = ["b", "a", "b", "c", "a"].into_iter().map(|id| site.create(id)).collect();
    first.await.unwrap().unwrap();
    let mut outcomes = Vec::new();
    for other in others {
        outcomes.push(other.await.unwrap().map_err(|error| matches!(error, WriteError::Refused(Refusal::Exists(_)))));
    }
    assert_eq!(outcomes, [Ok(Revision(2)), Err(true), Err(true), Ok(Revision(3)), Err(true)]);
    let log = site.store.audit_log();
    let mut results = Vec::new();
    for key in 1..=log.size().await.unwrap() {
        let event = log.find(key).await.unwrap().unwrap();
        results.push((event.entity.key, event.result, event.revision));
    }
    for (id, revision) in [("a", 1), ("b", 2), ("c", 3)] {
        assert!(results.contains(&(id.to_owned(), AuditResult::Success, Some(Revision(revision)))), "{results:?}");
    }
    assert_eq!(results.iter().filter(|(_, result, _)| *result == AuditResult::Fail).count(), 3);
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_all_in_it_and_the_next_are_made() {
    let site = site().await;
    let first = site.create("first");
    yield_now().await;
    let others: Vec<_> = (0..10).map(|n| site.create(&format!("t{n}"))).collect();
    first.await.unwrap().unwrap();
    site.disk.fails.store(true, Ordering::SeqCst);
    for other in others {
        assert!(matches!(other.await.unwrap(), Err(WriteError::Store(StoreError::Unavailable(_)))));
    }
    assert_eq!(site.engine.world().revision(), Revision(1));
    site.disk.fails.store(false, Ordering::SeqCst);
    assert_eq!(site.create("t0").await.unwrap().unwrap(), Revision(2));
}

/// An entity that exists only in an uncommitted group must not be a reason for a refusal.
#[tokio::test]
async fn a_refusal_for_a_change_that_is_not_committed_fails_with_it() {
    let site = site().await;
    let first = site.create("first");
    yield_now().await;
    let (made, refused) = (site.create("a"), site.create("a"));
    first.await.unwrap().unwrap();
    site.disk.fails.store(true, Ordering::SeqCst);
    for other in [made, refused] {
        let outcome = other.await.unwrap();
        assert!(matches!(outcome, Err(WriteError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
    }
    assert_eq!(site.store.audit_log().size().await.unwrap(), 1, "an entry says that it exists");
    site.disk.fails.store(false, Ordering::SeqCst);
    assert_eq!(site.create("a").await.unwrap().unwrap(), Revision(2));
}

/// An abandoned transaction would stay open and hold the write lock of all replicas.
#[tokio::test]
async fn writers_that_are_gone_hold_nobody_up() {
    for survivors in [0, 1] {
        let site = site().await;
        let first = site.create("first");
        yield_now().await;
        let others: Vec<_> = (0..10).map(|n| site.create(&format!("t{n}"))).collect();
        // The first write commits; the others have joined the next group or wait.
        yield_now().await;
        for gone in &others[survivors..] {
            gone.abort();
        }
        first.await.unwrap().unwrap();
        for survivor in others.into_iter().take(survivors) {
            survivor.await.unwrap().unwrap();
            assert!(site.has("t0"));
        }
        // Another replica gets the write lock, and so does the next writer.
        let free = tokio::time::timeout(Duration::from_secs(5), site.store.begin(Revision(0)));
        drop(free.await.expect("the turn is free").unwrap());
        site.create("next").await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_when_writers_come_and_go() {
    let site = site().await;
    let mut kept = Vec::new();
    for n in 0..600 {
        let write = site.create(&format!("t{n}"));
        if n % 3 == 0 {
            let pause = Duration::from_micros(n * 37 % 3000);
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                write.abort();
            });
        } else {
            kept.push((n, write));
        }
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    for (n, write) in kept {
        match write.await.unwrap() {
            Ok(_) => assert!(site.has(&format!("t{n}")), "{n}"),
            Err(error) => assert!(matches!(error, WriteError::Overloaded(_)), "{n}: {error:?}"),
        }
    }
    site.create("last").await.unwrap().unwrap();
    let snapshot = snapshot(&site.store).await.unwrap();
    assert_eq!(snapshot.revision, site.engine.world().revision());
    assert_eq!(snapshot.changes.len(), site.engine.world().tenants().len());
}
