//! The audit log.

use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, to_microsecond};
use identity_core::port::{AuditFilter, AuditLog, StoreError};
use identity_core::value::Revision;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

use crate::database::Database;
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

    async fn read(&self, filter: &AuditFilter, before: Option<u64>, limit: u32) -> Result<Vec<PgRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT * FROM audit_log WHERE audit_key < ");
        query.push_bind(before.map_or(i64::MAX, |key| i64::try_from(key).unwrap_or(i64::MAX)));
        if let Some(actor) = &filter.actor {
            query.push(" AND actor_id = ").push_bind(storable(actor));
        }
        if let Some(kind) = filter.entity {
            query.push(" AND entity_type = ").push_bind(kind.as_str());
        }
        if let Some(key) = &filter.entity_key {
            query.push(" AND entity_key = ").push_bind(storable(key));
        }
        if let Some(result) = filter.result {
            query.push(" AND result = ").push_bind(result.as_str());
        }
        if let Some(from) = filter.from {
            query.push(" AND occurred_at >= ").push_bind(to_microsecond(from));
        }
        if let Some(until) = filter.until {
            query.push(" AND occurred_at < ").push_bind(to_microsecond(until));
        }
        query.push(" ORDER BY audit_key DESC LIMIT ").push_bind(i64::from(limit));
        query.build().fetch_all(self.database.pool()).await.map_err(failed)
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
                .fetch_optional(self.database.pool())
                .await
                .map_err(failed)
        };
        self.database.repeatable(read).await?.as_ref().map(event).transpose()
    }

    async fn newest(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let rows = self.database.repeatable(|| self.read(filter, before, limit)).await?;
        rows.iter().map(event).collect()
    }
}

/// Adds entries in one statement and returns their keys, which ascend in the order of the entries.
pub(crate) async fn insert(connection: &mut PgConnection, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO audit_log (occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, \
         related_key, result, reason, revision, request_id) \
         SELECT occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, related_key, result, \
         reason, revision, request_id FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], \
         $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[]) WITH ORDINALITY AS e \
         (occurred_at, actor_type, actor_id, operation, entity_type, entity_key, related_type, related_key, result, reason, \
         revision, request_id, place) ORDER BY place RETURNING audit_key",
    )
    .bind(column(events, |event| to_microsecond(event.at)))
    .bind(column(events, |event| event.actor.kind_name()))
    .bind(column(events, |event| event.actor.id()))
    .bind(column(events, |event| event.operation.as_str()))
    .bind(column(events, |event| event.entity.kind.as_str()))
    .bind(column(events, |event| storable(&event.entity.key)))
    .bind(column(events, |event| event.related.as_ref().map(|related| related.kind.as_str())))
    .bind(column(events, |event| event.related.as_ref().map(|related| storable(&related.key))))
    .bind(column(events, |event| event.result.as_str()))
    .bind(column(events, |event| event.reason.as_deref().map(storable)))
    .bind(column(events, |event| event.revision.map(|revision| revision.0.cast_signed())))
    .bind(column(events, |event| event.request_id.as_deref().map(storable)))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(keys.into_iter().map(i64::cast_unsigned).collect())
}

fn column<'e, T>(events: &'e [AuditEvent], value: impl Fn(&'e AuditEvent) -> T) -> Vec<T> {
    events.iter().map(value).collect()
}

/// PostgreSQL's text cannot hold U+0000. Whoever sends one in a refused request is still recorded.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
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
    })
}
