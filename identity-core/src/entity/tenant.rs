use serde::{Deserialize, Serialize};

use crate::value::{Description, Name, TenantId};

/// A part of the platform's data that only its members see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The tenant's key. Chosen once.
    pub id: TenantId,
    /// What to call it.
    pub name: Name,
    /// What it is for.
    pub description: Description,
}
