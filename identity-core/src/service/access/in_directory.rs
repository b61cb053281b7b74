//! Holders of permissions in a directory such as Keycloak, as lines of access reviews.

use super::line::{Gap, Holding, Line};
use super::{Access, EntityRef};
use crate::catalog::API;
use crate::entity::Permission;
use crate::port::{DirectoryHolder, TokenError};
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
        if resource.kind != API {
            return InDirectory::default();
        }
        let (Ok(audience), Ok(definition)) = (Audience::parse(&resource.id), PermissionName::parse(action)) else {
            return InDirectory::default();
        };
        let permission = Permission { audience, definition };
        match self.lookup.holders(&permission, most).await {
            None => InDirectory::default(),
            Some(Ok(found)) => {
                let line = |held: DirectoryHolder| Line {
                    name: found.names.get(held.party.id()).cloned(),
                    party: held.party,
                    through: held.through,
                    holding: Holding::Permission(permission.clone()),
                    escalation: None,
                    requests: None,
                    similar_to: Vec::new(),
                    path_in_names: String::new(),
                };
                InDirectory { lines: found.holders.into_iter().map(line).collect(), is_complete: Some(!found.more) }
            }
            Some(Err(TokenError::Rejected(_) | TokenError::Unavailable { .. })) => {
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
