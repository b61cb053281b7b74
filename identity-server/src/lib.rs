//! The Identity server: configuration, profile assembly, command line.

pub mod cli;
pub mod config;
pub mod effects;
mod healthcheck;
pub mod password;
pub mod run;
pub mod telemetry;
