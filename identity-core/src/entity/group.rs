use serde::{Deserialize, Serialize};

use super::{Field, Fields};
use crate::value::{Description, GroupId, Name, Version};

/// A named set of users, clients and mapping rules that receive access together. Groups do not nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Key of the group. Immutable.
    pub id: GroupId,
    /// Display name: 1 to 256 characters.
    pub name: Name,
    /// Purpose of the group: at most 4096 characters, may be empty.
    pub description: Description,
}

impl Group {
    /// Creates a group with an empty description.
    #[must_use]
    pub fn new(id: GroupId, name: Name) -> Self {
        Self { id, name, description: Description::default() }
    }

    /// Version of the group: a digest of all fields.
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
