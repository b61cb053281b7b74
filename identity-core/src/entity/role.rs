use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::{Audience, Description, Name, PermissionName, RoleId};

/// A set of permissions on APIs, and an owner of authorizations. Roles do not nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The role's key.
    pub id: RoleId,
    /// What to call it.
    pub name: Name,
    /// What it is for.
    pub description: Description,
    /// What its holders may do on APIs.
    pub permissions: BTreeSet<Permission>,
}

/// Something that an API lets its callers do: `write:*` on `optimize-api`. Compared literally, never expanded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// The API, by the audience that its tokens carry.
    pub audience: Audience,
    /// The permission's name on that API.
    pub definition: PermissionName,
}
