//! The contracts, on SQLite, and rules specific to SQLite.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_sqlite::SqliteStores;
use identity_conformance::audit_log::written;
use identity_conformance::policy_store::{FORMAT, NEWER_FORMAT, inactive_users_raise_the_format, refuses_newer_format};
use identity_conformance::sample::{audit, commit, everything, user};
use identity_conformance::{Backend, NEVER, Stores};
use identity_core::fake::Rows;
use identity_core::port::{StoreError, snapshot};
use identity_core::value::Revision;
use identity_core::world::Change;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;

struct Sqlite(TempDir);

impl Sqlite {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data/identity.db")
    }

    async fn stores(&self) -> SqliteStores {
        SqliteStores::open_polling(self.path(), NEVER).await.unwrap()
    }

    /// Opens the file directly, as an operator does with `sqlite3`.
    async fn shell(&self) -> SqliteConnection {
        sqlx::sqlite::SqliteConnectOptions::new().filename(self.path()).connect().await.unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.shell().await).await.unwrap();
    }
}

#[async_trait]
impl Backend for Sqlite {
    async fn open(&self, polling: Duration) -> Stores {
        let stores = SqliteStores::open_polling(self.path(), polling).await.unwrap();
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

    async fn prune(&self, keep: u64) {
        self.stores().await.policy.prune(keep).await.unwrap();
    }
}

async fn run(_name: &str, case: impl AsyncFnOnce(&dyn Backend)) {
    case(&Sqlite::new()).await;
}

mod policy_commits {
    identity_conformance::policy_commits_suite!(super::run);
}

mod policy_store {
    identity_conformance::policy_store_suite!(super::run);
}

mod session_store {
    identity_conformance::session_store_suite!(super::run);
}

mod audit_log {
    identity_conformance::audit_log_suite!(super::run);
}

mod entity_locks {
    identity_conformance::entity_locks_suite!(super::run);
}

mod installation {
    identity_conformance::installation_suite!(super::run);
}

mod deletion_journal {
    identity_conformance::deletion_journal_suite!(super::run);
}

#[tokio::test]
async fn a_commit_that_fails_midway_leaves_nothing() {
    let sqlite = Sqlite::new();
    let stores = sqlite.open(NEVER).await;
    sqlite
        .execute(
            "CREATE TRIGGER boom BEFORE INSERT ON audit_log WHEN NEW.entity_key = 'boom' \
             BEGIN SELECT RAISE(ABORT, 'boom'); END",
        )
        .await;
    let mut failing = commit(1, everything());
    failing.audit = vec![audit("fine"), audit("boom")];
    let transaction = stores.policy.begin(Revision(0)).await.unwrap();
    assert!(transaction.commit(vec![failing]).await.is_err());
    let snapshot = snapshot(&*stores.policy).await.unwrap();
    assert_eq!((snapshot.revision, snapshot.changes), (Revision(0), vec![]));
    assert_eq!(written(&*stores.audit).await, []);
    let transaction = stores.policy.begin(Revision(0)).await.unwrap();
    transaction.commit(vec![commit(1, everything())]).await.unwrap();
}

#[tokio::test]
async fn an_unreadable_row_is_named() {
    let sqlite = Sqlite::new();
    let stores = sqlite.open(NEVER).await;
    let transaction = stores.policy.begin(Revision(0)).await.unwrap();
    transaction.commit(vec![commit(1, everything())]).await.unwrap();
    sqlite.execute("UPDATE mapping_rules SET operator = 'LIKE' WHERE mapping_rule_id = 'literal'").await;
    let error = snapshot(&*stores.policy).await.unwrap_err();
    let StoreError::Unreadable { what, .. } = &error else { panic!("{error:?}") };
    assert!(what.contains("mapping_rules") && what.contains("literal"), "{what}");
    sqlite.execute("UPDATE change_log SET changes = '[{\"change\":\"user_put\",\"of\":\"s3cret\"}]'").await;
    let error = stores.policy.tail(Revision(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn data_in_a_newer_format_is_not_read() {
    let sqlite = Sqlite::new();
    let stores = sqlite.open(NEVER).await;
    sqlite.execute(NEWER_FORMAT).await;
    refuses_newer_format(&*stores.policy).await;
    let opened = SqliteStores::open(sqlite.path()).await.unwrap();
    refuses_newer_format(&*opened.policy).await;
}

#[tokio::test]
async fn data_with_inactive_users_has_a_newer_format() {
    let sqlite = Sqlite::new();
    let stores = sqlite.open(NEVER).await;
    let format = async || sqlx::query_scalar(FORMAT).fetch_one(&mut sqlite.shell().await).await.unwrap();
    inactive_users_raise_the_format(&*stores.policy, format).await;
}

#[tokio::test]
async fn a_schema_of_a_newer_or_another_server_is_refused() {
    for (damage, hint) in [
        ("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1", "newer server"),
        ("UPDATE _sqlx_migrations SET checksum = x'00'", "differs from the one"),
        ("UPDATE _sqlx_migrations SET success = FALSE", "did not complete"),
    ] {
        let sqlite = Sqlite::new();
        sqlite.stores().await.close().await;
        sqlite.execute(damage).await;
        let error = SqliteStores::open(sqlite.path()).await.unwrap_err();
        assert!(matches!(&error, StoreError::Schema(text) if text.contains(hint)), "{error:?}");
    }
}

#[tokio::test]
async fn a_new_file_is_made_once_by_many_and_kept() {
    let sqlite = Sqlite::new();
    let opened = futures_util::future::join_all((0..4).map(|_| sqlite.stores())).await;
    let transaction = identity_core::port::PolicyStore::begin(&*opened.first().unwrap().policy, Revision(0));
    transaction.await.unwrap().commit(vec![commit(1, vec![Change::UserPut(user("ann"))])]).await.unwrap();
    for stores in opened {
        stores.close().await;
    }
    let snapshot = snapshot(&*sqlite.open(NEVER).await.policy).await.unwrap();
    assert_eq!(Rows::replay(&snapshot.changes), Rows::replay(&[Change::UserPut(user("ann"))]));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let sqlite = Sqlite::new();
    let _open = sqlite.stores().await;
    let directory = sqlite.path().parent().unwrap().to_owned();
    assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = directory.read_dir().unwrap().map(|file| file.unwrap()).collect();
    assert!(files.len() >= 2, "the database and its journal");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[tokio::test]
async fn the_log_is_cut_every_so_often() {
    let sqlite = Sqlite::new();
    let stores = sqlite.open(NEVER).await;
    sqlite
        .execute(
            "UPDATE policy_revision SET revision = 200703; INSERT INTO change_log (revision, committed_at, changes) \
             VALUES (100704, '', '[]'), (100705, '', '[]'), (200703, '', '[]')",
        )
        .await;
    let transaction = stores.policy.begin(Revision(200_703)).await.unwrap();
    transaction.commit(vec![commit(200_704, vec![])]).await.unwrap();
    let kept: Vec<i64> = sqlx::query_scalar("SELECT revision FROM change_log ORDER BY revision")
        .fetch_all(&mut sqlite.shell().await)
        .await
        .unwrap();
    assert_eq!(kept, [100_705, 200_703, 200_704], "the newest 100 000");
}
