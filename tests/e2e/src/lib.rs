//! The whole server, as its users meet it: see `tests/`.

pub mod migration;
