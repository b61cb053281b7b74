use identity_core::entity::CustomType;
use identity_core::value::ResourceTypeName;
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

/// The columns `permissions` and `properties` contain JSON arrays of strings, as text.
impl Stored for CustomType {
    const TABLE: Table =
        Table { name: "resource_types", key: &["resource_type"], columns: &["permissions", "properties"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            name: ResourceTypeName::parse(row.text("resource_type")?)?,
            permissions: serde_json::from_str(row.text("permissions")?)?,
            properties: serde_json::from_str(row.text("properties")?)?,
        })
    }
}

impl JsonRow for CustomType {
    fn to_row(&self) -> Value {
        let Self { name, permissions, properties } = self;
        let text = |list: Value| list.to_string();
        json!({
            "resource_type": name,
            "permissions": text(json!(permissions)),
            "properties": text(json!(properties)),
        })
    }
}
