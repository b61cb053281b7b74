//! The audit log on PostgreSQL.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use identity_adapters_sql::audit::{self, AuditPace, append_in_time};
use identity_adapters_sql::entity::{Stored as _, read, read_all, to_json};
use identity_core::entity::AuditEvent;
use identity_core::port::{AuditLog, AuditQuery, StoreError};
use identity_core::search::Found;
use identity_core::value::to_microsecond;
use sqlx::postgres::PgRow;
use sqlx::query::{Query, QueryScalar};
use time::OffsetDateTime;

use crate::database::{Connection, Database};
use crate::dialect::{AUDIT, json_rows};
use crate::error::failed;

/// [`AuditLog`] on PostgreSQL.
///
/// Keys are assigned when an entry is written. The entry becomes visible when its transaction is committed. Of two
/// concurrent entries, the one with the greater key may therefore become visible first.
#[derive(Debug)]
pub struct PostgresAuditLog {
    database: Arc<Database>,
    pace: AuditPace,
}

impl PostgresAuditLog {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database, pace: AuditPace::default() }
    }

    async fn write(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        let before = self.database.transactions();
        let mut transaction = self.database.begin().await?;
        let begun = Instant::now();
        let keys = insert(&mut transaction, events).await?;
        transaction.commit().await.map_err(failed)?;
        self.pace.note(events, before, begun.elapsed());
        Ok(keys)
    }

    async fn read(&self, query: &AuditQuery) -> Result<(Vec<PgRow>, i64), StoreError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut snapshot = self.database.search_connection().await?;
        snapshot.begin(SNAPSHOT).await.map_err(failed)?;
        let count = audit::count(query.filter(), &AUDIT);
        let total = count.parameters.into_iter().fold(sqlx::query_scalar(count.sql), QueryScalar::bind);
        let total = total.fetch_one(&mut snapshot).await.map_err(failed)?;
        Ok((rows(&mut snapshot, query).await?, total))
    }
}

#[async_trait]
impl AuditLog for PostgresAuditLog {
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.pace.wait(events, self.database.transactions()).await;
        append_in_time(self.write(events)).await
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        let find = || async {
            sqlx::query(AuditEvent::TABLE.select("WHERE audit_key = $1"))
                .bind(key.cast_signed())
                .fetch_optional(&mut self.database.connection().await?)
                .await
                .map_err(failed)
        };
        self.database.repeatable(find).await?.as_ref().map(read).transpose()
    }

    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError> {
        let mut transaction = self.database.begin().await?;
        let removed = sqlx::query(audit::PRUNE)
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
        let size: i64 = sqlx::query_scalar(audit::SIZE)
            .fetch_one(&mut self.database.search_connection().await?)
            .await
            .map_err(failed)?;
        Ok(size.cast_unsigned())
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        let (rows, total) = self.database.repeatable(|| self.read(query)).await?;
        Ok(query.found(read_all(&rows)?, usize::try_from(total).unwrap_or_default()))
    }

    async fn page(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let read = || async { rows(&mut self.database.search_connection().await?, query).await };
        Ok(query.found(read_all(&self.database.repeatable(read).await?)?, 0).items)
    }
}

/// Reads the rows of one page, in the order in which the store reads them.
async fn rows(connection: &mut Connection, query: &AuditQuery) -> Result<Vec<PgRow>, StoreError> {
    let page = audit::page(query, &AUDIT);
    let rows = page.parameters.into_iter().fold(sqlx::query(page.sql), Query::bind);
    rows.fetch_all(connection).await.map_err(failed)
}

/// Inserts entries in one statement and returns their keys, in the order of the entries.
pub(crate) async fn insert(connection: &mut Connection, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let query = sqlx::query_scalar(AuditEvent::TABLE.append(json_rows, "ordinality")).bind(to_json(events));
    let keys: Vec<i64> = query.fetch_all(connection).await.map_err(failed)?;
    Ok(keys.into_iter().map(i64::cast_unsigned).collect())
}
