//! Tests of the real server, with real stores and real tokens.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests report by panicking")]

#[macro_use]
mod support;

mod access;
mod audit_growth;
mod bad_input;
mod cluster;
mod configuration;
mod dev;
mod fuzz;
mod management;
mod migration;
mod outage;
mod overload;
mod password_load;
mod platform_files;
mod policies;
mod provider_tokens;
mod refused;
mod replicas;
mod restart;
mod revision_wait;
mod schemathesis;
mod sign_in;
mod slow_bodies;
mod slow_clients;
mod sweeps;
mod timestamps;
mod token_audiences;
mod token_resolution;
mod ui;
mod unread_answers;
mod upgrade;
mod world_age;
