//! A network that drops all traffic but closes no connection. Every call to the stores on PostgreSQL ends nevertheless,
//! and calls succeed again once the network recovers.

#![expect(clippy::unwrap_used, reason = "these are tests")]
#![expect(clippy::print_stdout, reason = "a skipped case is named")]

use std::pin::Pin;
use std::time::{Duration, Instant};

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_conformance::sample::{NOW, audit, commit, id_hash, session, user};
use identity_conformance::{NEVER, PATIENCE, SOON};
use identity_core::entity::{EntityKind, WhichSessions};
use identity_core::port::{
    AuditFilter, AuditLog, AuditQuery, DeletionJournal, EntityLocks, InstallationStore, LockKey, PolicyStore,
    SessionStore, StoreError, Tail, TokenCutoffStore, snapshot,
};
use identity_core::search::{Start, Window};
use identity_core::value::{Revision, Secret};
use identity_core::world::Change;
use identity_testkit::Proxy;
use identity_testkit::postgres::{TestDatabase, fresh_database};
use tokio::time::timeout;
use url::Url;

const ANSWER: Duration = Duration::from_millis(300);
const CONNECTIONS: u32 = 3;
/// Maximum duration of a call: a connection, a lock, and a second attempt on another connection.
const LONGEST: Duration = Duration::from_secs(8);

struct Behind {
    proxy: Proxy,
    stores: PostgresStores,
    _database: TestDatabase,
}

async fn settings(database: &TestDatabase) -> PostgresSettings {
    let settings = PostgresSettings::from_url(&Secret::new(database.url.clone())).unwrap();
    PostgresSettings {
        answer_timeout: ANSWER,
        acquire_timeout: 2 * ANSWER,
        lock_timeout: 2 * ANSWER,
        statement_timeout: 2 * ANSWER,
        max_connections: CONNECTIONS,
        polling: NEVER,
        ..settings
    }
}

async fn behind(name: &str, polling: Duration) -> Option<Behind> {
    let Some(database) = fresh_database().await else {
        println!("skipped: {name}: TEST_DATABASE_URL is not set");
        return None;
    };
    let url = Url::parse(&database.url).unwrap();
    let proxy = Proxy::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))).await;
    proxy.open();
    let settings = PostgresSettings {
        host: proxy.address().ip().to_string(),
        port: proxy.address().port(),
        polling,
        ..settings(&database).await
    };
    let stores = PostgresStores::connect(&settings);
    stores.migrate().await.unwrap();
    Some(Behind { proxy, stores, _database: database })
}

type Call<'s> = (&'static str, Pin<Box<dyn Future<Output = Result<(), StoreError>> + 's>>);

/// One call of each kind.
fn calls(stores: &PostgresStores) -> Vec<Call<'_>> {
    macro_rules! call {
        ($port:ident.$method:ident($($argument:expr),*)) => {
            (concat!(stringify!($port), "::", stringify!($method)), Box::pin(async move {
                stores.$port.$method($($argument),*).await.map(drop)
            }) as Pin<Box<dyn Future<Output = _>>>)
        };
    }
    let window = Window { start: Start::Offset(0), limit: 10 };
    let query = AuditQuery::new(AuditFilter::default(), &[], &window).unwrap();
    vec![
        call!(policy.tail(Revision(0))),
        call!(policy.begin(Revision(0))),
        ("policy::load", Box::pin(async { snapshot(&*stores.policy).await.map(drop) })),
        ("sessions::find", Box::pin(async { stores.sessions.find(id_hash(1), NOW).await.map(drop) })),
        call!(sessions.insert(&session(1))),
        call!(sessions.delete(&WhichSessions::One(id_hash(1)))),
        call!(sessions.familiar(NOW, 10)),
        ("sessions::sweep", Box::pin(async { SessionStore::sweep(&*stores.sessions, NOW).await.map(drop) })),
        call!(audit.append(&[audit("x")])),
        call!(audit.size()),
        ("audit::search", Box::pin(async move { stores.audit.search(&query).await.map(drop) })),
        call!(deletions.list()),
        call!(locks.lock(&LockKey::of(EntityKind::User, "ann"))),
        call!(installation.installation_id("x")),
        ("cutoffs::load", Box::pin(async { TokenCutoffStore::load(&*stores.installation, NOW).await.map(drop) })),
        ("migrate", Box::pin(stores.migrate())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_ends_and_the_next_works_when_the_network_does() {
    let Some(behind) = behind("every_call_ends_and_the_next_works_when_the_network_does", NEVER).await else { return };
    for round in 0..2 {
        for (name, call) in calls(&behind.stores) {
            assert!(call.await.is_ok(), "{name} before the silence {round}");
        }
        behind.proxy.be_silent();
        // More calls than connections, in sequence: no call leaks its connection.
        for (name, call) in calls(&behind.stores) {
            let begun = Instant::now();
            let ended = timeout(LONGEST, call).await;
            assert!(matches!(ended, Ok(Err(_))), "{name} did not fail in the silence, but {ended:?}");
            assert!(begun.elapsed() < LONGEST, "{name} took {:?}", begun.elapsed());
        }
        behind.proxy.open();
        stores_work(&behind.stores, u64::try_from(round).unwrap() + 1).await;
    }
}

async fn stores_work(stores: &PostgresStores, revision: u64) {
    let transaction = stores.policy.begin(Revision(revision - 1)).await.unwrap();
    transaction.commit(vec![commit(revision, vec![Change::UserPut(user("ann"))])]).await.unwrap();
    stores.sessions.delete(&WhichSessions::One(id_hash(1))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_ends_and_the_log_tells_whether_it_was_made() {
    let name = "a_commit_without_an_answer_ends_and_the_log_tells_whether_it_was_made";
    let Some(behind) = behind(name, NEVER).await else { return };
    let transaction = behind.stores.policy.begin(Revision(0)).await.unwrap();
    behind.proxy.be_silent();
    let ended = timeout(LONGEST, transaction.commit(vec![commit(1, vec![Change::UserPut(user("ann"))])])).await;
    assert!(matches!(ended, Ok(Err(StoreError::Unavailable(_)))), "{ended:?}");
    behind.proxy.open();
    let tail = behind.stores.policy.tail(Revision(0)).await.unwrap();
    assert!(matches!(tail, Tail::Commits(commits) if commits.is_empty()));
}

/// The database cannot detect that a replica hangs or that the network to it is interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_says_nothing_frees_the_way_within_seconds() {
    let name = "a_writer_that_says_nothing_frees_the_way_within_seconds";
    let Some(behind) = behind(name, NEVER).await else { return };
    let mut settings = settings(&behind._database).await;
    (settings.lock_timeout, settings.statement_timeout) = (PATIENCE, PATIENCE);
    let other = PostgresStores::connect(&settings);
    let _hangs = behind.stores.policy.begin(Revision(0)).await.unwrap();
    behind.proxy.be_silent();
    let begun = Instant::now();
    stores_work(&other, 1).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// Polling would hide a dead listener, apart from the delay until the next poll.
#[tokio::test(flavor = "multi_thread")]
async fn a_listener_in_the_silence_is_replaced() {
    let Some(behind) = behind("a_listener_in_the_silence_is_replaced", NEVER).await else { return };
    // Another replica, with the default timeouts: only the network of this one is silent.
    let other = PostgresSettings::from_url(&Secret::new(behind._database.url.clone())).unwrap();
    let other = PostgresStores::connect(&other);
    let mut revision = 0;
    // The notification of a commit arrives immediately, before the end of the first polling interval.
    let mut until_heard = async || {
        loop {
            let mut changed = Box::pin(behind.stores.policy.changed());
            if timeout(SOON, &mut changed).await.is_ok() {
                continue;
            }
            revision += 1;
            stores_work(&other, revision).await;
            if timeout(Duration::from_secs(2), changed).await.is_ok() {
                return;
            }
        }
    };
    timeout(PATIENCE, until_heard()).await.unwrap();
    behind.proxy.be_silent();
    behind.proxy.open();
    timeout(PATIENCE, until_heard()).await.expect("a listener on a new connection");
}
