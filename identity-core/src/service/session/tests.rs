
//! Sessions, with fakes.
