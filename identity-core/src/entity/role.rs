use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::{Audience, Description, Name, PermissionName, RoleId};

/// A set of API permissions, which can also own authorizations. Roles do not nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Key of the role.
    pub id: RoleId,
    /// Display name.
    pub name: Name,
    /// Purpose of the role.
    pub description: Description,
    /// API permissions of the holders.
    pub permissions: BTreeSet<Permission>,
}

impl Role {
    /// A role without a description or permissions.
    #[must_use]
    pub fn new(id: RoleId, name: Name) -> Self {
        Self { id, name, description: Description::default(), permissions: BTreeSet::new() }
    }

    /// Human-readable texts, each with its field name. Commands that set them are checked for invisible characters. A
    /// name that equals the id is omitted, because the id serves as the name if none is given.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        let name = (self.name.as_str() != self.id.as_str()).then(|| ("name", self.name.as_str()));
        name.into_iter().chain([("description", self.description.as_str())]).collect()
    }
}

/// A permission of an API, such as `write:*` on `optimize-api`. Compared literally: wildcards are never expanded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// Audience that identifies the API in its tokens.
    pub audience: Audience,
    /// Name of the permission on the API.
    pub definition: PermissionName,
}
