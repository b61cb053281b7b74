//! Users and applications as lists show them, wherever they live.

use crate::entity::{Client, ClientKind, Party, Person};
use crate::world::World;

/// A user, as lists show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// Their key.
    pub id: String,
    /// What they sign in with.
    pub username: String,
    /// What to call them.
    pub name: String,
    /// Where to write to them; empty when nobody knows.
    pub email: String,
}

impl UserSummary {
    /// A user as the world knows them: of users who live elsewhere, the id.
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

impl From<Person> for UserSummary {
    fn from(person: Person) -> Self {
        Self {
            name: person.display_name(),
            id: person.id.to_string(),
            username: person.username.to_string(),
            email: person.email.unwrap_or_default(),
        }
    }
}

/// An application, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSummary {
    /// Its key.
    pub id: String,
    /// What it calls itself in OAuth.
    pub client_id: String,
    /// What to call it.
    pub name: String,
    /// What it can do.
    pub kind: ClientKind,
}

impl ApplicationSummary {
    /// An application of which only the client id is known.
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
