//! Per-test databases on the server of `TEST_DATABASE_URL`.

use std::hash::{BuildHasher, RandomState};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Database for one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// Connection URL of the database.
    pub url: String,
    name: String,
    server: String,
}

/// Creates an empty database. Returns `None` when `TEST_DATABASE_URL` is not set. The variable is the URL of a
/// superuser, such as `postgres://postgres@127.0.0.1:5432/postgres`.
///
/// # Panics
/// When the variable is not set although `IDENTITY_TESTS_REQUIRE` is, or when the server rejects a statement.
#[expect(clippy::disallowed_methods, reason = "what tests need is told by the environment")]
#[expect(clippy::panic, clippy::expect_used, reason = "tests end here")]
pub async fn fresh_database() -> Option<TestDatabase> {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        match std::env::var_os("IDENTITY_TESTS_REQUIRE") {
            Some(_) => panic!("TEST_DATABASE_URL is not set, and IDENTITY_TESTS_REQUIRE is"),
            None => return None,
        }
    };
    let name = format!("identity_test_{:016x}", RandomState::new().hash_one(std::process::id()));
    let mut connection = PgConnection::connect(&server).await.expect("TEST_DATABASE_URL names a server that answers");
    let create = format!("CREATE DATABASE {name}");
    connection.execute(AssertSqlSafe(create)).await.expect("TEST_DATABASE_URL names a superuser");
    let (address, options) = server.split_once('?').map_or((server.as_str(), None), |(a, o)| (a, Some(o)));
    let (address, _) = address.rsplit_once('/').expect("TEST_DATABASE_URL ends in the name of a database");
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    Some(TestDatabase { url: format!("{address}/{name}{options}"), name, server })
}

impl Drop for TestDatabase {
    /// Drops the database despite open connections, also after a failed test. Runs on a separate thread, because the
    /// runtime of the test may be shutting down.
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.ok()?;
                connection.execute(AssertSqlSafe(statement)).await.ok()
            })
        });
        _ = dropping.join();
    }
}
