use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::{InvalidValue, PermissionName, PropertyName, ResourceTypeName};

/// A resource type of the operator's own, which authorizations can be on like on the built-in ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomType {
    /// The type's name; none of the built-in ones.
    pub name: ResourceTypeName,
    /// What can be done with resources of the type. Never empty.
    pub permissions: BTreeSet<PermissionName>,
    /// The properties of a resource that conditions may look at.
    pub properties: BTreeSet<PropertyName>,
}

impl CustomType {
    /// Most permissions that a type can have.
    pub const MOST_PERMISSIONS: usize = 64;
    /// Most properties that a type can have.
    pub const MOST_PROPERTIES: usize = 64;

    /// `permissions` and `properties` are JSON arrays of texts.
    ///
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(name: &str, permissions: &str, properties: &str) -> Result<Self, InvalidValue> {
        Ok(Self {
            name: ResourceTypeName::parse(name)?,
            permissions: super::json_column("permissions", permissions)?,
            properties: super::json_column("properties", properties)?,
        })
    }

    /// The permissions as a column.
    #[must_use]
    pub fn permissions_column(&self) -> String {
        serde_json::to_string(&self.permissions).unwrap_or_default()
    }

    /// The properties as a column.
    #[must_use]
    pub fn properties_column(&self) -> String {
        serde_json::to_string(&self.properties).unwrap_or_default()
    }
}
