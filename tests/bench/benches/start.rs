//! Time and memory until the data of a million authorizations, 100,000 users' memberships and 10,000 groups is loaded.
//! Each load runs in a process of its own; on PostgreSQL only if `TEST_DATABASE_URL` is set.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports by printing and panicking"
)]

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_adapters_sqlite::SqliteStores;
use identity_adapters_system::SystemClock;
use identity_bench::measure::{asked_for, resident_kb};
use identity_bench::policies::{Policies, Size, group, role, username};
use identity_bench::report::record;
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::Engine;
use identity_core::entity::{Container, Membership, Party};
use identity_core::port::{AuditLog, Clock as _, Commit, PolicyStore};
use identity_core::value::{Revision, Secret};
use identity_core::world::{Change, Sources};
use identity_testkit::postgres::fresh_database;
use identity_testkit::random::Random;

const AUTHORIZATIONS: usize = 1_000_000;
/// Memberships of each of the 100,000 users.
const MEMBERSHIPS: usize = 3;
const WITHIN: Duration = Duration::from_secs(3);
/// Most memory of the world, in MB.
const MEMORY: f64 = 150.0;
/// Selects a load in a child process: its store, followed by the path or URL.
const CHILD: &str = "--load=";

type Stores = (Arc<dyn PolicyStore>, Arc<dyn AuditLog>);

async fn open(store: &str, at: &str) -> Stores {
    if store == "sqlite" {
        let stores = SqliteStores::open(at).await.expect("a store");
        return (stores.policy, stores.audit);
    }
    let settings = PostgresSettings::from_url(&Secret::new(at.to_owned())).expect("settings");
    let stores = PostgresStores::connect(&settings);
    stores.migrate().await.expect("a schema");
    (stores.policy, stores.audit)
}

async fn fill(store: &dyn PolicyStore) {
    let policies = Policies::generate(Size::w2(AUTHORIZATIONS));
    let mut random = Random::seeded(3);
    let members = (0..policies.size.users).flat_map(|user| {
        let groups =
            random.distinct(MEMBERSHIPS - 1, policies.size.groups).into_iter().map(|n| Container::Group(group(n)));
        let role = Container::Role(role(random.below(policies.size.roles)));
        let of = move |container| Change::MemberAdded(Membership::new(container, Party::User(username(user))).unwrap());
        groups.chain([role]).map(of).collect::<Vec<_>>()
    });
    let mut rows = policies.rows().chain(members).peekable();
    let mut known = Revision(0);
    while rows.peek().is_some() {
        let next = Revision(known.0 + 1);
        let changes = rows.by_ref().take(50_000).collect();
        let commit = Commit { revision: next, at: SystemClock.now(), changes, audit: vec![] };
        store.begin(known).await.expect("a turn").commit(vec![commit]).await.expect("a commit");
        known = next;
    }
}

/// Loads a store and prints the time and the memory.
async fn load(store: &str, at: &str) {
    let (policy, audit) = open(store, at).await;
    let before = resident_kb();
    let begin = Instant::now();
    let sources = Sources::Provider { groups_claimed: false };
    let engine = Engine::start(policy, audit, Arc::new(SystemClock), sources, ResourceCatalog::standard());
    let engine = engine.await.expect("an engine");
    let (time, memory) = (begin.elapsed(), (resident_kb() - before) / 1024.0);
    let name = if store == "sqlite" { "SQLite" } else { "PostgreSQL" };
    record(&format!("1 M authorizations: ready, {name}"), time.as_secs_f64(), "with 300,000 memberships");
    record(&format!("1 M authorizations: resident, {name}"), memory, "growth of the process");
    let reached = |reached: bool| if reached { "ok" } else { "**missed**" };
    println!(
        "| {store} | {} | {time:.1?} | ≤ {WITHIN:.0?}: {} | {memory:.0} MB | ≤ {MEMORY:.0} MB: {} |",
        engine.world().authorization_count(),
        reached(time <= WITHIN),
        reached(memory <= MEMORY)
    );
}

#[tokio::main]
async fn main() {
    if let Some(child) = std::env::args().find_map(|argument| argument.strip_prefix(CHILD).map(str::to_owned)) {
        let (store, at) = child.split_once(':').expect("a store and a place");
        return load(store, at).await;
    }
    if !asked_for() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("identity.db").display().to_string();
    let database = fresh_database().await;
    println!(
        "\n### Start\n\n| store | authorizations | ready after | goal | resident | goal |\n|---|---|---|---|---|---|"
    );
    let places = [Some(("sqlite", file)), database.as_ref().map(|database| ("postgres", database.url.clone()))];
    for (store, at) in places.into_iter().flatten() {
        fill(&*open(store, &at).await.0).await;
        let program = std::env::current_exe().expect("this program");
        let status = Command::new(program).arg(format!("{CHILD}{store}:{at}")).status();
        assert!(status.is_ok_and(|status| status.success()), "{store}");
    }
}
