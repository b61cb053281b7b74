//! The Identity server: loads the configuration, assembles the services of a profile, and runs the command line.

pub mod bootstrap;
pub mod cli;
#[cfg(feature = "client")]
mod client;
pub mod config;
mod connect;
mod healthcheck;
pub mod prepare;
pub mod profile;
pub mod run;
pub mod telemetry;
