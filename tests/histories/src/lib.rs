//! A history checker similar to [Jepsen](https://jepsen.io) and Elle. Clients write to and read from several replicas
//! concurrently while faults are injected. The recorded responses are then checked against a model.
//!
//! - [`cluster`]: replicas on one store; each replica on PostgreSQL connects through a proxy that can be cut off
//! - [`workload`]: the clients, and the [`history`] that they record
//! - [`faults`]: fault injection and recovery, in the order of a random [`plan`] determined by a seed
//! - [`model`]: the semantics of writes and reads, in a few lines that share no code with the server
//! - [`checker`]: the guarantees in `docs/operations.md`, as rules for a history
//! - [`run`]: the complete run, from the start of the cluster to the history
//!
//! ```sh
//! cargo run --release -p identity-histories -- --minutes 30
//! ```

#![expect(missing_docs, reason = "fields of records have the names of what they record")]
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test reports by panicking")]
#![expect(clippy::print_stdout, reason = "a skipped test is named")]

pub mod bounds;
pub mod checker;
pub mod cluster;
pub mod faults;
pub mod history;
pub mod model;
pub mod plan;
pub mod report;
pub mod run;
mod survey;
mod wire;
pub mod workload;
