//! Connections to a database on which every wait ends: what the stores of Identity on PostgreSQL and SQLite share.
//!
//! A store has no other way to its database than a [`Lease`], so none of its calls can wait without end.

mod lease;

pub use lease::{Faults, Lease};
