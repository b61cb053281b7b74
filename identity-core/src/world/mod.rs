//! The world.
mod change;
pub use change::Change;
