//! Journal of deletions that are in progress in a directory, on SQLite.

use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sql::entity::{Stored as _, read_all, to_json};
use identity_core::entity::{AuditEvent, Deletion};
use identity_core::port::{DeletionJournal, StoreError};

use crate::audit;
use crate::database::Database;
use crate::dialect::json_rows;
use crate::error::failed;

/// [`DeletionJournal`] on SQLite. Closing an entry also writes the audit entry of its outcome, in the same transaction.
#[derive(Debug)]
pub struct SqliteDeletionJournal {
    database: Arc<Database>,
}

impl SqliteDeletionJournal {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DeletionJournal for SqliteDeletionJournal {
    async fn open(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        sqlx::query(Deletion::TABLE.insert(json_rows))
            .bind(to_json([deletion]))
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn close(&self, id: &str, outcome: &AuditEvent) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let closed = sqlx::query("DELETE FROM directory_deletions WHERE deletion_id = $1")
            .bind(id)
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        if closed.rows_affected() == 0 {
            return Ok(false);
        }
        audit::insert(&mut transaction, slice::from_ref(outcome)).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<Deletion>, StoreError> {
        let query = sqlx::query(Deletion::TABLE.select("ORDER BY attempted_at, deletion_id"));
        let rows = query.fetch_all(&mut self.database.reader().await?).await.map_err(failed)?;
        read_all(&rows)
    }
}
