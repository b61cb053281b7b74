//! Common parts of Identity's stores on PostgreSQL and SQLite: tables, conversion of rows to entities, the change log,
//! connections with deadlines, and the rate limit of the audit log.
//!
//! Stores run their statements on a [`Lease`], so that no call waits indefinitely. Parameters are written as `$1` on
//! both databases.

pub mod audit;
pub mod change_log;
pub mod entity;
mod lease;
mod migrations;
pub mod policy;
mod row;
pub mod sessions;
mod table;

pub use lease::{Faults, Lease};
#[doc(hidden)]
pub use migrations::migrator_of;
pub use row::{Row, RowError};
pub use table::{JsonRows, Pack, Table};
