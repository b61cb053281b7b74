//! The id of the installation, applied documents, and token cutoffs, on SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sql::entity::{Stored as _, read_all};
use identity_core::port::{AppliedDocument, InstallationStore, StoreError, TokenCutoff, TokenCutoffStore};
use identity_core::value::{DocumentName, time_text};
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;

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
        sqlx::query("INSERT INTO installation (installation_id, only_row) VALUES ($1, 1) ON CONFLICT DO NOTHING")
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

    async fn put_document(&self, document: &AppliedDocument) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        sqlx::query(
            "INSERT INTO applied_documents AS kept (name, revision, applied_at, source, document) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, \
             applied_at = excluded.applied_at, source = excluded.source, document = excluded.document \
             WHERE kept.revision <= excluded.revision",
        )
        .bind(document.name.as_str())
        .bind(document.revision.0.cast_signed())
        .bind(time_text(document.at))
        .bind(document.source.as_deref())
        .bind(&document.document)
        .execute(&mut transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn remove_document(&self, name: &DocumentName) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        sqlx::query("DELETE FROM applied_documents WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn documents(&self) -> Result<Vec<AppliedDocument>, StoreError> {
        let query = sqlx::query(AppliedDocument::TABLE.select("ORDER BY name"));
        read_all(&query.fetch_all(&mut self.database.reader().await?).await.map_err(failed)?)
    }
}

#[async_trait]
impl TokenCutoffStore for SqliteInstallation {
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        sqlx::query(
            "INSERT INTO token_cutoffs (principal_type, principal_id, not_before, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (principal_type, principal_id) DO UPDATE SET not_before = max(not_before, excluded.not_before), \
             expires_at = max(expires_at, excluded.expires_at)",
        )
        .bind(cutoff.principal.kind_name())
        .bind(cutoff.principal.id())
        .bind(time_text(cutoff.not_before))
        .bind(time_text(cutoff.expires_at))
        .execute(&mut transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError> {
        let query = sqlx::query(TokenCutoff::TABLE.select("WHERE expires_at > $1"));
        let rows = query.bind(time_text(now)).fetch_all(&mut self.database.reader().await?).await.map_err(failed)?;
        read_all(&rows)
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let swept = sqlx::query("DELETE FROM token_cutoffs WHERE expires_at <= $1")
            .bind(time_text(now))
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(swept.rows_affected())
    }
}
