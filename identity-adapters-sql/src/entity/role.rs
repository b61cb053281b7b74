use std::collections::BTreeSet;

use identity_core::entity::{Permission, Role};
use identity_core::value::{Audience, Description, Name, PermissionName, RoleId};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::{SEPARATOR, Table};

impl Stored for Role {
    const TABLE: Table = Table { name: "roles", key: &["role_id"], columns: &["name", "description"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        let mut parts = row.optional_text("list")?.into_iter().flat_map(|list| list.split(SEPARATOR));
        let mut permissions = BTreeSet::new();
        while let Some(audience) = parts.next() {
            let audience = Audience::parse(audience)?;
            let definition = PermissionName::parse(parts.next().unwrap_or_default())?;
            permissions.insert(Permission { audience, definition });
        }
        Ok(Self {
            id: RoleId::parse(row.text("role_id")?)?,
            name: Name::parse(row.text("name")?)?,
            description: Description::parse(row.text("description")?)?,
            permissions,
        })
    }
}

impl JsonRow for Role {
    const LIST: Option<Table> =
        Some(Table { name: "role_permissions", key: &["role_id"], columns: &["audience", "definition"] });

    fn to_row(&self) -> Value {
        let Self { id, name, description, permissions: _ } = self;
        json!({"role_id": id, "name": name, "description": description})
    }

    fn to_list(&self) -> Vec<Value> {
        let row = |permission: &Permission| {
            let Permission { audience, definition } = permission;
            json!({"role_id": self.id, "audience": audience, "definition": definition})
        };
        self.permissions.iter().map(row).collect()
    }
}
