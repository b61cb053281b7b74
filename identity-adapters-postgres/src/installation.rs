//! The id of the installation, applied documents, and token cutoffs, on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sql::entity::{Stored as _, read_all};
use identity_core::port::{AppliedDocument, InstallationStore, StoreError, TokenCutoff, TokenCutoffStore};
use identity_core::value::{DocumentName, to_microsecond};
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;

/// [`InstallationStore`] and [`TokenCutoffStore`] on PostgreSQL.
#[derive(Debug)]
pub struct PostgresInstallation {
    database: Arc<Database>,
}

impl PostgresInstallation {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl InstallationStore for PostgresInstallation {
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError> {
        let keep = || async {
            sqlx::query("INSERT INTO installation (installation_id, only_row) VALUES ($1, 1) ON CONFLICT DO NOTHING")
                .bind(fresh)
                .execute(&mut self.database.connection().await?)
                .await
                .map_err(failed)?;
            let query = sqlx::query_scalar("SELECT installation_id FROM installation");
            query.fetch_one(&mut self.database.connection().await?).await.map_err(failed)
        };
        self.database.repeatable(keep).await
    }

    async fn put_document(&self, document: &AppliedDocument) -> Result<(), StoreError> {
        let keep = || async {
            sqlx::query(
                "INSERT INTO applied_documents AS kept (name, revision, applied_at, source, document) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, \
                 applied_at = excluded.applied_at, source = excluded.source, document = excluded.document \
                 WHERE kept.revision <= excluded.revision",
            )
            .bind(document.name.as_str())
            .bind(document.revision.0.cast_signed())
            .bind(to_microsecond(document.at))
            .bind(document.source.as_deref())
            .bind(&document.document)
            .execute(&mut self.database.connection().await?)
            .await
            .map_err(failed)
            .map(drop)
        };
        self.database.repeatable(keep).await
    }

    async fn remove_document(&self, name: &DocumentName) -> Result<(), StoreError> {
        let remove = || async {
            let query = sqlx::query("DELETE FROM applied_documents WHERE name = $1").bind(name.as_str());
            query.execute(&mut self.database.connection().await?).await.map_err(failed).map(drop)
        };
        self.database.repeatable(remove).await
    }

    async fn documents(&self) -> Result<Vec<AppliedDocument>, StoreError> {
        let read = || async {
            let query = sqlx::query(AppliedDocument::TABLE.select("ORDER BY name COLLATE \"C\""));
            query.fetch_all(&mut self.database.connection().await?).await.map_err(failed)
        };
        read_all(&self.database.repeatable(read).await?)
    }
}

#[async_trait]
impl TokenCutoffStore for PostgresInstallation {
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError> {
        let keep = || async {
            sqlx::query(
                "INSERT INTO token_cutoffs AS kept (principal_type, principal_id, not_before, expires_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (principal_type, principal_id) DO UPDATE \
                 SET not_before = greatest(kept.not_before, excluded.not_before), \
                 expires_at = greatest(kept.expires_at, excluded.expires_at)",
            )
            .bind(cutoff.principal.kind_name())
            .bind(cutoff.principal.id())
            .bind(to_microsecond(cutoff.not_before))
            .bind(to_microsecond(cutoff.expires_at))
            .execute(&mut self.database.connection().await?)
            .await
            .map_err(failed)
            .map(drop)
        };
        self.database.repeatable(keep).await
    }

    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError> {
        let read = || async {
            let query = sqlx::query(TokenCutoff::TABLE.select("WHERE expires_at > $1")).bind(now);
            query.fetch_all(&mut self.database.connection().await?).await.map_err(failed)
        };
        read_all(&self.database.repeatable(read).await?)
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let query = sqlx::query("DELETE FROM token_cutoffs WHERE expires_at <= $1").bind(now);
        Ok(query.execute(&mut self.database.connection().await?).await.map_err(failed)?.rows_affected())
    }
}
