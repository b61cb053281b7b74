//! Production implementations of the ports that need no other system.
//!
//! | port | implementation |
//! |---|---|
//! | [`Clock`](identity_core::port::Clock) | [`SystemClock`] |
//! | [`Ids`](identity_core::port::Ids) | [`RandomIds`] |
//! | [`Crypto`](identity_core::port::Crypto) | [`SystemCrypto`], with one or more [`SealingKey`]s |
//! | [`PasswordHasher`](identity_core::port::PasswordHasher) | [`SlowHasher`], within a [`CachedPasswordHasher`] |

mod crypto;
mod effects;
mod password;

pub use crypto::{SealingKey, SystemCrypto};
pub use effects::{RandomIds, SystemClock};
pub use password::{CachedPasswordHasher, SlowHasher};
