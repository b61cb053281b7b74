use serde::{Deserialize, Serialize};

use crate::value::{Description, Name, TenantId};

/// A partition of the platform's data, visible to its members only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Key of the tenant. Immutable.
    pub id: TenantId,
    /// Display name.
    pub name: Name,
    /// Purpose of the tenant.
    pub description: Description,
}

impl Tenant {
    /// A tenant without a description.
    #[must_use]
    pub fn new(id: TenantId, name: Name) -> Self {
        Self { id, name, description: Description::default() }
    }

    /// Human-readable texts, each with its field name. Commands that set them are checked for invisible characters.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        vec![("name", self.name.as_str()), ("description", self.description.as_str())]
    }
}
