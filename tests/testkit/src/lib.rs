//! What the tests start.

pub mod postgres;
