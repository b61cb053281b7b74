//! The contracts, on PostgreSQL, and rules specific to PostgreSQL.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_postgres::{PostgresSettings, PostgresStores, Schema};
use identity_conformance::audit_log::written;
use identity_conformance::policy_store::{FORMAT, NEWER_FORMAT, inactive_users_raise_the_format, refuses_newer_format};
use identity_conformance::sample::{NOW, audit, commit, everything, id_hash, session, user};
use identity_conformance::{Backend, NEVER, PATIENCE, Stores};
use identity_core::fake::Rows;
use identity_core::port::{AuditLog, EntityLocks, Impairment, PolicyStore, SessionStore, StoreError, Tail, snapshot};
use identity_core::value::{Revision, Secret};
use identity_core::world::Change;
use identity_testkit::postgres::{TestDatabase, fresh_database};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::timeout;

struct Postgres(TestDatabase);

impl Postgres {
    fn settings(&self, polling: Duration) -> PostgresSettings {
        let settings = PostgresSettings::from_url(&Secret::new(self.0.url.clone())).unwrap();
        PostgresSettings { polling, ..settings }
    }

    async fn stores(&self, polling: Duration) -> PostgresStores {
        let stores = PostgresStores::connect(&self.settings(polling));
        stores.migrate().await.unwrap();
        stores
    }

    /// Executes SQL directly, as an operator does with `psql`.
    async fn execute(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.0.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// Closes all other connections, as a restart of the server does.
    async fn disconnect_everybody(&self) {
        let everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.execute(everybody).await;
    }
}

#[async_trait]
impl Backend for Postgres {
    async fn open(&self, polling: Duration) -> Stores {
        let stores = self.stores(polling).await;
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
        self.stores(NEVER).await.policy.prune(keep).await.unwrap();
    }
}

async fn run(name: &str, case: impl AsyncFnOnce(&dyn Backend)) {
    on_postgres(name, async |postgres: &Postgres| case(postgres).await).await;
}

#[expect(clippy::print_stdout, reason = "a skipped case is named")]
async fn on_postgres(name: &str, case: impl AsyncFnOnce(&Postgres)) {
    let Some(database) = fresh_database().await else {
        println!("skipped: {name} on postgres: TEST_DATABASE_URL is not set");
        return;
    };
    case(&Postgres(database)).await;
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

async fn put(store: &dyn PolicyStore, revision: u64, changes: Vec<Change>) {
    let transaction = store.begin(Revision(revision - 1)).await.unwrap();
    transaction.commit(vec![commit(revision, changes)]).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_midway_leaves_nothing() {
    on_postgres("a_commit_that_fails_midway_leaves_nothing", async |postgres: &Postgres| {
        let stores = postgres.open(NEVER).await;
        postgres.execute("ALTER TABLE audit_log ADD CHECK (entity_key <> 'boom')").await;
        let mut failing = commit(1, everything());
        failing.audit = vec![audit("fine"), audit("boom")];
        let transaction = stores.policy.begin(Revision(0)).await.unwrap();
        let error = transaction.commit(vec![failing]).await.unwrap_err();
        assert!(!format!("{error:?}").contains("boom"), "an error quotes no rows: {error:?}");
        let snapshot = snapshot(&*stores.policy).await.unwrap();
        assert_eq!((snapshot.revision, snapshot.changes), (Revision(0), vec![]));
        assert_eq!(written(&*stores.audit).await, []);
        put(&*stores.policy, 1, everything()).await;
    })
    .await;
}

#[tokio::test]
async fn an_unreadable_row_is_named() {
    on_postgres("an_unreadable_row_is_named", async |postgres: &Postgres| {
        let stores = postgres.open(NEVER).await;
        put(&*stores.policy, 1, everything()).await;
        postgres.execute("UPDATE mapping_rules SET operator = 'LIKE' WHERE mapping_rule_id = 'literal'").await;
        let error = snapshot(&*stores.policy).await.unwrap_err();
        let StoreError::Unreadable { what, .. } = &error else { panic!("{error:?}") };
        assert!(what.contains("mapping_rules") && what.contains("literal"), "{what}");
        postgres.execute("UPDATE change_log SET changes = '[{\"change\":\"user_put\",\"of\":\"s3cret\"}]'").await;
        let error = stores.policy.tail(Revision(0)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("s3cret"));
    })
    .await;
}

#[tokio::test]
async fn data_in_a_newer_format_is_not_read() {
    on_postgres("data_in_a_newer_format_is_not_read", async |postgres: &Postgres| {
        let stores = postgres.open(NEVER).await;
        postgres.execute(NEWER_FORMAT).await;
        refuses_newer_format(&*stores.policy).await;
    })
    .await;
}

#[tokio::test]
async fn data_with_inactive_users_has_a_newer_format() {
    on_postgres("data_with_inactive_users_has_a_newer_format", async |postgres: &Postgres| {
        let stores = postgres.open(NEVER).await;
        let format = async || {
            let mut connection = PgConnection::connect(&postgres.0.url).await.unwrap();
            sqlx::query_scalar(FORMAT).fetch_one(&mut connection).await.unwrap()
        };
        inactive_users_raise_the_format(&*stores.policy, format).await;
    })
    .await;
}

#[tokio::test]
async fn a_schema_of_a_newer_or_another_server_is_refused() {
    on_postgres("a_schema_of_a_newer_or_another_server_is_refused", async |postgres: &Postgres| {
        let stores = PostgresStores::connect(&postgres.settings(NEVER));
        let error = snapshot(&*stores.policy).await.unwrap_err();
        assert!(matches!(&error, StoreError::Schema(text) if text.contains("migrations")), "{error:?}");
        stores.migrate().await.unwrap();
        for (damage, repair, hint) in [
            (
                "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1",
                "UPDATE _sqlx_migrations SET version = 1 WHERE version = 9999",
                "newer server",
            ),
            (
                "UPDATE _sqlx_migrations SET success = FALSE",
                "UPDATE _sqlx_migrations SET success = TRUE",
                "did not complete",
            ),
            ("UPDATE _sqlx_migrations SET checksum = '\\x00'", "", "differs from the one"),
        ] {
            postgres.execute(damage).await;
            for _ in 0..2 {
                let error = stores.migrate().await.unwrap_err();
                assert!(matches!(&error, StoreError::Schema(text) if text.contains(hint)), "{error:?}");
            }
            postgres.execute(repair).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_read_only_is_unavailable() {
    on_postgres("a_database_that_is_read_only_is_unavailable", async |postgres: &Postgres| {
        let read_only = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', \
            current_database()); END $$";
        postgres.execute(read_only).await;
        let error = PostgresStores::connect(&postgres.settings(NEVER)).migrate().await.unwrap_err();
        // A standby may become the primary, so start-up waits for that.
        assert!(matches!(&error, StoreError::Impaired(Impairment::ReadOnly, _)), "{error:?}");
        assert!(format!("{error:?}").contains("read-only"), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn writes_go_on_after_a_server_was_read_only_for_a_while() {
    on_postgres("writes_go_on_after_a_server_was_read_only_for_a_while", async |postgres: &Postgres| {
        let database = |change: &str| {
            format!("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {change}', current_database()); END $$")
        };
        let stores = postgres.stores(NEVER).await;
        postgres.execute(&database("SET default_transaction_read_only = on")).await;
        postgres.disconnect_everybody().await;
        let reads = || futures_util::future::join_all((0..8).map(|_| snapshot(&*stores.policy)));
        for loaded in reads().await {
            loaded.unwrap();
        }
        for refused in [
            stores.policy.begin(Revision(0)).await.map(drop),
            stores.sessions.insert(&session(1)).await,
            stores.audit.append(&[audit("x")]).await.map(drop),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(&error, StoreError::Impaired(Impairment::ReadOnly, _)), "{error:?}");
        }
        // Connections opened in that time still exist afterwards.
        for loaded in reads().await {
            loaded.unwrap();
        }
        let lifted = database("RESET default_transaction_read_only");
        postgres.execute(&format!("BEGIN READ WRITE; {lifted}; COMMIT")).await;
        put(&*stores.policy, 1, everything()).await;
        stores.sessions.insert(&session(1)).await.unwrap();
        stores.audit.append(&[audit("x")]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_role_that_may_create_nothing_runs_a_migrated_server() {
    on_postgres("a_role_that_may_create_nothing_runs_a_migrated_server", async |postgres: &Postgres| {
        let role = format!("runs_{}", std::process::id());
        postgres.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'p'")).await;
        let settings = PostgresSettings {
            username: role.clone(),
            password: Some(Secret::new("p".to_owned())),
            ..postgres.settings(NEVER)
        };
        let stores = PostgresStores::connect(&settings);
        let error = stores.migrate().await.unwrap_err();
        assert!(matches!(&error, StoreError::Schema(text) if text.contains("permission denied")), "{error:?}");

        postgres.open(NEVER).await;
        postgres
            .execute(&format!(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
                 GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
            ))
            .await;
        stores.migrate().await.unwrap();
        put(&*stores.policy, 1, everything()).await;
        stores.close().await;
        postgres.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    })
    .await;
}

#[tokio::test]
async fn schemas_are_apart_and_made_once_by_many() {
    on_postgres("schemas_are_apart_and_made_once_by_many", async |postgres: &Postgres| {
        let in_schema = |name: &str| {
            let schema = Some(Schema::parse(name).unwrap());
            PostgresStores::connect(&PostgresSettings { schema, ..postgres.settings(NEVER) })
        };
        let one = "Camunda-Identity, public";
        let replicas = [in_schema(one), in_schema(one), in_schema(one), in_schema("two"), in_schema("two")];
        for migrated in futures_util::future::join_all(replicas.iter().map(PostgresStores::migrate)).await {
            migrated.unwrap();
        }
        let [one, same, .., two] = &replicas;
        put(&*one.policy, 1, everything()).await;
        assert_eq!(snapshot(&*same.policy).await.unwrap().revision, Revision(1));
        assert_eq!(snapshot(&*two.policy).await.unwrap().revision, Revision(0));
    })
    .await;
}

#[tokio::test]
async fn a_commit_wakes_other_replicas() {
    on_postgres("a_commit_wakes_other_replicas", async |postgres: &Postgres| {
        let (writer, follower) = (postgres.open(NEVER).await.policy, postgres.open(NEVER).await.policy);
        for revision in 1..=10 {
            let changed = follower.changed();
            put(&*writer, revision, vec![]).await;
            timeout(PATIENCE, changed).await.expect("a notification arrives");
        }
        // A lost connection delays notifications but does not lose any.
        postgres.disconnect_everybody().await;
        for revision in 11..=20 {
            let changed = follower.changed();
            put(&*writer, revision, vec![]).await;
            timeout(PATIENCE, changed).await.expect("a notification arrives");
        }
    })
    .await;
}

#[tokio::test]
async fn a_restarted_server_costs_no_request() {
    on_postgres("a_restarted_server_costs_no_request", async |postgres: &Postgres| {
        let stores = postgres.stores(NEVER).await;
        for round in 1..=5u8 {
            // Opens several connections, which are idle when they are closed below.
            let reads = (0..8).map(|_| snapshot(&*stores.policy));
            for loaded in futures_util::future::join_all(reads).await {
                loaded.unwrap();
            }
            postgres.disconnect_everybody().await;
            match round {
                1 => put(&*stores.policy, 1, vec![Change::UserPut(user("ann"))]).await,
                2 => assert!(matches!(stores.policy.tail(Revision(1)).await.unwrap(), Tail::Commits(_))),
                3 => stores.sessions.insert(&session(1)).await.unwrap(),
                4 => assert!(stores.sessions.find(id_hash(1), NOW).await.unwrap().is_some()),
                _ => assert!(stores.audit.append(&[audit("x")]).await.is_ok()),
            }
        }
        let snapshot = snapshot(&*stores.policy).await.unwrap();
        assert_eq!(Rows::replay(&snapshot.changes), Rows::replay(&[Change::UserPut(user("ann"))]));
    })
    .await;
}

#[tokio::test]
async fn a_writer_waits_for_its_turn_only_so_long() {
    on_postgres("a_writer_waits_for_its_turn_only_so_long", async |postgres: &Postgres| {
        let patient = postgres.open(NEVER).await.policy;
        let lock_timeout = Duration::from_millis(50);
        let hasty = PostgresStores::connect(&PostgresSettings { lock_timeout, ..postgres.settings(NEVER) });
        let open = patient.begin(Revision(0)).await.unwrap();
        let refused = hasty.policy.begin(Revision(0)).await.map(drop);
        assert!(matches!(refused, Err(StoreError::Impaired(Impairment::Locked, _))), "{refused:?}");
        drop(open);
        put(&*patient, 1, vec![]).await;
        put(&*hasty.policy, 2, vec![]).await;
    })
    .await;
}

#[tokio::test]
async fn the_log_is_cut_every_so_often() {
    on_postgres("the_log_is_cut_every_so_often", async |postgres: &Postgres| {
        let stores = postgres.open(NEVER).await;
        postgres
            .execute(
                "UPDATE policy_revision SET revision = 200703; INSERT INTO change_log (revision, committed_at, changes) \
                 VALUES (100704, now(), '[]'), (100705, now(), '[]'), (200703, now(), '[]')",
            )
            .await;
        put(&*stores.policy, 200_704, vec![]).await;
        let kept: Vec<i64> = sqlx::query_scalar("SELECT revision FROM change_log ORDER BY revision")
            .fetch_all(&mut PgConnection::connect(&postgres.0.url).await.unwrap())
            .await
            .unwrap();
        assert_eq!(kept, [100_705, 200_703, 200_704], "the newest 100 000");
    })
    .await;
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_tells_no_secret() {
    // No server listens on port 1.
    let url = Secret::new("postgres://identity:s3cret@127.0.0.1:1/identity?sslmode=disable".to_owned());
    let settings = PostgresSettings {
        acquire_timeout: Duration::from_millis(100),
        polling: Duration::from_millis(1),
        ..PostgresSettings::from_url(&url).unwrap()
    };
    let stores = PostgresStores::connect(&settings);
    let errors = [
        stores.migrate().await.unwrap_err(),
        snapshot(&*stores.policy).await.unwrap_err(),
        stores.sessions.find(id_hash(1), NOW).await.unwrap_err(),
        stores.audit.find(1).await.unwrap_err(),
    ];
    for error in &errors {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    timeout(PATIENCE, stores.policy.changed()).await.expect("it takes its time, and no longer");
    assert!(!format!("{errors:?} {stores:?} {settings:?}").contains("s3cret"));
}

#[tokio::test]
async fn the_lock_of_a_directory_outlasts_the_usual_timeouts() {
    let Some(database) = fresh_database().await else { return };
    let postgres = Postgres(database);
    let short = Duration::from_millis(300);
    let settings = PostgresSettings { statement_timeout: short, lock_timeout: short, ..postgres.settings(NEVER) };
    let (one, two) = (PostgresStores::connect(&settings), PostgresStores::connect(&settings));
    one.migrate().await.unwrap();
    let held = one.locks.lock_directory(Duration::from_secs(60)).await.unwrap();
    tokio::time::sleep(4 * short).await;
    assert!(
        two.locks.lock_directory(Duration::from_secs(60)).await.is_err(),
        "the lock is gone before its holder is done"
    );
    drop(held);
    // The lock of a hanging holder is released after the requested time.
    let _hanging = one.locks.lock_directory(short).await.unwrap();
    let free = async { while two.locks.lock_directory(short).await.is_err() {} };
    timeout(PATIENCE, free).await.unwrap();
}
