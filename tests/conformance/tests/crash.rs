//! A killed process loses no acknowledged commit and leaves no partial commit.
//!
//! The killed process is this test binary; an environment variable makes it run only [`commits_until_it_is_killed`].

#![expect(clippy::print_stdout, reason = "the child acknowledges on its standard output")]
#![expect(clippy::disallowed_methods, reason = "the child is told by its environment what to do")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_adapters_sqlite::SqliteStores;
use identity_conformance::Stores;
use identity_conformance::audit_log::written;
use identity_conformance::sample::{audit, commit, member, user};
use identity_core::entity::Scope;
use identity_core::fake::Rows;
use identity_core::port::{Commit, Tail, snapshot};
use identity_core::value::{Revision, Secret};
use identity_core::world::Change;

const STORE: &str = "IDENTITY_TESTS_CRASHING_STORE";
const ROUNDS: usize = 4;

async fn open(store: &str) -> Stores {
    match store.strip_prefix("sqlite:") {
        Some(path) => {
            let stores = SqliteStores::open(path).await.unwrap();
            Stores {
                policy: stores.policy,
                sessions: stores.sessions,
                audit: stores.audit,
                deletions: stores.deletions,
                locks: stores.locks,
                cutoffs: Arc::clone(&stores.installation) as _,
                installation: stores.installation,
            }
        }
        None => {
            let settings = PostgresSettings::from_url(&Secret::new(store.to_owned())).unwrap();
            let stores = PostgresStores::connect(&settings);
            stores.migrate().await.unwrap();
            Stores {
                policy: stores.policy,
                sessions: stores.sessions,
                audit: stores.audit,
                deletions: stores.deletions,
                locks: stores.locks,
                cutoffs: Arc::clone(&stores.installation) as _,
                installation: stores.installation,
            }
        }
    }
}

/// A commit of many rows in several tables, so that the process is likely to be killed within one.
fn commit_of(revision: u64) -> Commit {
    let name = format!("user-{revision}");
    let mut changes = vec![Change::UserPut(user(&name)), Change::MemberAdded(member(("ROLE", "r"), ("USER", &name)))];
    changes.extend((0..20).map(|n| {
        let key = revision * 100 + n;
        let permissions = &["READ", "UPDATE"];
        Change::AuthorizationPut(identity_conformance::sample::authorization(
            key,
            ("USER", &name),
            Scope::Any,
            permissions,
        ))
    }));
    Commit { audit: vec![audit(&revision.to_string())], ..commit(revision, changes) }
}

#[tokio::test]
#[ignore = "the process that the other tests kill"]
async fn commits_until_it_is_killed() {
    let Ok(store) = std::env::var(STORE) else { return };
    let policy = open(&store).await.policy;
    let mut revision = snapshot(&*policy).await.unwrap().revision;
    loop {
        let transaction = policy.begin(revision).await.unwrap();
        revision = revision.next();
        transaction.commit(vec![commit_of(revision.0)]).await.unwrap();
        println!("acknowledged {revision}");
    }
}

/// Starts the child process, kills it after `count` acknowledgments, and returns the last acknowledged revision.
fn last_acknowledged(store: &str, count: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "commits_until_it_is_killed", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(STORE, store)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged =
        lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
    let counted: Vec<u64> = acknowledged.by_ref().take(count).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // Acknowledgments left in the pipe count as well.
    let last = acknowledged.last().or(counted.last().copied());
    assert_eq!(counted.len(), count, "the child failed by itself");
    last.unwrap()
}

async fn survives(store: &str) {
    for round in 1..=ROUNDS {
        let (path, count) = (store.to_owned(), round * 7);
        let acknowledged = tokio::task::spawn_blocking(move || last_acknowledged(&path, count)).await.unwrap();
        let stores = open(store).await;
        // The write lock is free again, and no transaction is in progress.
        let transaction = stores.policy.begin(Revision(0)).await.unwrap();
        let Tail::Commits(log) = transaction.missed() else { panic!("the log is gone") };
        let snapshot = snapshot(&*stores.policy).await.unwrap();
        let revision = snapshot.revision.0;
        assert!((acknowledged..=acknowledged + 1).contains(&revision), "{revision}, acknowledged {acknowledged}");
        assert!(log.iter().map(|logged| logged.revision.0).eq(1..=revision));
        let replayed = Rows::replay(log.iter().flat_map(|logged| &logged.changes));
        assert_eq!(Rows::replay(&snapshot.changes), replayed);
        assert_eq!(replayed, Rows::replay(&(1..=revision).flat_map(|n| commit_of(n).changes).collect::<Vec<_>>()));
        let audit = written(&*stores.audit).await;
        let expected: Vec<String> = (1..=revision).map(|n| n.to_string()).collect();
        assert_eq!(audit.into_iter().map(|event| event.entity.key).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn sqlite_survives_a_killed_process() {
    let directory = tempfile::TempDir::new().unwrap();
    survives(&format!("sqlite:{}", directory.path().join("identity.db").display())).await;
}

#[tokio::test]
async fn postgres_survives_a_killed_process() {
    let Some(database) = identity_testkit::postgres::fresh_database().await else {
        println!("skipped: postgres_survives_a_killed_process on postgres: TEST_DATABASE_URL is not set");
        return;
    };
    survives(&database.url).await;
}
