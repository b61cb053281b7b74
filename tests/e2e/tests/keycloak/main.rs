//! Tests of the server in the profile `keycloak`, on a real Keycloak.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod clients;
mod configured_access;
mod counts;
mod faults;
mod guard;
mod java;
mod large;
mod late;
mod ldap;
mod least_privilege;
mod lock_out;
mod management;
mod migration;
mod nested;
mod odd_claims;
mod others_data;
mod platform_file;
mod races;
mod realms;
mod removed;
mod rights;
mod seeds;
mod sign_in;
mod subjects;
mod support;
mod ui;
mod versions;
