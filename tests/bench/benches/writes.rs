//! Benchmark of changes per second by one writer and by 64 concurrent writers, on SQLite and, if `TEST_DATABASE_URL` is
//! set, on PostgreSQL. Concurrent writers share commits, so they must reach a multiple of the rate of one writer. Fails
//! otherwise.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports by printing and panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_adapters_sqlite::SqliteStores;
use identity_adapters_system::SystemClock;
use identity_core::apply::Command;
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind, Tenant};
use identity_core::port::{AuditLog, PolicyStore};
use identity_core::value::{Name, Secret, TenantId};
use identity_core::world::Sources;
use identity_testkit::postgres::fresh_database;
use tokio::task::JoinSet;

const WRITERS: usize = 64;
const TIME: Duration = Duration::from_secs(5);
/// Minimum ratio of the rate of all writers to the rate of one writer.
const LEAST: f64 = 3.0;

async fn create(engine: &Engine, id: String) {
    let draft = AuditDraft::new(AuditOperation::Create, AuditEntity { kind: EntityKind::Tenant, key: id.clone() });
    let tenant = Tenant::new(TenantId::parse(&id).expect("an id"), Name::parse(&id).expect("a name"));
    engine.execute(&ServerRequest, draft, |_| Ok(vec![Command::CreateTenant(tenant)])).await.expect("a change");
}

/// Changes per second.
async fn rate(engine: &Arc<Engine>, writers: usize) -> f64 {
    let begun = Instant::now();
    let mut all = JoinSet::new();
    for writer in 0..writers {
        let engine = Arc::clone(engine);
        all.spawn(async move {
            let mut made = 0_u32;
            while begun.elapsed() < TIME {
                create(&engine, format!("t-{writers}-{writer}-{made}")).await;
                made += 1;
            }
            made
        });
    }
    let made: u32 = all.join_all().await.into_iter().sum();
    f64::from(made) / begun.elapsed().as_secs_f64()
}

async fn measure(name: &str, store: Arc<dyn PolicyStore>, audit: Arc<dyn AuditLog>) {
    let clock = Arc::new(SystemClock);
    let engine = Engine::start(store, audit, clock, Sources::BuiltIn, ResourceCatalog::standard());
    let engine = Arc::new(engine.await.expect("an engine"));
    let (one, many) = (rate(&engine, 1).await, rate(&engine, WRITERS).await);
    println!("{name}: {one:.0}/s by one writer, {many:.0}/s by {WRITERS}: {:.1} times as many", many / one);
    assert!(many >= LEAST * one, "{name}");
}

#[tokio::main]
async fn main() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let sqlite = SqliteStores::open(directory.path().join("identity.db")).await.expect("a database");
    measure("SQLite", Arc::clone(&sqlite.policy) as _, Arc::clone(&sqlite.audit) as _).await;
    if let Some(database) = fresh_database().await {
        let settings = PostgresSettings::from_url(&Secret::new(database.url.clone())).expect("settings");
        let postgres = PostgresStores::connect(&settings);
        postgres.migrate().await.expect("a database");
        measure("PostgreSQL", Arc::clone(&postgres.policy) as _, Arc::clone(&postgres.audit) as _).await;
    }
}
