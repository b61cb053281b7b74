//! Users and applications as list entries, filled from the store or from a directory.

use crate::entity::{Client, ClientKind, DirectoryUser, Party, User};
use crate::world::World;

/// A user as a list entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// Key of the user. For a stored user, it equals the username.
    pub id: String,
    /// Name to sign in with; the key if unknown.
    pub username: String,
    /// Display name; the username if unknown.
    pub name: String,
    /// E-mail address; empty if unknown.
    pub email: String,
    /// Whether the user can sign in. `true` if unknown.
    pub enabled: bool,
}

impl UserSummary {
    /// Creates the entry of a user from stored data. For a user that is not stored, name and username are the ID.
    #[must_use]
    pub fn of_world(world: &World, user: &Party) -> Self {
        let id = user.id().to_owned();
        let unknown =
            || Self { username: id.clone(), name: id.clone(), email: String::new(), enabled: true, id: id.clone() };
        world.user(user.id()).map_or_else(unknown, Self::from)
    }
}

impl From<&User> for UserSummary {
    fn from(user: &User) -> Self {
        let username = user.username.to_string();
        Self {
            name: user.name.as_ref().map_or_else(|| username.clone(), ToString::to_string),
            email: user.email.as_ref().map(ToString::to_string).unwrap_or_default(),
            enabled: user.is_active(),
            id: username.clone(),
            username,
        }
    }
}

impl From<DirectoryUser> for UserSummary {
    fn from(person: DirectoryUser) -> Self {
        Self {
            name: person.display_name(),
            id: person.id.to_string(),
            username: person.username.to_string(),
            email: person.email.unwrap_or_default(),
            enabled: person.enabled,
        }
    }
}

/// An application (OAuth client) as a list entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSummary {
    /// Key in the directory; the client ID if unknown.
    pub id: String,
    /// OAuth client ID (RFC 6749 §2.2).
    pub client_id: String,
    /// Display name; the client ID if unknown.
    pub name: String,
    /// Client type; [`ClientKind::MachineToMachine`] if unknown.
    pub kind: ClientKind,
}

impl ApplicationSummary {
    /// Creates an entry from the client ID alone. It also serves as key and display name.
    #[must_use]
    pub fn of_id(client_id: &str) -> Self {
        let id = client_id.to_owned();
        Self { client_id: id.clone(), name: id.clone(), id, kind: ClientKind::MachineToMachine }
    }
}

impl From<Client> for ApplicationSummary {
    fn from(client: Client) -> Self {
        Self {
            id: client.key.to_string(),
            client_id: client.client_id.to_string(),
            name: client.name.to_string(),
            kind: client.kind,
        }
    }
}
