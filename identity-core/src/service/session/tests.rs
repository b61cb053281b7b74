//! Sessions, with fakes.
