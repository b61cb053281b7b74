//! The Identity server: loads the configuration, assembles the services of a profile, and runs the command line.

pub mod bootstrap;
pub mod cli;
pub mod config;
mod connect;
pub mod crypto;
pub mod effects;
mod healthcheck;
pub mod password;
pub mod prepare;
pub mod profile;
pub mod run;
pub mod telemetry;
