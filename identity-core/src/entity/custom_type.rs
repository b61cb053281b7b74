use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Field, Fields};
use crate::value::{PermissionName, PropertyName, ResourceTypeName};

/// A resource type that operators define for their own applications. Unlike built-in types, it supports conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomType {
    /// Name of the type, such as `invoice`. Must not be the name of a built-in type.
    pub name: ResourceTypeName,
    /// Permissions that authorizations can grant on resources of the type, such as `approve`: 1 to 64.
    pub permissions: BTreeSet<PermissionName>,
    /// Names of resource properties that conditions may read, such as `owner`: 0 to 64.
    pub properties: BTreeSet<PropertyName>,
}

impl CustomType {
    /// Maximum number of permissions of a type, which are stored as a 64-bit set.
    pub const MAX_PERMISSIONS: usize = 64;
    /// Maximum number of resource properties of a type.
    pub const MAX_PROPERTIES: usize = 64;

    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { name: _, permissions, properties } = self;
        vec![
            ("permissions", Field::set(permissions.iter().map(PermissionName::as_str))),
            ("properties", Field::set(properties.iter().map(PropertyName::as_str))),
        ]
    }
}
