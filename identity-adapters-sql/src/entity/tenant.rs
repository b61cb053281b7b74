use identity_core::entity::Tenant;
use identity_core::value::{Description, Name, TenantId};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for Tenant {
    const TABLE: Table = Table { name: "tenants", key: &["tenant_id"], columns: &["name", "description"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            id: TenantId::parse(row.text("tenant_id")?)?,
            name: Name::parse(row.text("name")?)?,
            description: Description::parse(row.text("description")?)?,
        })
    }
}

impl JsonRow for Tenant {
    fn to_row(&self) -> Value {
        let Self { id, name, description } = self;
        json!({"tenant_id": id, "name": name, "description": description})
    }
}
