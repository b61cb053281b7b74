//! End-to-end tests of the complete server: see `tests/`.

pub mod migration;
