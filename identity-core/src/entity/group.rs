use serde::{Deserialize, Serialize};

use crate::value::{Description, GroupId, Name};

/// People and services that are given access together. Groups do not nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group's key.
    pub id: GroupId,
    /// What to call it.
    pub name: Name,
    /// What it is for.
    pub description: Description,
}
