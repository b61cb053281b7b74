//! The directories on a Keycloak that holds anything: representations with members that are unknown here, and names that are
//! none here.

mod fake;
mod odd_names;
mod pages;
mod representations;
