//! Conversion of errors of the SQLite driver to [`StoreError`].

use identity_core::port::{Impairment, StoreError};
use sqlx::error::ErrorKind;

/// Error of the driver, reduced to its one-line message. Other parts of the driver's error may quote rows, which can
/// contain password hashes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Driver(String);

pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    let message = error.to_string();
    match &error {
        sqlx::Error::Database(database) if database.kind() == ErrorKind::UniqueViolation => StoreError::Conflict,
        sqlx::Error::Database(database) if database.message().starts_with("no such ") => {
            StoreError::Schema(format!("{}; the file was not created by this server", database.message()))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
            StoreError::Unreadable { what: "row".to_owned(), detail: message }
        }
        _ => match impairment(&error) {
            Some(impairment) => StoreError::Impaired(impairment, Box::new(Driver(message))),
            None => StoreError::Unavailable(Box::new(Driver(message))),
        },
    }
}

/// Returns the impairment for SQLite's primary result code (<https://sqlite.org/rescode.html>). `None` for other
/// errors.
pub(crate) fn impairment(error: &sqlx::Error) -> Option<Impairment> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    match code & 0xff {
        5 | 6 => Some(Impairment::Locked),
        8 => Some(Impairment::ReadOnly),
        11 | 26 => Some(Impairment::Malformed),
        13 => Some(Impairment::Full),
        _ => None,
    }
}
