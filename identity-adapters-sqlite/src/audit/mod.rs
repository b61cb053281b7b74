//! The audit log.

mod search;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
use identity_core::port::{AuditLog, AuditQuery, StoreError};
use identity_core::search::Found;
use identity_core::value::Revision;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use crate::database::{Connection, Database};
use crate::error::failed;
use crate::limit::Limited;
use crate::timestamp::{parse, to_text};

/// How long a search may take.
const SEARCH_TIME: Duration = Duration::from_secs(10);

/// [`AuditLog`] on SQLite.
#[derive(Debug)]
pub struct SqliteAuditLog {
    database: Arc<Database>,
}

impl SqliteAuditLog {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl AuditLog for SqliteAuditLog {
    async fn append(&self, event: &AuditEvent) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let key = insert(&mut transaction, event).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(key)
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        sqlx::query("SELECT * FROM audit_log WHERE audit_key = ?")
            .bind(key.cast_signed())
            .fetch_optional(&mut self.database.reader().await?)
            .await
            .map_err(failed)?
            .as_ref()
            .map(event)
            .transpose()
    }

    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM audit_log WHERE audit_key IN (\
             SELECT audit_key FROM (SELECT audit_key, occurred_at FROM audit_log ORDER BY audit_key LIMIT ?3) AS oldest \
             WHERE audit_key < (SELECT max(audit_key) FROM audit_log) AND (occurred_at < ?1 OR audit_key <= (SELECT max(audit_key) FROM audit_log) - ?2))";
        let mut transaction = self.database.write().await?;
        let removed = sqlx::query(SQL)
            .bind(to_text(before))
            .bind(i64::try_from(keep).unwrap_or(i64::MAX))
            .bind(i64::from(batch))
            .execute(&mut transaction)
            .await
            .map_err(failed)?
            .rows_affected();
        transaction.commit().await.map_err(failed)?;
        Ok(removed)
    }

    async fn size(&self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT COALESCE(max(audit_key) - min(audit_key) + 1, 0) FROM audit_log";
        let size: i64 = sqlx::query_scalar(SQL).fetch_one(&mut self.database.reader().await?).await.map_err(failed)?;
        Ok(size.cast_unsigned())
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        let mut snapshot = self.database.snapshot().await?;
        let _limited = Limited::within(&mut snapshot, SEARCH_TIME).await?;
        let total: i64 =
            search::count(query.filter()).build_query_scalar().fetch_one(&mut snapshot).await.map_err(failed)?;
        let rows = search::page(query).build().fetch_all(&mut snapshot).await.map_err(failed)?;
        let events = rows.iter().map(event).collect::<Result<_, _>>()?;
        Ok(query.found(events, usize::try_from(total).unwrap_or_default()))
    }
}

pub(crate) async fn insert(connection: &mut Connection, event: &AuditEvent) -> Result<u64, StoreError> {
    let event = event.as_stored();
    let key: i64 = sqlx::query_scalar(
        "INSERT INTO audit_log (occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, \
         related_key, result, reason, revision, request_id, actor_issuer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         RETURNING audit_key",
    )
    .bind(to_text(event.at))
    .bind(event.actor.kind_name())
    .bind(event.actor.id())
    .bind(event.operation.as_str())
    .bind(event.entity.kind.as_str())
    .bind(event.entity.key.as_str())
    .bind(event.related.as_ref().map(|related| related.kind.as_str()))
    .bind(event.related.as_ref().map(|related| related.key.as_str()))
    .bind(event.result.as_str())
    .bind(event.reason.as_deref())
    .bind(event.revision.map(|revision| revision.0.cast_signed()))
    .bind(event.request_id.as_deref())
    .bind(event.issuer.as_deref())
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    Ok(key.cast_unsigned())
}

fn event(row: &SqliteRow) -> Result<AuditEvent, StoreError> {
    let key: i64 = row.try_get("audit_key").map_err(failed)?;
    let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
    let optional = |column: &str| row.try_get::<Option<&str>, _>(column).map_err(failed);
    let unknown = |column: &str| StoreError::unreadable("audit_log", key, format_args!("unknown {column}"));
    let kind = |column: &str, name: &str| EntityKind::parse(name).ok_or_else(|| unknown(column));
    let related = match (optional("related_type")?, optional("related_key")?) {
        (Some(name), Some(key)) => Some(AuditEntity { kind: kind("related_type", name)?, key: key.to_owned() }),
        _ => None,
    };
    Ok(AuditEvent {
        key: key.cast_unsigned(),
        at: parse("audit_log", key, text("occurred_at")?)?,
        actor: Actor::parse(text("actor_type")?, optional("actor_id")?)
            .map_err(|error| StoreError::unreadable("audit_log", key, error))?,
        operation: AuditOperation::parse(text("operation")?).ok_or_else(|| unknown("operation"))?,
        entity: AuditEntity { kind: kind("entity_type", text("entity_type")?)?, key: text("entity_key")?.to_owned() },
        related,
        result: AuditResult::parse(text("result")?).ok_or_else(|| unknown("result"))?,
        reason: optional("reason")?.map(str::to_owned),
        revision: row
            .try_get::<Option<i64>, _>("revision")
            .map_err(failed)?
            .map(|revision| Revision(revision.cast_unsigned())),
        request_id: optional("request_id")?.map(str::to_owned),
        issuer: optional("actor_issuer")?.map(Arc::from),
    })
}
