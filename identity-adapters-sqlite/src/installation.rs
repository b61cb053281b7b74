//! The installation's id, and cutoffs of tokens.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::Principal;
use identity_core::port::{InstallationStore, StoreError, TokenCutoff, TokenCutoffStore};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;
use crate::timestamp::{parse, to_text};

/// [`InstallationStore`] and [`TokenCutoffStore`] on SQLite.
#[derive(Debug)]
pub struct SqliteInstallation {
    database: Arc<Database>,
}

impl SqliteInstallation {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl InstallationStore for SqliteInstallation {
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError> {
        let mut transaction = self.database.write().await?;
        sqlx::query("INSERT INTO installation (installation_id, only_row) VALUES (?, 1) ON CONFLICT DO NOTHING")
            .bind(fresh)
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        let kept = sqlx::query_scalar("SELECT installation_id FROM installation")
            .fetch_one(&mut transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(kept)
    }
}

#[async_trait]
impl TokenCutoffStore for SqliteInstallation {
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        sqlx::query(
            "INSERT INTO token_cutoffs (principal_type, principal_id, not_before, expires_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (principal_type, principal_id) DO UPDATE SET not_before = max(not_before, excluded.not_before), \
             expires_at = max(expires_at, excluded.expires_at)",
        )
        .bind(cutoff.principal.kind_name())
        .bind(cutoff.principal.id())
        .bind(to_text(cutoff.not_before))
        .bind(to_text(cutoff.expires_at))
        .execute(&mut transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError> {
        let query = sqlx::query("SELECT * FROM token_cutoffs WHERE expires_at > ?");
        let rows = query.bind(to_text(now)).fetch_all(&mut self.database.reader().await?).await.map_err(failed)?;
        rows.iter().map(cutoff).collect()
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let swept = sqlx::query("DELETE FROM token_cutoffs WHERE expires_at <= ?")
            .bind(to_text(now))
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(swept.rows_affected())
    }
}

fn cutoff(row: &SqliteRow) -> Result<TokenCutoff, StoreError> {
    const TABLE: &str = "token_cutoffs";
    let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
    let id = text("principal_id")?;
    Ok(TokenCutoff {
        principal: Principal::parse(text("principal_type")?, id)
            .map_err(|error| StoreError::unreadable(TABLE, id, error))?,
        not_before: parse(TABLE, id, text("not_before")?)?,
        expires_at: parse(TABLE, id, text("expires_at")?)?,
    })
}
