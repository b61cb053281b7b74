use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Field, Fields};
use crate::value::{Audience, Description, Name, PermissionName, RoleId, Version};

/// A named set of API permissions. A role can also own authorizations, which apply to its holders. Roles do not nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Key of the role. Immutable.
    pub id: RoleId,
    /// Display name. The id, if no name was given.
    pub name: Name,
    /// Purpose of the role: at most 4096 characters, may be empty.
    pub description: Description,
    /// API permissions that every holder of the role receives.
    pub permissions: BTreeSet<Permission>,
}

impl Role {
    /// Creates a role with an empty description and no permissions.
    #[must_use]
    pub fn new(id: RoleId, name: Name) -> Self {
        Self { id, name, description: Description::default(), permissions: BTreeSet::new() }
    }

    /// Version of the role: a digest of all fields.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(self)
    }

    /// Human-readable fields as pairs of name and text. Commands that set them reject invisible characters. A name
    /// equal to the id is omitted, because it was not given separately.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        let name = (self.name.as_str() != self.id.as_str()).then(|| ("name", self.name.as_str()));
        name.into_iter().chain([("description", self.description.as_str())]).collect()
    }

    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { id: _, name, description, permissions } = self;
        vec![
            ("name", Field::text(name.as_str())),
            ("description", Field::text(description.as_str())),
            ("permissions", Permission::field(permissions)),
        ]
    }
}

/// A permission of an API, such as `write:*` of `optimize-api`. Compared literally: `*` is not a wildcard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// Audience (`aud`) of the API that defines the permission, such as `optimize-api`.
    pub audience: Audience,
    /// Name of the permission within the API, such as `write:*`.
    pub definition: PermissionName,
}

impl Permission {
    /// Set of permissions, as the audit log compares it.
    pub(crate) fn field<'a>(permissions: impl IntoIterator<Item = &'a Self>) -> Field<'a> {
        Field::permissions(permissions.into_iter().map(|one| (one.audience.as_str(), one.definition.as_str())))
    }
}
