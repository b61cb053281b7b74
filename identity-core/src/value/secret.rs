//! Secrets: never printed by `Debug`, erased from memory on drop, compared in constant time.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

use super::{BrokenRule, InvalidValue};

/// A password, client secret, token or other confidential text.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// Minimum length of the initial password of a user in a directory, in characters. The directory may require more.
    pub const PASSWORD_MIN: usize = 8;
    /// Minimum length of a user password in the configuration, in characters. The software that this server replaces
    /// has the four-character default password `demo`.
    pub const CONFIGURED_PASSWORD_MIN: usize = 4;
    /// Minimum length of a client secret set over an API, in characters. Longer than for passwords, because clients
    /// store their secrets.
    pub const CLIENT_SECRET_MIN: usize = 16;
    /// Minimum length of a client secret in the configuration, in characters. Shorter than over an API, because
    /// existing installations may already use shorter secrets.
    pub const CONFIGURED_CLIENT_SECRET_MIN: usize = 8;

    /// Wraps a secret of at least `min` characters. `what` names it in the error, such as `password`.
    ///
    /// # Errors
    /// If the text has fewer than `min` characters.
    pub fn of_length(what: &'static str, text: String, min: usize) -> Result<Self, InvalidValue> {
        if text.chars().count() < min {
            return Err(InvalidValue { what, rule: BrokenRule::TooShort(min) });
        }
        Ok(Self::new(text))
    }

    /// Wraps a secret. Its length is not checked.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// Exposes the secret. Callers must neither log nor store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    /// Compares in constant time: the duration depends on the lengths only, not on the contents.
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

/// Password hash with its algorithm and parameters: a PHC string (`$argon2id$…`) or an imported form (`{bcrypt}$2a$…`).
/// Serialize it for the store only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(Secret);

impl PasswordHash {
    /// Wraps the text of a hash. It is not validated; no password verifies against text that is not a hash.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// Creates a placeholder for an unknown user or a user without a password. No password verifies against it. It
    /// differs by username, as real hashes do, so that caches and rate limits treat unknown users like known ones.
    #[must_use]
    pub fn placeholder(username: &str) -> Self {
        Self::new(format!("{PLACEHOLDER}{username}"))
    }

    /// Returns the hash in a form against which no password verifies, until [`Self::unlocked`] restores it.
    ///
    /// The form is a placeholder, so servers of earlier versions do not verify passwords against it either.
    #[must_use]
    pub fn locked(&self) -> Self {
        if self.is_locked() { self.clone() } else { Self::new(format!("{LOCKED}{}", self.expose())) }
    }

    /// Returns the hash as it was before [`Self::locked`]. Other hashes are returned as they are.
    #[must_use]
    pub fn unlocked(&self) -> Self {
        Self::new(self.unlocked_text().to_owned())
    }

    /// Returns the text of the hash as it was before [`Self::locked`].
    pub(crate) fn unlocked_text(&self) -> &str {
        self.expose().strip_prefix(LOCKED).unwrap_or(self.expose())
    }

    /// Returns true for a hash from [`Self::locked`].
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.expose().starts_with(LOCKED)
    }

    /// Returns true for a placeholder from [`Self::placeholder`] and for a locked hash. No password verifies against
    /// them.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        self.expose().starts_with(PLACEHOLDER)
    }

    /// Returns the hash as text, for the hasher and the store only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Prefix that marks a placeholder hash.
const PLACEHOLDER: &str = "{nobody}";
/// Prefix that marks a locked hash. A username does not start with a space, so no other placeholder has this prefix.
const LOCKED: &str = "{nobody} ";

impl Serialize for PasswordHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.expose().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?} {:?}", Secret::new("hunter2".into()), PasswordHash::new("$argon2id$x".into()));
        assert!(!shown.contains("hunter2") && !shown.contains("argon2id"), "{shown}");
    }

    #[test]
    fn a_locked_hash_is_a_placeholder_and_can_be_restored() {
        for hash in [PasswordHash::new("$argon2id$x".into()), PasswordHash::placeholder("ann")] {
            assert!(!hash.is_locked() && hash.unlocked() == hash);
            let locked = hash.locked();
            assert!(locked.is_locked() && locked.is_placeholder() && locked != hash);
            assert_eq!((locked.locked(), locked.unlocked()), (locked, hash));
        }
    }

    #[test]
    fn equal_when_the_text_is() {
        assert_eq!(Secret::new("a".into()), Secret::new("a".into()));
        assert_ne!(Secret::new("a".into()), Secret::new("ab".into()));
    }
}
