//! Databases of their own for tests, on the server that `TEST_DATABASE_URL` names.

use std::hash::{BuildHasher, RandomState};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A database that nobody else uses.
#[derive(Debug)]
pub struct TestDatabase {
    /// Where it is.
    pub url: String,
    name: String,
    server: String,
}

/// A fresh, empty database. `None` when `TEST_DATABASE_URL`, the URL of a superuser such as
/// `postgres://postgres@127.0.0.1:5432/postgres`, is not set.
///
/// # Panics
/// When the variable is not set although `IDENTITY_TESTS_REQUIRE` is, or when the server does not do as it is told.
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

impl TestDatabase {
    /// Drops the database, whoever is still connected.
    ///
    /// # Panics
    /// When the server does not do as it is told.
    #[expect(clippy::expect_used, reason = "tests end here")]
    pub async fn drop_database(self) {
        let mut connection = PgConnection::connect(&self.server).await.expect("the server answers");
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        connection.execute(AssertSqlSafe(drop)).await.expect("the database can be dropped");
    }
}
