//! A standby server before and after its promotion to primary.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_conformance::sample::{commit, session, user};
use identity_conformance::{NEVER, PATIENCE};
use identity_core::port::{Impairment, PolicyStore as _, SessionStore as _, StoreError, snapshot};
use identity_core::value::{Revision, Secret};
use identity_core::world::Change;
use identity_testkit::{PrimaryAndStandby, Proxy};
use tokio::time::sleep;

fn stores(address: &str) -> PostgresStores {
    let url = format!("postgres://postgres@{address}/postgres?sslmode=disable");
    let settings = PostgresSettings::from_url(&Secret::new(url)).unwrap();
    PostgresStores::connect(&PostgresSettings { polling: NEVER, ..settings })
}

async fn put(stores: &PostgresStores, revision: u64) -> Result<(), StoreError> {
    let transaction = stores.policy.begin(Revision(revision - 1)).await?;
    transaction.commit(vec![commit(revision, vec![Change::UserPut(user("ann"))])]).await
}

async fn followed(standby: &PostgresStores, revision: u64) {
    let begun = Instant::now();
    loop {
        match snapshot(&*standby.policy).await {
            Ok(snapshot) if snapshot.revision == Revision(revision) => return,
            other => assert!(begun.elapsed() < PATIENCE, "{:?}", other.map(|snapshot| snapshot.revision)),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Connections to a standby stay open: they serve reads, and writes after the promotion.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_read_and_written_once_it_is_the_primary() {
    let Some(mut databases) = PrimaryAndStandby::start().await else { return };
    let (primary, standby) = (stores(&databases.primary()), stores(&databases.standby()));
    primary.migrate().await.unwrap();
    put(&primary, 1).await.unwrap();
    followed(&standby, 1).await;
    standby.migrate().await.unwrap();
    for refused in [put(&standby, 2).await, standby.policy.writable().await, standby.sessions.insert(&session(1)).await]
    {
        assert!(matches!(refused, Err(StoreError::Impaired(Impairment::ReadOnly, _))), "{refused:?}");
    }
    databases.kill_primary();
    databases.promote();
    standby.policy.writable().await.unwrap();
    put(&standby, 2).await.unwrap();
    standby.sessions.insert(&session(1)).await.unwrap();
}

/// The address of the database suddenly leads to another server.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_fail_over_the_next_write_is_made_on_the_new_primary() {
    let Some(mut databases) = PrimaryAndStandby::start().await else { return };
    let proxy = Proxy::to(databases.primary()).await;
    proxy.open();
    let (stores, standby) = (stores(&proxy.address().to_string()), stores(&databases.standby()));
    stores.migrate().await.unwrap();
    for revision in 1..=3 {
        put(&stores, revision).await.unwrap();
    }
    followed(&standby, 3).await;
    databases.kill_primary();
    assert!(put(&stores, 4).await.is_err());
    databases.promote();
    proxy.lead_to(databases.standby());
    put(&stores, 4).await.unwrap();
    assert_eq!(snapshot(&*stores.policy).await.unwrap().revision, Revision(4));
}
