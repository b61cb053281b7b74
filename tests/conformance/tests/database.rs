//! PostgreSQL in typical operation: shared with other applications, with changing passwords, and unavailable.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests; a skipped one is named")]

use std::time::Duration;

use identity_adapters_postgres::{PasswordFile, PostgresSettings, PostgresStores, Probe, Schema, is_permanent};
use identity_core::port::{StoreError, snapshot};
use identity_core::value::{Revision, Secret};
use identity_testkit::RefusingPostgres;
use identity_testkit::postgres::{TestDatabase, fresh_database};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

async fn database(test: &str) -> Option<TestDatabase> {
    let database = fresh_database().await;
    if database.is_none() {
        println!("skipped: {test}: TEST_DATABASE_URL is not set");
    }
    database
}

fn settings(database: &TestDatabase) -> PostgresSettings {
    PostgresSettings::from_url(&Secret::new(database.url.clone())).unwrap()
}

async fn execute(database: &TestDatabase, sql: &str) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

async fn count(database: &TestDatabase, sql: &str) -> i64 {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}

/// Tables of the replaced service, with names that this server uses as well.
const THEIRS: &str = "CREATE TABLE tenants (name text, tenant_id text UNIQUE); INSERT INTO tenants VALUES ('Acme', 'acme'); \
    CREATE TABLE access_rules (id bigint); CREATE TABLE flyway_schema_history (version text)";

#[tokio::test]
async fn tables_of_another_application_are_left_alone() {
    let Some(database) = database("tables_of_another_application_are_left_alone").await else { return };
    execute(&database, THEIRS).await;
    let connect = || PostgresStores::connect(&settings(&database));
    let probed = connect().probe().await.unwrap();
    assert_eq!(probed.schema.as_deref(), Some("identity_server"));
    assert!(
        probed.pending > 0
            && count(&database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'identity_server'").await == 0
    );

    // Several replicas start at the same time.
    let replicas = [connect(), connect(), connect()];
    for migrated in futures_util::future::join_all(replicas.iter().map(PostgresStores::migrate)).await {
        migrated.unwrap();
    }
    assert_eq!(count(&database, "SELECT count(*) FROM public.tenants WHERE tenant_id = 'acme'").await, 1);
    assert_eq!(count(&database, "SELECT count(*) FROM identity_server.policy_revision").await, 1);
    assert_eq!(connect().probe().await.unwrap(), Probe { schema: Some("identity_server".to_owned()), pending: 0 });

    // The schema stays the same after the other tables are dropped.
    execute(&database, "DROP TABLE tenants, access_rules, flyway_schema_history").await;
    let later = connect();
    later.migrate().await.unwrap();
    assert_eq!(count(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, 0);
    assert_eq!(snapshot(&*later.policy).await.unwrap().revision, Revision(0));
}

#[tokio::test]
async fn a_database_of_ones_own_is_used_as_ever_and_a_configured_schema_is_not_replaced() {
    let Some(database) = database("a_database_of_ones_own_is_used_as_ever").await else { return };
    let stores = PostgresStores::connect(&settings(&database));
    stores.migrate().await.unwrap();
    PostgresStores::connect(&settings(&database)).migrate().await.unwrap();
    assert_eq!(stores.probe().await.unwrap(), Probe { schema: None, pending: 0 });
    assert_eq!(count(&database, "SELECT count(*) FROM public.policy_revision").await, 1);

    execute(&database, "CREATE SCHEMA other; CREATE TABLE other.tenants (id text)").await;
    let schema = Some(Schema::parse("other").unwrap());
    let error =
        PostgresStores::connect(&PostgresSettings { schema, ..settings(&database) }).migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Schema(text) if text.contains("already exists")), "{error:?}");
}

#[tokio::test]
async fn replicas_that_start_at_once_on_a_new_database_share_it() {
    for _ in 0..20 {
        let Some(database) = database("replicas_that_start_at_once_on_a_new_database_share_it").await else { return };
        let replicas: Vec<_> = (0..6).map(|_| PostgresStores::connect(&settings(&database))).collect();
        for migrated in futures_util::future::join_all(replicas.iter().map(PostgresStores::migrate)).await {
            migrated.unwrap();
        }
        assert_eq!(count(&database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'identity_server'").await, 0);
    }
    // A migration table of another program leads to a separate schema.
    let Some(database) = database("replicas_that_start_at_once_on_a_new_database_share_it").await else { return };
    let theirs = "CREATE TABLE _sqlx_migrations (version bigint, description text); INSERT INTO _sqlx_migrations VALUES (1, 'other')";
    execute(&database, theirs).await;
    let stores = PostgresStores::connect(&settings(&database));
    stores.migrate().await.unwrap();
    assert_eq!(stores.probe().await.unwrap().schema.as_deref(), Some("identity_server"));
}

#[tokio::test]
async fn the_schema_to_grant_is_named() {
    let Some(database) = database("the_schema_to_grant_is_named").await else { return };
    execute(&database, THEIRS).await;
    let role = format!("grants_{}", std::process::id());
    execute(&database, &format!("CREATE ROLE {role} LOGIN PASSWORD 'p'")).await;
    let restricted =
        PostgresSettings { username: role.clone(), password: Some(Secret::new("p".to_owned())), ..settings(&database) };
    let error = PostgresStores::connect(&restricted).migrate().await.unwrap_err();
    execute(&database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    assert!(
        matches!(&error, StoreError::Schema(text) if text.contains("`identity_server`") && text.contains("store.postgres.schema")),
        "{error:?}"
    );
}

#[tokio::test]
async fn refusals_are_permanent_and_outages_are_not() {
    let Some(database) = database("refusals_are_permanent_and_outages_are_not").await else { return };
    let role = format!("refused_{}", std::process::id());
    execute(
        &database,
        &format!("CREATE ROLE {role} LOGIN PASSWORD 'p'; REVOKE CONNECT ON DATABASE {} FROM PUBLIC", name(&database)),
    )
    .await;
    let right = settings(&database);
    let refused = |change: &dyn Fn(&mut PostgresSettings)| {
        let mut settings = right.clone();
        change(&mut settings);
        async move { PostgresStores::connect(&settings).migrate().await.unwrap_err() }
    };
    for error in [
        refused(&|settings| settings.username = "nobody_at_all".to_owned()).await,
        refused(&|settings| settings.database = "no_such_database".to_owned()).await,
        refused(&|settings| {
            settings.username.clone_from(&role);
            settings.password = Some(Secret::new("p".to_owned()));
        })
        .await,
    ] {
        assert!(is_permanent(&error), "{error:?}");
    }
    let outage = refused(&|settings| settings.port = 1).await;
    assert!(matches!(outage, StoreError::Unavailable(_)) && !is_permanent(&outage), "{outage:?}");
    execute(&database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

fn name(database: &TestDatabase) -> String {
    settings(database).database
}

#[tokio::test]
async fn a_password_is_read_again_when_its_file_changes() {
    let server = RefusingPostgres::start().await;
    let directory = tempfile::TempDir::new().unwrap();
    let (password, url) = (directory.path().join("password"), directory.path().join("url"));
    let place = format!("127.0.0.1:{}/d?sslmode=disable", server.port());
    std::fs::write(&password, "old\n").unwrap();
    std::fs::write(&url, format!("postgres://u:old@{place}")).unwrap();
    let settings = PostgresSettings::from_url(&Secret::new(format!("postgres://u:old@{place}"))).unwrap();
    let connect = |file: PasswordFile| {
        PostgresStores::connect(&PostgresSettings { password_file: Some(file), ..settings.clone() })
    };
    let all = [connect(PasswordFile::Password(password.clone())), connect(PasswordFile::Url(url.clone()))];
    let tried = async || {
        let before = server.passwords().len();
        for stores in &all {
            assert!(is_permanent(&stores.migrate().await.unwrap_err()));
            assert!(is_permanent(&snapshot(&*stores.policy).await.unwrap_err()));
        }
        server.passwords().split_off(before)
    };
    assert_eq!(tried().await, ["old"; 4]);
    std::fs::write(&password, "new\n").unwrap();
    std::fs::write(&url, format!("postgres://u:new@{place}\n")).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(tried().await, ["new"; 4]);
    // A partially written file has no effect.
    std::fs::write(&password, "").unwrap();
    std::fs::write(&url, "postgres://").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(tried().await, ["new"; 4]);
}
