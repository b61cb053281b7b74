//! Conversion of errors of the PostgreSQL driver to [`StoreError`].

use std::io;

use identity_core::port::{Impairment, StoreError};
use sqlx::error::ErrorKind;

/// Error of the driver, reduced to its one-line message and its classification. Other parts of the driver's error may
/// quote rows, which can contain password hashes.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Driver {
    message: String,
    disconnected: bool,
    unanswered: bool,
    permanent: bool,
}

pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    let message = error.to_string();
    let code = error.as_database_error().and_then(|database| database.code());
    let disconnected = match code.as_deref() {
        // SQLSTATE class 08: connection exception; 57P01 to 57P03: shutting down, crashed, starting up; 25006: a
        // standby, or switched to read-only, which may differ on another connection.
        Some(code) => code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "25006"),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)),
    };
    let unanswered = matches!(&error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut);
    // SQLSTATE class 28: wrong role or password; 3D000: no such database; 42501: missing privilege.
    let is_permanent = |code: &str| code.starts_with("28") || matches!(code, "3D000" | "42501");
    // A connection pooler rejects an unsupported startup parameter. An operator must reconfigure the pooler.
    let permanent = code.as_deref().is_some_and(is_permanent) || message.contains("unsupported startup parameter");
    match &error {
        sqlx::Error::Database(database) if database.kind() == ErrorKind::UniqueViolation => StoreError::Conflict,
        // SQLSTATE 3F000: no such schema; 42P01: no such table; 42703: no such column.
        sqlx::Error::Database(_) if matches!(code.as_deref(), Some("3F000" | "42P01" | "42703")) => {
            StoreError::Schema(format!("{message}; the migrations have not been run"))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
            StoreError::Unreadable { what: "row".to_owned(), detail: message }
        }
        _ => {
            let driver = Box::new(Driver { message, disconnected, unanswered, permanent });
            match code.as_deref() {
                Some("25006") => StoreError::Impaired(Impairment::ReadOnly, driver),
                Some("53100") => StoreError::Impaired(Impairment::Full, driver),
                // SQLSTATE 55P03: a lock was not available within the lock timeout.
                Some("55P03") => StoreError::Impaired(Impairment::Locked, driver),
                _ => StoreError::Unavailable(driver),
            }
        }
    }
}

/// Returns the error for a write on a connection to a read-only server.
pub(crate) fn read_only() -> StoreError {
    let message = "the database accepts no writes: it is a standby or switched to read-only".to_owned();
    StoreError::Impaired(
        Impairment::ReadOnly,
        Box::new(Driver { message, disconnected: true, unanswered: false, permanent: false }),
    )
}

fn driver(error: &StoreError) -> Option<&Driver> {
    match error {
        StoreError::Unavailable(source) | StoreError::Impaired(_, source) => source.downcast_ref(),
        _ => None,
    }
}

/// Returns whether operator action is required before the database can be used. This is the case for a wrong role,
/// password or database name, a missing privilege, or a connection pooler that rejects a startup parameter. Retries
/// help only while the database is being set up.
#[must_use]
pub fn is_permanent(error: &StoreError) -> bool {
    driver(error).is_some_and(|driver| driver.permanent)
}

/// Returns whether the database did not respond in time.
pub(crate) fn unanswered(error: &StoreError) -> bool {
    driver(error).is_some_and(|driver| driver.unanswered)
}

/// Returns whether the connection was lost or read-only, so that a retry on another one may succeed.
pub(crate) fn disconnected(error: &StoreError) -> bool {
    driver(error).is_some_and(|driver| driver.disconnected)
}
