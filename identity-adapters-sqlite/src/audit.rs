//! The audit log on SQLite.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use identity_adapters_sql::audit::{self, AuditPace, append_in_time};
use identity_adapters_sql::entity::{Stored as _, read, read_all, to_json};
use identity_core::entity::AuditEvent;
use identity_core::port::{AuditLog, AuditQuery, StoreError};
use identity_core::search::Found;
use identity_core::value::time_text;
use sqlx::query::{Query, QueryScalar};
use time::OffsetDateTime;

use crate::database::{Connection, Database};
use crate::dialect::{AUDIT, json_rows};
use crate::error::failed;
use crate::limit::Limited;

/// Time limit for a search in the audit log. SQLite interrupts the statement afterwards.
const SEARCH_TIME: Duration = Duration::from_secs(10);

/// [`AuditLog`] on SQLite. Writes share the only write connection with policy commits.
#[derive(Debug)]
pub struct SqliteAuditLog {
    database: Arc<Database>,
    pace: AuditPace,
}

impl SqliteAuditLog {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database, pace: AuditPace::default() }
    }

    async fn write(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        let before = self.database.transactions();
        let mut transaction = self.database.write().await?;
        let begun = Instant::now();
        let keys = insert(&mut transaction, events).await?;
        transaction.commit().await.map_err(failed)?;
        self.pace.note(events, before, begun.elapsed());
        Ok(keys)
    }
}

#[async_trait]
impl AuditLog for SqliteAuditLog {
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.pace.wait(events, self.database.transactions()).await;
        append_in_time(self.write(events)).await
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        sqlx::query(AuditEvent::TABLE.select("WHERE audit_key = $1"))
            .bind(key.cast_signed())
            .fetch_optional(&mut self.database.reader().await?)
            .await
            .map_err(failed)?
            .as_ref()
            .map(read)
            .transpose()
    }

    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let removed = sqlx::query(audit::PRUNE)
            .bind(time_text(before))
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
        let size: i64 =
            sqlx::query_scalar(audit::SIZE).fetch_one(&mut self.database.reader().await?).await.map_err(failed)?;
        Ok(size.cast_unsigned())
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        let mut snapshot = self.database.snapshot().await?;
        let _limited = Limited::within(&mut snapshot, SEARCH_TIME).await?;
        let count = audit::count(query.filter(), &AUDIT);
        let total = count.parameters.into_iter().fold(sqlx::query_scalar(count.sql), QueryScalar::bind);
        let total: i64 = total.fetch_one(&mut snapshot).await.map_err(failed)?;
        Ok(query.found(entries(&mut snapshot, query).await?, usize::try_from(total).unwrap_or_default()))
    }

    async fn page(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let mut reader = self.database.reader().await?;
        let _limited = Limited::within(&mut reader, SEARCH_TIME).await?;
        Ok(query.found(entries(&mut reader, query).await?, 0).items)
    }
}

/// Reads the entries of one page, in the order in which the store reads them.
async fn entries(connection: &mut Connection, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
    let page = audit::page(query, &AUDIT);
    let rows = page.parameters.into_iter().fold(sqlx::query(page.sql), Query::bind);
    read_all(&rows.fetch_all(connection).await.map_err(failed)?)
}

/// Inserts entries in one statement and returns their keys, in the order of the entries.
pub(crate) async fn insert(connection: &mut Connection, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let query = sqlx::query_scalar(AuditEvent::TABLE.append(json_rows, "key")).bind(to_json(events));
    let mut keys: Vec<i64> = query.fetch_all(connection).await.map_err(failed)?;
    // SQLite does not specify the order of returned rows.
    keys.sort_unstable();
    Ok(keys.into_iter().map(i64::cast_unsigned).collect())
}
