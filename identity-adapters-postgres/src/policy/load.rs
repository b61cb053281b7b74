//! Loads all policy data from PostgreSQL.

use async_trait::async_trait;
use identity_adapters_sql::policy::{Pages, load as load_pages};
use identity_core::port::{Loading, StoreError};
use identity_core::value::Revision;
use sqlx::SqlStr;

use crate::database::Connection;
use crate::dialect::pack;
use crate::error::failed;

pub(super) async fn load(mut connection: Connection, into: &mut Loading<'_>) -> Result<Revision, StoreError> {
    connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
    load_pages(&mut Snapshot(connection), pack, into).await
}

struct Snapshot(Connection);

#[async_trait]
impl Pages for Snapshot {
    async fn page(&mut self, sql: SqlStr, parameters: &[String]) -> Result<Option<String>, StoreError> {
        let query = parameters.iter().fold(sqlx::query_scalar(sql), |query, text| query.bind(text.clone()));
        query.fetch_one(&mut self.0).await.map_err(failed)
    }
}
