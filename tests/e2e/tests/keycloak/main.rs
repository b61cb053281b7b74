//! The server in the profile `keycloak`, on a real Keycloak.

#![expect(clippy::panic, reason = "these are tests")]

mod counts;
mod faults;
mod java;
mod management;
mod races;
mod realms;
mod sign_in;
mod support;
mod ui;
