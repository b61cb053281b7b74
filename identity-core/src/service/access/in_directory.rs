//! Holders of permissions in a directory such as Keycloak, as lines of access reviews.

use super::line::{Gap, Holding, Line};
use super::{Access, EntityRef};
use crate::catalog::API;
use crate::entity::Permission;
use crate::port::TokenError;
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::value::{Audience, PermissionName};
use crate::world::World;

/// Holders of a permission in a directory. Empty without a directory.
#[derive(Clone, Debug, Default)]
pub struct InDirectory {
    pub(super) lines: Vec<Line>,
    /// Whether the directory was asked, and whether all of its holders are listed. `None` if it was not asked.
    is_complete: Option<bool>,
}

impl InDirectory {
    /// Returns the gap in a review that contains these holders.
    pub(super) fn gap(&self, world: &World) -> Option<Gap> {
        match self.is_complete {
            None => Gap::in_holders(world),
            Some(true) => None,
            Some(false) => Some(Gap::Directory),
        }
    }
}

impl Access {
    /// Looks up the holders of a permission on an API in the directory, at most `most`. Empty for other resources, and
    /// without a directory. If the directory is unavailable, the review is marked as incomplete.
    pub async fn holders_in_directory(&self, resource: &EntityRef, action: &str, most: usize) -> InDirectory {
        let (Some(directory), API) = (self.lookup.directory(), resource.kind.as_str()) else {
            return InDirectory::default();
        };
        let (Ok(audience), Ok(definition)) = (Audience::parse(&resource.id), PermissionName::parse(action)) else {
            return InDirectory::default();
        };
        let permission = Permission { audience, definition };
        match directory.holders(&permission, most).await {
            Ok(found) => {
                let line = |(party, through): (crate::entity::Party, _)| Line {
                    name: found.names.get(party.id()).cloned(),
                    party,
                    through,
                    holding: Holding::Permission(permission.clone()),
                    escalation: None,
                    requests: None,
                    similar_to: Vec::new(),
                };
                let holders = found.holders.iter().map(|held| (held.party.clone(), held.through.clone()));
                InDirectory { lines: holders.map(line).collect(), is_complete: Some(!found.more) }
            }
            Err(TokenError::Rejected(_) | TokenError::Unavailable { .. }) => {
                InDirectory { lines: Vec::new(), is_complete: Some(false) }
            }
        }
    }

    /// Looks up the holders of the permission to administer this service in the directory, as
    /// [`Access::holders_in_directory`].
    pub async fn administrators_in_directory(&self, most: usize) -> InDirectory {
        let api = EntityRef { kind: API.to_owned(), id: IDENTITY_AUDIENCE.to_owned(), ..EntityRef::default() };
        self.holders_in_directory(&api, WRITE, most).await
    }
}
