use serde::{Deserialize, Serialize};

use crate::value::{Email, Name, PasswordHash, Username};

/// A built-in user. Users of an identity provider are not stored; they exist by being referred to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's key, and what they sign in with.
    pub username: Username,
    /// What to call them.
    pub name: Option<Name>,
    /// Where to write to them. Not unique.
    pub email: Option<Email>,
    /// Their password's hash.
    pub password: PasswordHash,
}
