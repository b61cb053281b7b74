use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::{PermissionName, PropertyName, ResourceTypeName};

/// A resource type defined by an operator. Authorizations apply to it as to built-in types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomType {
    /// Name of the type. Must not be the name of a built-in type.
    pub name: ResourceTypeName,
    /// Permissions on resources of the type. Never empty.
    pub permissions: BTreeSet<PermissionName>,
    /// Resource properties that conditions may use.
    pub properties: BTreeSet<PropertyName>,
}

impl CustomType {
    /// Maximum number of permissions of a type.
    pub const MAX_PERMISSIONS: usize = 64;
    /// Maximum number of properties of a type.
    pub const MAX_PROPERTIES: usize = 64;
}
