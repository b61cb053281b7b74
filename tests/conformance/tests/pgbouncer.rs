//! The stores on PostgreSQL behind a real PgBouncer.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use identity_adapters_postgres::{PostgresSettings, PostgresStores, is_permanent};
use identity_conformance::NEVER;
use identity_conformance::sample::{NOW, commit, everything, id_hash, session};
use identity_core::entity::EntityKind;
use identity_core::port::{EntityLocks as _, LockKey, PolicyStore as _, SessionStore as _, StoreError, snapshot};
use identity_core::value::{Revision, Secret};
use identity_testkit::PgBouncer;
use identity_testkit::postgres::{TestDatabase, fresh_database};
use tokio::time::timeout;

const BY_SESSION: &str = "pool_mode = session\nignore_startup_parameters = extra_float_digits";
const BY_TRANSACTION: &str = "pool_mode = transaction\nignore_startup_parameters = extra_float_digits";

async fn behind(settings: &str) -> Option<(PostgresStores, PgBouncer, TestDatabase)> {
    let database = fresh_database().await?;
    let pgbouncer = PgBouncer::start(&database.url, settings).await?;
    let settings = PostgresSettings::from_url(&Secret::new(pgbouncer.url().to_owned())).unwrap();
    Some((PostgresStores::connect(&PostgresSettings { polling: NEVER, ..settings }), pgbouncer, database))
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_pooled_by_session_work() {
    let Some((stores, pgbouncer, _database)) = behind(BY_SESSION).await else { return };
    stores.migrate().await.unwrap();
    let settings = PostgresSettings::from_url(&Secret::new(pgbouncer.url().to_owned())).unwrap();
    let other = PostgresStores::connect(&settings);
    // The notification arrives immediately, before the next poll.
    let mut revision = 0;
    let until_heard = async {
        loop {
            let mut changed = Box::pin(stores.policy.changed());
            _ = timeout(Duration::from_millis(50), &mut changed).await;
            drop(changed);
            let changed = stores.policy.changed();
            revision += 1;
            let transaction = other.policy.begin(Revision(revision - 1)).await.unwrap();
            transaction.commit(vec![commit(revision, everything())]).await.unwrap();
            if timeout(Duration::from_secs(2), changed).await.is_ok() {
                return;
            }
        }
    };
    timeout(Duration::from_secs(60), until_heard).await.unwrap();
    assert_eq!(snapshot(&*stores.policy).await.unwrap().revision, Revision(revision));
    stores.sessions.insert(&session(1)).await.unwrap();
    assert!(other.sessions.find(id_hash(1), NOW).await.unwrap().is_some());
    drop(stores.locks.lock(&LockKey::of(EntityKind::User, "ann")).await.unwrap());
}

/// Transaction pooling occasionally assigns session settings, notifications and the search path to another client.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_pooled_by_transaction_are_refused_with_the_reason() {
    let Some((stores, _pgbouncer, _database)) = behind(BY_TRANSACTION).await else { return };
    for error in [stores.migrate().await.unwrap_err(), stores.probe().await.map(drop).unwrap_err()] {
        assert!(matches!(&error, StoreError::Schema(text) if text.contains("pool_mode = session")), "{error:?}");
    }
}

/// Start-up fails with this error after a few attempts.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_pooler_does_not_pass_on_is_named_and_not_waited_for() {
    let Some((stores, _pgbouncer, _database)) = behind("pool_mode = session").await else { return };
    let error = stores.migrate().await.unwrap_err();
    assert!(is_permanent(&error) && format!("{error:?}").contains("extra_float_digits"), "{error:?}");
}
