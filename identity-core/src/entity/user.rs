use serde::{Deserialize, Serialize};

use super::{Field, Fields};
use crate::value::{Email, Name, PasswordHash, Username};

/// A built-in user, who signs in with a password. Users of an identity provider are not stored; memberships and
/// authorizations refer to them by username.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Key of the user and sign-in name. Immutable.
    pub username: Username,
    /// Display name. `None` if none was given.
    pub name: Option<Name>,
    /// E-mail address. Not unique: several users may share one.
    pub email: Option<Email>,
    /// Password hash. The placeholder [`PasswordHash::placeholder`] if the user has no password.
    pub password: PasswordHash,
}

impl User {
    /// Creates a user without a display name and an e-mail address.
    #[must_use]
    pub fn new(username: Username, password: PasswordHash) -> Self {
        Self { username, name: None, email: None, password }
    }

    /// Human-readable fields as pairs of name and text. Commands that set them reject invisible characters.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        self.name.iter().map(|name| ("name", name.as_str())).collect()
    }

    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { username: _, name, email, password } = self;
        vec![
            ("name", Field::optional(name.as_ref().map(Name::as_str))),
            ("email", Field::optional(email.as_ref().map(Email::as_str))),
            ("password", Field::Secret(self.has_password().then(|| password.expose()))),
        ]
    }

    /// Returns true if the user has a password to sign in with.
    #[must_use]
    pub fn has_password(&self) -> bool {
        !self.password.is_placeholder()
    }
}
