//! The directories on a Keycloak with arbitrary data: representations with unknown members, and names that are invalid
//! in this server.

mod fake;
mod lock_out;
mod odd_names;
mod pages;
mod representations;
