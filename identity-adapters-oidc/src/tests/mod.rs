//! The verifier against conforming and faulty providers.

mod caching;
mod claims;
mod client;
mod keys;
mod kinds;
mod provider;
mod remarks;
mod resolution;
mod samples;
mod settings;
mod support;
mod telemetry;
mod tokens;
mod user_info;
mod wycheproof;
