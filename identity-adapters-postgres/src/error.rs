//! The driver's errors in the words of the ports.

use std::io;

use identity_core::port::{Impairment, StoreError};
use sqlx::error::ErrorKind;

/// What the driver said, in its one-line message. Its other parts may quote rows, and rows hold password hashes.
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
        // Class 08: connection exception; 57P01 to 57P03: shutting down, crashed, starting up; 25006: a standby, or switched to
        // read-only, which another connection need not be.
        Some(code) => code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "25006"),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)),
    };
    let unanswered = matches!(&error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut);
    // Class 28: the role or its password is wrong; 3D000: no such database; 42501: a right is missing.
    let is_permanent = |code: &str| code.starts_with("28") || matches!(code, "3D000" | "42501");
    // A pooler in front of the database, which an operator has to set up otherwise.
    let permanent = code.as_deref().is_some_and(is_permanent) || message.contains("unsupported startup parameter");
    match &error {
        sqlx::Error::Database(database) if database.kind() == ErrorKind::UniqueViolation => StoreError::Conflict,
        // No such schema, table or column.
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
                // The time to wait for a lock is over.
                Some("55P03") => StoreError::Impaired(Impairment::Locked, driver),
                _ => StoreError::Unavailable(driver),
            }
        }
    }
}

/// The failure of a write on a connection that leads to a server which takes none.
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

/// Whether an operator has to change something before the database can be used: the role, its password, the database's name, or a
/// right. Trying again is of use only while the database is being set up.
#[must_use]
pub fn is_permanent(error: &StoreError) -> bool {
    driver(error).is_some_and(|driver| driver.permanent)
}

/// Whether the database did not answer in time.
pub(crate) fn unanswered(error: &StoreError) -> bool {
    driver(error).is_some_and(|driver| driver.unanswered)
}

/// Whether the connection was lost, so that another one may do better.
pub(crate) fn disconnected(error: &StoreError) -> bool {
    driver(error).is_some_and(|driver| driver.disconnected)
}
