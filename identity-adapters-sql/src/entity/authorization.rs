use identity_core::entity::{Authorization, Party, Scope};
use identity_core::value::{AuthorizationKey, PermissionName, ResourceTypeName};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::{SEPARATOR, Table};

impl Stored for Authorization {
    const TABLE: Table = Table {
        name: "authorizations",
        key: &["authorization_key"],
        columns: &["owner_type", "owner_id", "resource_type", "resource_match", "resource_value", "condition"],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        let permissions = row.optional_text("list")?.into_iter().flat_map(|list| list.split(SEPARATOR));
        Ok(Self {
            key: AuthorizationKey(row.integer("authorization_key")?.cast_unsigned()),
            owner: Party::parse(row.text("owner_type")?, row.text("owner_id")?)?,
            resource_type: ResourceTypeName::parse(row.text("resource_type")?)?,
            scope: Scope::parse(row.text("resource_match")?, row.optional_text("resource_value")?)?,
            permissions: permissions.map(PermissionName::parse).collect::<Result<_, _>>()?,
            condition: row.optional_text("condition")?.map(str::parse).transpose()?,
        })
    }
}

impl JsonRow for Authorization {
    const LIST: Option<Table> =
        Some(Table { name: "authorization_permissions", key: &["authorization_key"], columns: &["permission"] });
    const KEY_TYPE: &str = "BIGINT";

    fn to_row(&self) -> Value {
        let Self { key, owner, resource_type, scope, permissions: _, condition } = self;
        json!({
            "authorization_key": key.0.cast_signed(),
            "owner_type": owner.kind_name(),
            "owner_id": owner.id(),
            "resource_type": resource_type,
            "resource_match": scope.match_name(),
            "resource_value": scope.match_value(),
            "condition": condition.as_ref().map(ToString::to_string),
        })
    }

    fn to_list(&self) -> Vec<Value> {
        let row = |name| json!({"authorization_key": self.key.0.cast_signed(), "permission": name});
        self.permissions.iter().map(row).collect()
    }
}
