use std::sync::Arc;

use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, FieldChanges};
use identity_core::value::{Revision, time_text};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for AuditEvent {
    const TABLE: Table = Table {
        name: "audit_log",
        key: &["audit_key"],
        columns: &[
            "occurred_at",
            "actor_type",
            "actor_id",
            "operation",
            "entity_type",
            "entity_key",
            "related_type",
            "related_key",
            "result",
            "reason",
            "revision",
            "request_id",
            "actor_issuer",
            "changes",
        ],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        let kind = |column: &str, name: &str| EntityKind::parse(name).ok_or_else(|| RowError::unknown(column));
        let related = match (row.optional_text("related_type")?, row.optional_text("related_key")?) {
            (Some(name), Some(key)) => Some(AuditEntity { kind: kind("related_type", name)?, key: key.to_owned() }),
            _ => None,
        };
        Ok(Self {
            key: row.integer("audit_key")?.cast_unsigned(),
            at: row.time("occurred_at")?,
            actor: Actor::parse(row.text("actor_type")?, row.optional_text("actor_id")?)?,
            issuer: row.optional_text("actor_issuer")?.map(Arc::from),
            operation: AuditOperation::parse(row.text("operation")?).ok_or_else(|| RowError::unknown("operation"))?,
            entity: AuditEntity {
                kind: kind("entity_type", row.text("entity_type")?)?,
                key: row.text("entity_key")?.to_owned(),
            },
            related,
            result: AuditResult::parse(row.text("result")?).ok_or_else(|| RowError::unknown("result"))?,
            reason: row.optional_text("reason")?.map(str::to_owned),
            revision: row.optional_integer("revision")?.map(|revision| Revision(revision.cast_unsigned())),
            request_id: row.optional_text("request_id")?.map(str::to_owned),
            changes: row.optional_text("changes")?.map(changes).transpose()?.unwrap_or_default(),
        })
    }
}

impl JsonRow for AuditEvent {
    fn to_row(&self) -> Value {
        let stored = self.as_stored();
        let Self {
            key: _,
            at,
            actor,
            issuer,
            operation,
            entity,
            related,
            result,
            reason,
            revision,
            request_id,
            changes,
        } = &stored;
        let related = related.as_ref();
        json!({
            "occurred_at": time_text(*at),
            "actor_type": actor.kind_name(),
            "actor_id": actor.id(),
            "operation": operation.as_str(),
            "entity_type": entity.kind.as_str(),
            "entity_key": entity.key,
            "related_type": related.map(|related| related.kind.as_str()),
            "related_key": related.map(|related| &related.key),
            "result": result.as_str(),
            "reason": reason,
            "revision": revision.map(|revision| revision.0.cast_signed()),
            "request_id": request_id,
            "actor_issuer": issuer.as_deref(),
            "changes": (!changes.is_empty()).then(|| json!(changes).to_string()),
        })
    }
}

/// Parses changed fields from the JSON text in which they are stored.
fn changes(text: &str) -> Result<FieldChanges, RowError> {
    serde_json::from_str(text).map_err(|_| RowError::unknown("changes"))
}
