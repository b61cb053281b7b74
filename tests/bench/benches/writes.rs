//! Changes a second by one writer and by 64 at once, on SQLite, and on PostgreSQL where `TEST_DATABASE_URL` names a server. Many
//! share a commit, so they have to make several times as many as one. Ends with a failure when they do not.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports by printing and panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_adapters_sqlite::SqliteStores;
use identity_core::apply::Command;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{AuditEntity, AuditOperation, EntityKind, Tenant};
use identity_core::matrix::Matrix;
use identity_core::port::{AuditDraft, AuditLog, PolicyStore};
use identity_core::value::{Description, Name, Secret, TenantId};
use identity_core::world::Sources;
use identity_server::effects::SystemClock;
use identity_testkit::postgres::fresh_database;
use tokio::task::JoinSet;

const WRITERS: usize = 64;
const TIME: Duration = Duration::from_secs(5);
/// How many times as many changes all writers have to make as one alone.
const LEAST: f64 = 3.0;

async fn create(engine: &Engine, id: String) {
    let draft = AuditDraft {
        operation: AuditOperation::Create,
        entity: AuditEntity { kind: EntityKind::Tenant, key: id.clone() },
        related: None,
    };
    let tenant = Tenant {
        name: Name::parse(&id).expect("a name"),
        id: TenantId::parse(&id).expect("an id"),
        description: Description::default(),
    };
    engine.execute(&ServerRequest, draft, |_| Ok(vec![Command::CreateTenant(tenant)])).await.expect("a change");
}

/// Changes a second.
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
    let engine = Engine::start(store, audit, clock, Sources::BuiltIn, Matrix::standard());
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
