//! Age of the world, and behavior while the store is unavailable, unreadable or slow.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use identity_core::apply::Command;
use identity_core::cancellation::Cancellation;
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Permit;
use identity_core::engine::{
    Engine, Following, NotPermitted, Origin, Requester, ServerRequest, StaleWorld, WriteError,
};
use identity_core::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind, Tenant};
use identity_core::fake::{FixedClock, MemoryPolicyStore};
use identity_core::port::{Loading, PolicyStore, PolicyTransaction, StoreError, Tail};
use identity_core::value::{Name, Revision, TenantId};
use identity_core::world::{Sources, World};
use time::OffsetDateTime;

/// Responses of the store.
const ANSWERS: usize = 0;
const AWAY: usize = 1;
const LOG_UNREADABLE: usize = 2;
const UNREADABLE: usize = 3;

#[derive(Default)]
struct Faults {
    state: AtomicUsize,
    asked: AtomicUsize,
    begun: AtomicUsize,
}

struct Faulty {
    store: MemoryPolicyStore,
    faults: Arc<Faults>,
}

impl Faulty {
    fn fault(&self, of_log: bool) -> Result<(), StoreError> {
        match self.faults.state.load(Ordering::SeqCst) {
            AWAY => Err(StoreError::Unavailable("the wire is cut".into())),
            UNREADABLE => Err(StoreError::unreadable("users", "ann", "new in a later version")),
            LOG_UNREADABLE if of_log => Err(StoreError::unreadable("change_log", 2, "new in a later version")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl PolicyStore for Faulty {
    async fn load<'l>(&self, into: Loading<'l>) -> Result<Revision, StoreError> {
        self.fault(false)?;
        self.store.load(into).await
    }

    async fn tail(&self, known: Revision) -> Result<Tail, StoreError> {
        self.faults.asked.fetch_add(1, Ordering::SeqCst);
        self.fault(true)?;
        self.store.tail(known).await
    }

    async fn writable(&self) -> Result<(), StoreError> {
        self.fault(false)
    }

    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError> {
        self.faults.begun.fetch_add(1, Ordering::SeqCst);
        // Entries before `known` are not read.
        self.fault(known < Revision(2))?;
        self.store.begin(known).await
    }

    async fn changed(&self) {
        self.store.changed().await;
    }
}

struct Site {
    /// Another replica, without faults.
    other: Engine,
    engine: Engine,
    store: MemoryPolicyStore,
    faults: Arc<Faults>,
    clock: Arc<FixedClock>,
}

async fn engine(store: Arc<dyn PolicyStore>, clock: &Arc<FixedClock>) -> Engine {
    let audit = Arc::new(MemoryPolicyStore::default().audit_log());
    Engine::start(store, audit, Arc::clone(clock) as _, Sources::BuiltIn, ResourceCatalog::standard()).await.unwrap()
}

async fn site(max_age: Option<Duration>) -> Site {
    let (store, faults) = (MemoryPolicyStore::default(), Arc::new(Faults::default()));
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    let other = engine(Arc::new(store.clone()), &clock).await;
    let faulty = Faulty { store: store.clone(), faults: Arc::clone(&faults) };
    let engine = engine(Arc::new(faulty), &clock).await.refusing_beyond(max_age);
    Site { other, engine, store, faults, clock }
}

impl Site {
    fn is(&self, state: usize) {
        self.faults.state.store(state, Ordering::SeqCst);
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(time::Duration::seconds(seconds));
    }

    fn asked(&self) -> usize {
        self.faults.asked.swap(0, Ordering::SeqCst)
    }
}

fn tenant(id: &str) -> (Tenant, AuditDraft) {
    let tenant = Tenant::new(TenantId::parse(id).unwrap(), Name::parse(id).unwrap());
    let draft = AuditDraft::new(AuditOperation::Create, AuditEntity { kind: EntityKind::Tenant, key: id.to_owned() });
    (tenant, draft)
}

async fn create(engine: &Engine, id: &str) -> Result<Revision, WriteError> {
    let (tenant, draft) = tenant(id);
    engine.execute(&ServerRequest, draft, |_| Ok(vec![Command::CreateTenant(tenant)])).await.map(|done| done.revision)
}

const MAX_AGE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_replica_that_was_suspended_asks_before_it_answers() {
    let site = site(Some(MAX_AGE)).await;
    create(&site.other, "t").await.unwrap();
    assert_eq!(site.engine.current_world().await.unwrap().revision(), Revision(0), "in its usual rhythm");
    assert_eq!(site.asked(), 0);
    // A day without a follower, such as under SIGSTOP.
    site.pass(86_400);
    assert_eq!(site.engine.current_world().await.unwrap().revision(), Revision(1));
    assert_eq!(site.engine.world_age(), Duration::ZERO);
    // One query serves all subsequent requests.
    assert!(site.engine.current_world().await.is_ok());
    assert_eq!(site.asked(), 1);
}

#[tokio::test]
async fn what_is_too_old_is_not_used() {
    for max_age in [Some(MAX_AGE), None] {
        let site = site(max_age).await;
        site.is(AWAY);
        for (seconds, is_within) in [(4, true), (50, true), (6, true), (1, false), (3600, false)] {
            site.pass(seconds);
            let world = site.engine.current_world().await.map(drop);
            let expected = is_within || max_age.is_none();
            assert_eq!(world.is_ok(), expected, "{max_age:?} after {:?}", site.engine.world_age());
            assert_eq!(site.engine.is_too_old(), !expected);
        }
        site.is(ANSWERS);
        // The follower queries the store again; in this test, a request triggers the query.
        site.pass(10);
        assert!(site.engine.current_world().await.is_ok());
        assert!(!site.engine.is_too_old());
    }
}

#[tokio::test]
async fn a_question_that_failed_counts_for_the_next_requests() {
    let site = site(Some(MAX_AGE)).await;
    site.is(AWAY);
    site.pass(5);
    for _ in 0..10 {
        assert!(site.engine.current_world().await.is_ok());
    }
    assert_eq!(site.asked(), 1);
    assert!(matches!(site.engine.following(), Following::Unanswered(_)));
}

#[tokio::test]
async fn a_request_may_demand_an_age() {
    let site = site(Some(MAX_AGE)).await;
    create(&site.other, "t").await.unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(site.engine.world_within(second).await.unwrap().revision(), Revision(0), "it is of this moment");
    site.pass(2);
    assert_eq!(site.engine.world_within(second).await.unwrap().revision(), Revision(1));
    site.is(AWAY);
    site.pass(2);
    assert_eq!(site.engine.world_within(second).await.map(drop), Err(StaleWorld { age: 2 * second }));
    assert!(site.engine.current_world().await.is_ok(), "others do not");
}

#[tokio::test]
async fn writes_are_refused_at_once_while_the_store_is_away() {
    let site = site(None).await;
    site.is(AWAY);
    assert!(site.engine.catch_up().await.is_err());
    assert!(matches!(create(&site.engine, "t").await, Err(WriteError::Store(StoreError::Unavailable(_)))));
    assert_eq!(site.faults.begun.load(Ordering::SeqCst), 0, "no write waits for it");
    assert!(site.engine.write_problem().is_some());
    site.is(ANSWERS);
    site.engine.catch_up().await.unwrap();
    assert_eq!(create(&site.engine, "t").await.unwrap(), Revision(1));
    assert_eq!(site.engine.write_problem(), None);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_left_for_the_tables() {
    let site = site(Some(MAX_AGE)).await;
    create(&site.other, "a").await.unwrap();
    create(&site.other, "b").await.unwrap();
    site.is(LOG_UNREADABLE);
    assert_eq!(site.engine.catch_up().await.unwrap(), Revision(2));
    assert!(site.engine.world().tenant("b").is_some());
    assert_eq!(create(&site.engine, "c").await.unwrap(), Revision(3));
    // If the tables are unreadable as well, the replica cannot follow the store.
    create(&site.other, "d").await.unwrap();
    site.is(UNREADABLE);
    assert!(site.engine.catch_up().await.is_err());
    assert!(matches!(site.engine.following(), Following::Unreadable(_)));
}

#[tokio::test]
async fn a_writer_whose_log_cannot_be_read_writes_all_the_same() {
    let site = site(None).await;
    create(&site.other, "a").await.unwrap();
    create(&site.other, "b").await.unwrap();
    site.is(LOG_UNREADABLE);
    assert_eq!(create(&site.engine, "c").await.unwrap(), Revision(3));
}

#[tokio::test]
async fn writes_that_cannot_be_made_in_time_are_refused_early() {
    let site = Arc::new(site(None).await);
    // Another replica holds the write lock.
    let held = site.store.begin(Revision(0)).await.unwrap();
    let mut writes: Vec<_> = (0..300)
        .map(|n| {
            let site = Arc::clone(&site);
            tokio::spawn(async move { create(&site.engine, &format!("t{n}")).await })
        })
        .collect();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    // One write waits for the store, 256 for their turn.
    for refused in writes.split_off(257) {
        assert!(refused.is_finished(), "it waits although too many do already");
        assert!(matches!(refused.await.unwrap(), Err(WriteError::Overloaded(_))));
    }
    assert!(writes.iter().all(|write| !write.is_finished()));
    // A cancelled write leaves the queue and makes room for another.
    writes.pop().unwrap().abort();
    tokio::task::yield_now().await;
    let next = tokio::spawn({
        let site = Arc::clone(&site);
        async move { create(&site.engine, "next").await }
    });
    tokio::task::yield_now().await;
    assert!(!next.is_finished());

    site.pass(6);
    drop(held);
    let mut outcomes = Vec::new();
    for write in writes {
        outcomes.push(write.await.unwrap());
    }
    assert!(outcomes[0].is_ok());
    let refused = outcomes[1..].iter().filter(|outcome| matches!(outcome, Err(WriteError::Overloaded(_))));
    assert_eq!(refused.count(), 255, "their turn came too late");
    assert!(matches!(next.await.unwrap(), Err(WriteError::Overloaded(_))));
    assert_eq!(create(&site.engine, "later").await.unwrap(), Revision(2));
}

/// A request of the server on behalf of a client that may disconnect.
struct ForClient(Cancellation);

#[async_trait]
impl Requester for ForClient {
    fn origin(&self) -> Origin<'_> {
        Origin { cancellation: self.0.clone(), ..ServerRequest.origin() }
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        ServerRequest.permit(world, now).await
    }
}

#[tokio::test]
async fn a_cancelled_write_leaves_the_queue_at_once() {
    let site = Arc::new(site(None).await);
    // Another replica holds the write lock.
    let held = site.store.begin(Revision(0)).await.unwrap();
    let first = tokio::spawn({
        let site = Arc::clone(&site);
        async move { create(&site.engine, "first").await }
    });
    tokio::task::yield_now().await;
    let cancellation = Cancellation::default();
    let (tenant, draft) = tenant("left");
    let command = [Command::CreateTenant(tenant)].to_vec();
    let requester = ForClient(cancellation.clone());
    let left = site.engine.execute(&requester, draft, |_| Ok(command));
    let (left, ()) = tokio::join!(left, async {
        tokio::task::yield_now().await;
        cancellation.cancel();
    });
    assert!(matches!(left, Err(WriteError::Cancelled)), "{left:?}");
    assert!(!first.is_finished(), "the turn is still another's");
    drop(held);
    first.await.unwrap().unwrap();
    assert_eq!(create(&site.engine, "last").await.unwrap(), Revision(2));
    assert!(site.engine.world().tenant("left").is_none());
}
