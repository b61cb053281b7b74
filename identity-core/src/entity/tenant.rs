use serde::{Deserialize, Serialize};

use super::{Field, Fields};
use crate::value::{Description, Name, TenantId, Version};

/// A partition of the data of the platform. Only members of the tenant can access data in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Key of the tenant, such as `<default>`. Immutable.
    pub id: TenantId,
    /// Display name: 1 to 256 characters.
    pub name: Name,
    /// Purpose of the tenant: at most 4096 characters, may be empty.
    pub description: Description,
}

impl Tenant {
    /// Creates a tenant with an empty description.
    #[must_use]
    pub fn new(id: TenantId, name: Name) -> Self {
        Self { id, name, description: Description::default() }
    }

    /// Version of the tenant: a digest of all fields.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(self)
    }

    /// Human-readable fields as pairs of name and text. Commands that set them reject invisible characters.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        vec![("name", self.name.as_str()), ("description", self.description.as_str())]
    }

    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { id: _, name, description } = self;
        vec![("name", Field::text(name.as_str())), ("description", Field::text(description.as_str()))]
    }
}
