use identity_core::entity::Group;
use identity_core::value::{Description, GroupId, Name};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for Group {
    const TABLE: Table = Table { name: "groups", key: &["group_id"], columns: &["name", "description"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            id: GroupId::parse(row.text("group_id")?)?,
            name: Name::parse(row.text("name")?)?,
            description: Description::parse(row.text("description")?)?,
        })
    }
}

impl JsonRow for Group {
    fn to_row(&self) -> Value {
        let Self { id, name, description } = self;
        json!({"group_id": id, "name": name, "description": description})
    }
}
