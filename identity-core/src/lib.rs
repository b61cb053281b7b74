//! The domain of Identity: who may do what, for a platform of applications.
//!
//! All policy data is one immutable value, the [`World`](world::World), numbered by a revision. What thinks is a pure
//! function of it: [`resolve`], [`decide`], [`apply`], [`search`], [`diff`]. The [`Engine`](engine::Engine) holds the current
//! world and follows the store; the [services](service) are what surfaces call.
//!
//! This crate knows no runtime, network, database or web framework.

pub mod apply;
pub mod decide;
pub mod diff;
pub mod engine;
pub mod entity;
pub mod matrix;
pub mod port;
pub mod preset;
pub mod resolve;
pub mod search;
pub mod service;
pub mod value;
pub mod world;

#[cfg(feature = "test-support")]
pub mod fake;
