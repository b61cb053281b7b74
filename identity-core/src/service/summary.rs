//! List entries of users and applications, from the store or a directory.

use crate::entity::{Client, ClientKind, DirectoryUser, Party};
use crate::world::World;

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The key.
    pub id: String,
    /// The username for sign-in.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The e-mail address; empty if unknown.
    pub email: String,
}

impl UserSummary {
    /// Creates the entry of a stored user. For a user in a directory, only the ID is known.
    #[must_use]
    pub fn of_world(world: &World, user: &Party) -> Self {
        let stored = world.user(user.id());
        let name = stored.and_then(|user| user.name.as_ref()).map(ToString::to_string);
        let email = stored.and_then(|user| user.email.as_ref()).map(ToString::to_string);
        Self {
            id: user.id().to_owned(),
            username: user.id().to_owned(),
            name: name.unwrap_or_else(|| user.id().to_owned()),
            email: email.unwrap_or_default(),
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
        }
    }
}

/// An application in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSummary {
    /// The key.
    pub id: String,
    /// The OAuth client ID.
    pub client_id: String,
    /// The display name.
    pub name: String,
    /// The client type.
    pub kind: ClientKind,
}

impl ApplicationSummary {
    /// Creates the entry of an application of which only the client ID is known.
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
