use serde::{Deserialize, Serialize};

use crate::value::{Email, Name, PasswordHash, Username};

/// A built-in user. Users of an identity provider are not stored. Memberships and authorizations refer to them by
/// username.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Key of the user, and the name to sign in with.
    pub username: Username,
    /// Display name.
    pub name: Option<Name>,
    /// E-mail address. Not unique.
    pub email: Option<Email>,
    /// Password hash. [`PasswordHash::of_nobody`] if the user has no password.
    pub password: PasswordHash,
}

impl User {
    /// A user without a display name or an e-mail address.
    #[must_use]
    pub fn new(username: Username, password: PasswordHash) -> Self {
        Self { username, name: None, email: None, password }
    }

    /// Human-readable texts, each with its field name. Commands that set them are checked for invisible characters.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        self.name.iter().map(|name| ("name", name.as_str())).collect()
    }

    /// Returns true if the user has a password to sign in with.
    #[must_use]
    pub fn has_password(&self) -> bool {
        !self.password.is_of_nobody()
    }
}
