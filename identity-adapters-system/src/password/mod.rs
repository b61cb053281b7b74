//! Passwords of stored users: new hashes use Argon2id; verification supports all stored formats and caches successes.

mod cache;
mod pool;
mod slow;
mod stored;
#[cfg(test)]
mod tests;

pub use cache::CachedPasswordHasher;
pub use slow::SlowHasher;
