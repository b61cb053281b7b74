use serde::{Deserialize, Serialize};

use crate::value::{Description, GroupId, Name};

/// A group of users and services that receive access together. Groups do not nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Key of the group.
    pub id: GroupId,
    /// Display name.
    pub name: Name,
    /// Purpose of the group.
    pub description: Description,
}

impl Group {
    /// A group without a description.
    #[must_use]
    pub fn new(id: GroupId, name: Name) -> Self {
        Self { id, name, description: Description::default() }
    }

    /// Human-readable texts, each with its field name. Commands that set them are checked for invisible characters.
    pub(crate) fn texts(&self) -> Vec<(&'static str, &str)> {
        vec![("name", self.name.as_str()), ("description", self.description.as_str())]
    }
}
