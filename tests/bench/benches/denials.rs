//! Benchmark of changes per second under a flood of denials, each different, on SQLite and, if `TEST_DATABASE_URL` is
//! set, on PostgreSQL. The floor is the same flood with an audit log that discards its entries, because a denial also
//! takes CPU time. Fails if recording the denials costs too many changes.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports by printing and panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_adapters_sqlite::SqliteStores;
use identity_adapters_system::SystemClock;
use identity_core::apply::Command;
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{
    Actor, AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, Tenant,
};
use identity_core::port::{AuditLog, AuditQuery, PolicyStore, StoreError};
use identity_core::search::Found;
use identity_core::value::{Name, Secret, TenantId};
use identity_core::world::Sources;
use identity_testkit::postgres::fresh_database;
use time::OffsetDateTime;
use tokio::task::JoinSet;

/// Duration of one turn of a case; the cases take turns.
const TIME: Duration = Duration::from_secs(1);
const ROUNDS: usize = 7;
/// Numbers of concurrent writers: one, such as a script, and several.
const WRITERS: [usize; 2] = [1, 8];
/// Number of denied clients, and pause between two requests of a client. Together they exceed the number of denials
/// that can be recorded.
const CLIENTS: usize = 1000;
const PAUSE: Duration = Duration::from_millis(100);
/// Minimum ratio of the changes to the floor.
const LEAST: f64 = 0.7;

/// An audit log that discards its entries.
struct Nowhere(AtomicU64);

#[async_trait]
impl AuditLog for Nowhere {
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        Ok(events.iter().map(|_| self.0.fetch_add(1, Ordering::Relaxed)).collect())
    }

    async fn find(&self, _: u64) -> Result<Option<AuditEvent>, StoreError> {
        Ok(None)
    }

    async fn prune(&self, _: OffsetDateTime, _: u64, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn size(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        Ok(query.found(Vec::new(), 0))
    }
}

async fn create(engine: &Engine, id: String) {
    let draft = AuditDraft::new(AuditOperation::Create, AuditEntity { kind: EntityKind::Tenant, key: id.clone() });
    let tenant = Tenant::new(TenantId::parse(&id).expect("an id"), Name::parse(&id).expect("a name"));
    engine.execute(&ServerRequest, draft, |_| Ok(vec![Command::CreateTenant(tenant)])).await.expect("a change");
}

/// A denial that is not counted as a repetition of another.
fn denial(number: u64) -> AuditEvent {
    AuditEvent {
        key: 0,
        at: OffsetDateTime::UNIX_EPOCH,
        actor: Actor::System,
        issuer: None,
        operation: AuditOperation::Update,
        entity: AuditEntity { kind: EntityKind::Tenant, key: format!("tenant-{number}") },
        related: None,
        result: AuditResult::Denied,
        reason: Some("TENANT:UPDATE".to_owned()),
        revision: None,
        request_id: Some(format!("{number:032x}")),
        changes: identity_core::entity::FieldChanges::default(),
    }
}

/// Rates per second.
#[derive(Default)]
struct Rates {
    changes: f64,
    asked: f64,
    recorded: f64,
}

async fn rates(engine: &Arc<Engine>, name: &str, writers: usize, clients: usize) -> Rates {
    let ends = Arc::new(AtomicBool::new(false));
    let (asked, recorded) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for _ in 0..clients {
        let (engine, ends) = (Arc::clone(engine), Arc::clone(&ends));
        let (asked, recorded) = (Arc::clone(&asked), Arc::clone(&recorded));
        flood.spawn(async move {
            while !ends.load(Ordering::Relaxed) {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                let key = engine.append(&denial(number)).await;
                recorded.fetch_add(u64::from(key.is_some()), Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    let begun = Instant::now();
    let mut all = JoinSet::new();
    for writer in 0..writers {
        let (engine, name) = (Arc::clone(engine), format!("{name}-{writers}-{writer}"));
        all.spawn(async move {
            let mut made = 0_u32;
            while begun.elapsed() < TIME {
                create(&engine, format!("{name}-{made}")).await;
                made += 1;
            }
            made
        });
    }
    let made: u32 = all.join_all().await.into_iter().sum();
    let elapsed = begun.elapsed().as_secs_f64();
    let of =
        |count: &AtomicU64| f64::from(u32::try_from(count.load(Ordering::Relaxed)).expect("not so many")) / elapsed;
    let rates = Rates { changes: f64::from(made) / elapsed, asked: of(&asked), recorded: of(&recorded) };
    ends.store(true, Ordering::Relaxed);
    flood.join_all().await;
    rates
}

fn median(rounds: &[Rates], of: impl Fn(&Rates) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Returns the ratio of the changes with recorded denials to the floor.
async fn measure(name: &str, store: Arc<dyn PolicyStore>, audit: Arc<dyn AuditLog>) -> f64 {
    let start = |audit| {
        Engine::start(Arc::clone(&store), audit, Arc::new(SystemClock), Sources::BuiltIn, ResourceCatalog::standard())
    };
    let mut least = f64::INFINITY;
    for writers in WRITERS {
        let nowhere = Arc::new(start(Arc::new(Nowhere(AtomicU64::new(1)))).await.expect("an engine"));
        let engine = Arc::new(start(Arc::clone(&audit)).await.expect("an engine"));
        let (mut alone, mut floor, mut flooded) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            alone.push(rates(&nowhere, &format!("alone-{round}"), writers, 0).await);
            floor.push(rates(&nowhere, &format!("floor-{round}"), writers, CLIENTS).await);
            flooded.push(rates(&engine, &format!("flood-{round}"), writers, CLIENTS).await);
        }
        let changes = |rounds: &[Rates]| median(rounds, |rates| rates.changes);
        let ratio = changes(&flooded) / changes(&floor);
        println!(
            "{name}, {writers} writers: {:.0} changes/s alone, {:.0} with {:.0} denials/s that are not kept, {:.0} with {:.0} \
             denials/s of which {:.0} are recorded: {:.0} %",
            changes(&alone),
            changes(&floor),
            median(&floor, |rates| rates.asked),
            changes(&flooded),
            median(&flooded, |rates| rates.asked),
            median(&flooded, |rates| rates.recorded),
            ratio * 100.0
        );
        least = least.min(ratio);
    }
    least
}

#[tokio::main]
async fn main() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let sqlite = SqliteStores::open(directory.path().join("identity.db")).await.expect("a database");
    let mut least = measure("SQLite", Arc::clone(&sqlite.policy) as _, Arc::clone(&sqlite.audit) as _).await;
    if let Some(database) = fresh_database().await {
        let settings = PostgresSettings::from_url(&Secret::new(database.url.clone())).expect("settings");
        let postgres = PostgresStores::connect(&settings);
        postgres.migrate().await.expect("a database");
        let ratio = measure("PostgreSQL", Arc::clone(&postgres.policy) as _, Arc::clone(&postgres.audit) as _).await;
        least = least.min(ratio);
    }
    assert!(least >= LEAST, "a flood of denials leaves {:.0} % of the changes", least * 100.0);
}
