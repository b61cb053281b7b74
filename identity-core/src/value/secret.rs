//! Secrets: hidden in `Debug`, wiped when dropped, compared in constant time.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

use super::{BrokenRule, InvalidValue};

/// A password, client secret or token.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// Least characters of a person's password that is set over an API (NIST SP 800-63B §5.1.1.2, OWASP ASVS 2.1.1).
    pub const PASSWORD_MIN: usize = 8;
    /// Least characters of a person's password in the configuration: the replaced service's default, `demo`, has four.
    pub const CONFIGURED_PASSWORD_MIN: usize = 4;
    /// Least characters of a client secret that is set over an API. A machine keeps it, so that it need not be short.
    pub const CLIENT_SECRET_MIN: usize = 16;
    /// Least characters of a client secret in the configuration of an installation that may exist already.
    pub const CONFIGURED_CLIENT_SECRET_MIN: usize = 8;

    /// A new password or client secret of at least `min` characters.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn of_length(what: &'static str, text: String, min: usize) -> Result<Self, InvalidValue> {
        if text.chars().count() < min {
            return Err(InvalidValue { what, rule: BrokenRule::TooShort(min) });
        }
        Ok(Self::new(text))
    }

    /// Takes the secret over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The secret itself. Callers neither log nor keep it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    /// In time that depends on the lengths only.
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

/// A password's hash with its algorithm and parameters, as a PHC string (`$argon2id$…`) or in the form that imports
/// bring (`{bcrypt}$2a$…`). Serialised only into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(Secret);

impl PasswordHash {
    /// Takes the text of a hash over. A text that is not a hash verifies no password.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// What the password of an unknown user is compared with. It is no hash, so it verifies nothing; and it differs from
    /// user to user, as the hashes of known ones do, so that whoever looks at it learns nothing by how they are treated.
    #[must_use]
    pub fn of_nobody(username: &str) -> Self {
        Self::new(format!("{{nobody}}{username}"))
    }

    /// The hash as text, for the hasher and the store.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

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
    fn equal_when_the_text_is() {
        assert_eq!(Secret::new("a".into()), Secret::new("a".into()));
        assert_ne!(Secret::new("a".into()), Secret::new("ab".into()));
    }
}
