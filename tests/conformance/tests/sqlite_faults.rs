//! The stores on SQLite with a full, read-only or damaged disk, and with writers that do not end.

#![expect(clippy::print_stdout, reason = "a skipped case is named")]

use std::path::{Path, PathBuf};

use identity_adapters_sqlite::SqliteStores;
use identity_conformance::NEVER;
use identity_conformance::sample::{commit, session, user};
use identity_core::port::{AuditLog as _, Impairment, PolicyStore as _, SessionStore as _, StoreError, snapshot};
use identity_core::value::Revision;
use identity_core::world::Change;
use identity_testkit::Disk;
use sqlx::ConnectOptions as _;
use tempfile::TempDir;

/// A file system of one mebibyte.
fn small_disk(name: &str) -> Option<Disk> {
    let disk = Disk::mount(1);
    if disk.is_none() {
        println!("skipped: {name}: no file system can be mounted here");
    }
    disk
}

fn database(disk: &Disk) -> PathBuf {
    disk.path().join("identity.db")
}

async fn open(path: &Path) -> Result<SqliteStores, StoreError> {
    SqliteStores::open_polling(path, NEVER).await
}

async fn put(stores: &SqliteStores, revision: u64, names: usize) -> Result<(), StoreError> {
    let transaction = stores.policy.begin(Revision(revision - 1)).await?;
    let users = (0..names).map(|n| Change::UserPut(user(&format!("user-{revision}-{n}")))).collect();
    transaction.commit(vec![commit(revision, users)]).await
}

#[track_caller]
fn is<T>(outcome: &Result<T, StoreError>, wanted: Impairment) {
    let found = outcome.as_ref().err().map(ToString::to_string);
    assert!(matches!(outcome, Err(StoreError::Impaired(found, _)) if *found == wanted), "{wanted:?}, but {found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_over_when_there_is_space() {
    let Some(disk) = small_disk("a_full_disk_is_said_and_over_when_there_is_space") else { return };
    let stores = open(&database(&disk)).await.unwrap();
    put(&stores, 1, 1).await.unwrap();
    for round in 0..3 {
        stores.policy.writable().await.unwrap();
        disk.fill();
        // Large commits: small ones may still fit into the space that the file has already allocated.
        is(&put(&stores, 2 + round, 2000).await, Impairment::Full);
        is(&put(&stores, 2 + round, 2000).await, Impairment::Full);
        assert_eq!(snapshot(&*stores.policy).await.unwrap().revision, Revision(1 + round), "nothing of it is there");
        disk.make_room();
        stores.policy.writable().await.unwrap();
        put(&stores, 2 + round, 1).await.unwrap();
        stores.sessions.insert(&session(u8::try_from(round).unwrap() + 1)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_read_only_is_said_and_over_when_it_is_not() {
    let Some(disk) = small_disk("a_disk_that_is_read_only_is_said_and_over_when_it_is_not") else { return };
    let stores = open(&database(&disk)).await.unwrap();
    put(&stores, 1, 1).await.unwrap();
    // A remount as read-only requires that no process has a file open for writing.
    stores.close().await;
    disk.remount("ro");
    let refused = open(&database(&disk)).await.map(drop);
    assert!(
        matches!(refused, Err(StoreError::Impaired(Impairment::ReadOnly, _) | StoreError::Unavailable(_))),
        "{refused:?}"
    );
    disk.remount("rw");
    put(&open(&database(&disk)).await.unwrap(), 2, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_of_another_process_that_does_not_end_is_said() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("identity.db");
    let stores = open(&path).await.unwrap();
    let mut other = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    is(&put(&stores, 1, 1).await, Impairment::Locked);
    assert_eq!(snapshot(&*stores.policy).await.unwrap().revision, Revision(0));
    assert_eq!(stores.audit.size().await.unwrap(), 0);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    put(&stores, 1, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_is_said() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("identity.db");
    std::fs::write(&path, "This is a letter, and no database; it is longer than a header. ".repeat(20)).unwrap();
    is(&open(&path).await.map(drop), Impairment::Malformed);
}
