//! The audit log.

mod search;

use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, to_microsecond};
use identity_core::port::{AuditLog, AuditQuery, StoreError};
use identity_core::search::Found;
use identity_core::value::Revision;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use crate::database::{Connection, Database};
use crate::error::failed;

/// [`AuditLog`] on PostgreSQL.
///
/// Keys are given when an entry is written, and the entry is seen when its transaction is committed: of two that are written
/// at the same time, the one with the greater key may be seen first.
#[derive(Debug)]
pub struct PostgresAuditLog {
    database: Arc<Database>,
}

impl PostgresAuditLog {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn read(&self, query: &AuditQuery) -> Result<(Vec<PgRow>, i64), StoreError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut snapshot = self.database.search_connection().await?;
        snapshot.begin(SNAPSHOT).await.map_err(failed)?;
        let total =
            search::count(query.filter()).build_query_scalar().fetch_one(&mut snapshot).await.map_err(failed)?;
        let rows = search::page(query).build().fetch_all(&mut snapshot).await.map_err(failed)?;
        Ok((rows, total))
    }
}

#[async_trait]
impl AuditLog for PostgresAuditLog {
    async fn append(&self, event: &AuditEvent) -> Result<u64, StoreError> {
        let mut transaction = self.database.begin().await?;
        let keys = insert(&mut transaction, slice::from_ref(event)).await?;
        transaction.commit().await.map_err(failed)?;
        keys.first().copied().ok_or_else(|| StoreError::unreadable("audit_log", "?", "it was given no key"))
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        let read = || async {
            sqlx::query("SELECT * FROM audit_log WHERE audit_key = $1")
                .bind(key.cast_signed())
                .fetch_optional(&mut self.database.connection().await?)
                .await
                .map_err(failed)
        };
        self.database.repeatable(read).await?.as_ref().map(event).transpose()
    }

    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM audit_log WHERE audit_key IN (\
             SELECT audit_key FROM (SELECT audit_key, occurred_at FROM audit_log ORDER BY audit_key LIMIT $3) AS oldest \
             WHERE audit_key < (SELECT max(audit_key) FROM audit_log) AND (occurred_at < $1 OR audit_key <= (SELECT max(audit_key) FROM audit_log) - $2))";
        let mut transaction = self.database.begin().await?;
        let removed = sqlx::query(SQL)
            .bind(to_microsecond(before))
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
        let size: i64 =
            sqlx::query_scalar(SQL).fetch_one(&mut self.database.search_connection().await?).await.map_err(failed)?;
        Ok(size.cast_unsigned())
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        let (rows, total) = self.database.repeatable(|| self.read(query)).await?;
        let events = rows.iter().map(event).collect::<Result<_, _>>()?;
        Ok(query.found(events, usize::try_from(total).unwrap_or_default()))
    }
}

/// Adds entries in one statement and returns their keys, which ascend in the order of the entries.
pub(crate) async fn insert(connection: &mut Connection, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let events: Vec<AuditEvent> = events.iter().map(AuditEvent::as_stored).collect();
    let keys: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO audit_log (occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, \
         related_key, result, reason, revision, request_id, actor_issuer) \
         SELECT occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, related_key, result, \
         reason, revision, request_id, actor_issuer FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], \
         $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[]) WITH ORDINALITY AS e \
         (occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, related_key, result, reason, \
         revision, request_id, actor_issuer, place) ORDER BY place RETURNING audit_key",
    )
    .bind(column(&events, |event| event.at))
    .bind(column(&events, |event| event.actor.kind_name()))
    .bind(column(&events, |event| event.actor.id()))
    .bind(column(&events, |event| event.operation.as_str()))
    .bind(column(&events, |event| event.entity.kind.as_str()))
    .bind(column(&events, |event| event.entity.key.as_str()))
    .bind(column(&events, |event| event.related.as_ref().map(|related| related.kind.as_str())))
    .bind(column(&events, |event| event.related.as_ref().map(|related| related.key.as_str())))
    .bind(column(&events, |event| event.result.as_str()))
    .bind(column(&events, |event| event.reason.as_deref()))
    .bind(column(&events, |event| event.revision.map(|revision| revision.0.cast_signed())))
    .bind(column(&events, |event| event.request_id.as_deref()))
    .bind(column(&events, |event| event.issuer.as_deref()))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(keys.into_iter().map(i64::cast_unsigned).collect())
}

fn column<'e, T>(events: &'e [AuditEvent], value: impl Fn(&'e AuditEvent) -> T) -> Vec<T> {
    events.iter().map(value).collect()
}

fn event(row: &PgRow) -> Result<AuditEvent, StoreError> {
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
        at: row.try_get("occurred_at").map_err(failed)?,
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
