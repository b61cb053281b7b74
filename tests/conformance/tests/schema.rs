//! Both dialects have the same tables and columns.

#![expect(clippy::print_stdout, reason = "a skipped case is named")]

use std::collections::BTreeSet;

use identity_adapters_postgres::{PostgresSettings, PostgresStores};
use identity_adapters_sqlite::SqliteStores;
use identity_core::value::Secret;
use identity_testkit::postgres::fresh_database;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

#[tokio::test]
async fn tables_and_columns_have_the_same_names() {
    let Some(database) = fresh_database().await else {
        println!("skipped: tables_and_columns_have_the_same_names on postgres: TEST_DATABASE_URL is not set");
        return;
    };
    let settings = PostgresSettings::from_url(&Secret::new(database.url.clone())).unwrap();
    PostgresStores::connect(&settings).migrate().await.unwrap();
    let postgres: BTreeSet<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(&mut PgConnection::connect(&database.url).await.unwrap())
    .await
    .unwrap()
    .into_iter()
    .collect();

    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("identity.db");
    let stores = SqliteStores::open(&path).await.unwrap();
    let sqlite: BTreeSet<(String, String)> = sqlx::query_as(
        "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut SqliteConnectOptions::new().filename(&path).connect().await.unwrap())
    .await
    .unwrap()
    .into_iter()
    .collect();

    assert!(sqlite.contains(&("authorization_permissions".to_owned(), "permission".to_owned())));
    assert_eq!(sqlite, postgres);
    stores.close().await;
}
