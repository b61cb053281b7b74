//! Passwords of built-in users: made as Argon2id hashes, verified as whatever they are stored as, remembered for a moment.

mod cache;
mod pool;
mod slow;
mod stored;
#[cfg(test)]
mod tests;

pub use cache::CachedPasswordHasher;
pub use slow::SlowHasher;
