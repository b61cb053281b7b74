//! Stored form of each entity: its table, and the conversion to and from rows. Values are validated when they are read.

mod applied_document;
mod audit_event;
mod authorization;
mod custom_type;
mod deletion;
mod group;
mod mapping_rule;
mod membership;
mod role;
mod session;
mod tenant;
mod token_cutoff;
mod user;

pub use session::FamiliarSignIn;

use identity_core::port::StoreError;
use serde_json::Value;

use crate::row::{Row, RowError};
use crate::table::Table;

/// Entity that is stored as a row of a table.
pub trait Stored: Sized {
    /// Table with the key and columns of the entity.
    const TABLE: Table;

    /// Creates the entity from the columns of its row, and validates them.
    ///
    /// # Errors
    /// If a column is missing, has the wrong type, or contains an invalid value.
    fn from_row(row: &dyn Row) -> Result<Self, RowError>;
}

/// Entity whose row has a JSON form, for statements that write many rows at once.
pub trait JsonRow: Stored {
    /// Additional table for a list that belongs to each entity, such as the permissions of a role. It contains the key
    /// of the entity. `None` if the entity has no such list.
    const LIST: Option<Table> = None;

    /// SQL type of the columns of the key.
    const KEY_TYPE: &str = "TEXT";

    /// Returns the row as a JSON object with one member per column.
    fn to_row(&self) -> Value;

    /// Returns the rows of the entity's list, for the table [`Self::LIST`]. Empty by default.
    fn to_list(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// Converts a row to an entity.
///
/// # Errors
/// [`StoreError::Unreadable`], with the table and the key, if the row is not a valid entity.
pub fn read<E: Stored>(row: &impl Row) -> Result<E, StoreError> {
    E::from_row(row).map_err(|error| error.of(row, &E::TABLE))
}

/// Converts rows to entities. Fails at the first invalid row.
///
/// # Errors
/// As [`read`].
pub fn read_all<'r, R: Row + 'r, E: Stored>(rows: impl IntoIterator<Item = &'r R>) -> Result<Vec<E>, StoreError> {
    rows.into_iter().map(read).collect()
}

/// Encodes entities as a JSON array of their rows, which is the parameter of statements that write many rows.
#[must_use]
pub fn to_json<'e, E: JsonRow + 'e>(entities: impl IntoIterator<Item = &'e E>) -> String {
    Value::from_iter(entities.into_iter().map(E::to_row)).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use identity_core::entity::{
        Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, Authorization, CustomType, Deletion, EntityKind,
        FieldChanges, Group, MappingRule, Membership, Role, Tenant, User,
    };
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;

    /// A row in memory. Times are always the Unix epoch.
    struct MemoryRow(Value);

    impl Row for MemoryRow {
        fn optional_text(&self, column: &str) -> Result<Option<&str>, RowError> {
            Ok(self.0.get(column).and_then(Value::as_str))
        }

        fn optional_integer(&self, column: &str) -> Result<Option<i64>, RowError> {
            Ok(self.0.get(column).and_then(Value::as_i64))
        }

        fn optional_bytes(&self, _column: &str) -> Result<Option<&[u8]>, RowError> {
            Ok(None)
        }

        fn time(&self, _column: &str) -> Result<OffsetDateTime, RowError> {
            Ok(OffsetDateTime::UNIX_EPOCH)
        }
    }

    fn columns(row: &Value) -> BTreeSet<&str> {
        row.as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// Asserts that an entity that is read from a row is written as the same row. Columns that `values` does not
    /// contain are empty texts.
    #[track_caller]
    fn assert_round_trip<E: JsonRow>(values: Value) {
        let all = E::TABLE.key.iter().chain(E::TABLE.columns);
        let column = |name: &&str| ((*name).to_owned(), values.get(name).cloned().unwrap_or_else(|| json!("")));
        let row = Value::Object(all.map(column).collect());
        assert_eq!(E::from_row(&MemoryRow(row.clone())).unwrap().to_row(), row);
    }

    #[test]
    fn rows_have_the_columns_of_their_table() {
        assert_round_trip::<User>(json!({"username": "ann", "name": "Ann", "email": null, "password": "hash"}));
        assert_round_trip::<Group>(json!({"group_id": "g", "name": "G"}));
        assert_round_trip::<Role>(json!({"role_id": "r", "name": "R"}));
        assert_round_trip::<Tenant>(json!({"tenant_id": "t", "name": "T"}));
        assert_round_trip::<CustomType>(
            json!({"resource_type": "invoice", "permissions": r#"["pay","read"]"#, "properties": "[]"}),
        );
        assert_round_trip::<MappingRule>(json!({
            "mapping_rule_id": "m", "name": "M", "claim_name": "groups", "operator": "CONTAINS", "claim_value": "v",
            "kind": "ANY", "issuer": "https://issuer.example",
        }));
        assert_round_trip::<Membership>(
            json!({"container_type": "ROLE", "container_id": "r", "member_type": "GROUP", "member_id": "g"}),
        );
        assert_round_trip::<Authorization>(json!({
            "authorization_key": 7, "owner_type": "USER", "owner_id": "ann", "resource_type": "invoice",
            "resource_match": "ID", "resource_value": "1",
            "condition": r#"[{"property":"resource.owner","operator":"CONTAINS_CALLER"}]"#,
        }));
        assert_round_trip::<Deletion>(json!({
            "deletion_id": "d", "party_type": "CLIENT", "party_id": "c", "directory_key": "k", "actor_type": "SYSTEM",
            "actor_id": null, "request_id": null, "attempted_at": "1970-01-01T00:00:00.000000Z",
        }));
    }

    #[test]
    fn lists_have_the_columns_of_their_table() {
        fn assert_columns<E: JsonRow>(row: Value) {
            let list = E::LIST.unwrap();
            let rows = E::from_row(&MemoryRow(row)).unwrap().to_list();
            assert_eq!(rows.len(), 2);
            assert_eq!(columns(&rows[0]), list.key.iter().chain(list.columns).copied().collect());
        }
        assert_columns::<Role>(json!({
            "role_id": "r", "name": "R", "description": "d", "list": "api\u{1f}read\u{1f}api\u{1f}write",
        }));
        assert_columns::<Authorization>(json!({
            "authorization_key": 7, "owner_type": "USER", "owner_id": "ann", "resource_type": "invoice",
            "resource_match": "ANY", "list": "read\u{1f}pay",
        }));
    }

    #[test]
    fn audit_entries_have_the_columns_of_their_table() {
        let event = AuditEvent {
            key: 0,
            at: OffsetDateTime::UNIX_EPOCH,
            actor: Actor::Anonymous,
            issuer: None,
            operation: AuditOperation::Create,
            entity: AuditEntity { kind: EntityKind::Group, key: "a\0b".to_owned() },
            related: None,
            result: AuditResult::Denied,
            reason: None,
            revision: None,
            request_id: None,
            changes: FieldChanges::default(),
        };
        let row = event.to_row();
        assert_eq!(columns(&row), AuditEvent::TABLE.columns.iter().copied().collect());
        let read = |row: Value| AuditEvent::from_row(&MemoryRow(row));
        let mut stored = row.clone();
        stored["audit_key"] = json!(9);
        assert_eq!(read(stored).unwrap(), AuditEvent { key: 9, ..event.as_stored() });
        assert!(read(row).is_err(), "no key");
    }

    #[test]
    fn rejects_rows_that_are_not_valid() {
        #[track_caller]
        fn assert_rejected<E: Stored>(row: Value, place: &str) {
            let error = E::from_row(&MemoryRow(row.clone())).err().unwrap().of(&MemoryRow(row), &E::TABLE);
            assert!(error.to_string().contains(place), "{error}");
        }
        assert_rejected::<Membership>(
            json!({"container_type": "GROUP", "container_id": "a", "member_type": "GROUP", "member_id": "b"}),
            "row of table `memberships`, key `GROUP a GROUP b`",
        );
        assert_rejected::<MappingRule>(
            json!({
                "mapping_rule_id": "m", "name": "M", "claim_name": "a", "operator": "LIKE", "claim_value": "v", "kind": "ANY",
            }),
            "row of table `mapping_rules`, key `m`",
        );
        assert_rejected::<Role>(
            json!({"role_id": "r", "name": "R", "description": "", "list": "audience without a definition"}),
            "row of table `roles`, key `r`",
        );
        assert_rejected::<Group>(json!({"group_id": "g", "name": null, "description": ""}), "key `g`");
        assert_rejected::<Authorization>(
            json!({
                "authorization_key": 7, "owner_type": "USER", "owner_id": "ann", "resource_type": "invoice",
                "resource_match": "ANY", "resource_value": "*",
            }),
            "row of table `authorizations`, key `7`",
        );
    }
}
