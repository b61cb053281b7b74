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
    /// Password hash. The placeholder [`PasswordHash::placeholder`] if the user has no password. Locked while the user is
    /// inactive (docs/adr/0029-inactive-users.md).
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

    /// Returns false for an inactive user, who cannot sign in and has no access.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.password.is_locked()
    }

    /// Returns the user as an active or inactive one.
    #[must_use]
    pub(crate) fn with_active(self, active: bool) -> Self {
        let password = if active { self.password.unlocked() } else { self.password.locked() };
        Self { password, ..self }
    }

    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { username: _, name, email, password } = self;
        vec![
            ("name", Field::optional(name.as_ref().map(Name::as_str))),
            ("email", Field::optional(email.as_ref().map(Email::as_str))),
            ("enabled", Field::flag(self.is_active())),
            ("password", Field::Secret((!password.unlocked().is_placeholder()).then(|| password.unlocked_text()))),
        ]
    }

    /// Returns true if the user can sign in with a password: one is set, and the user is active.
    #[must_use]
    pub fn has_password(&self) -> bool {
        !self.password.is_placeholder()
    }
}
