//! Selection of the schema for the tables if none is configured. The default is the role's default schema, unless it
//! contains tables of another application with the same names.

use identity_core::port::StoreError;

use crate::database::Connection;
use crate::error::failed;
use crate::migrations::MIGRATOR;
use crate::settings::Schema;

/// Schema to use if the default one contains tables of another application.
const OWN: &str = "identity_server";

/// Returns the schema to use in place of the role's default one. `None` if the default one is used.
pub(crate) async fn instead(connection: &mut Connection) -> Result<Option<Schema>, StoreError> {
    // The tables are looked up before the migrations. Another replica that migrates at the same time creates its tables
    // and records the migration in one transaction. Its tables are therefore not mistaken for those of another
    // application.
    let taken = taken(connection).await?;
    if is_ours(connection, None).await? {
        return Ok(None);
    }
    // Once migrated into the schema `identity_server`, a server stays there, even if the tables of the other
    // application no longer exist.
    let Ok(own) = Schema::parse(OWN) else { return Ok(None) };
    if is_ours(connection, Some(OWN)).await? {
        return Ok(Some(own));
    }
    let table = match taken {
        Some(table) => table,
        // An empty migrations table does not belong to another application: another replica may have just created it.
        None if lists_others(connection).await? => "_sqlx_migrations".to_owned(),
        None => return Ok(None),
    };
    tracing::warn!(
        table,
        schema = OWN,
        "store.schema.taken: the default schema of the database contains tables of another application with the same \
         names; this server uses another schema; set `store.postgres.schema` to select one"
    );
    Ok(Some(own))
}

/// Returns a table of the default schema that has the name of one of this server's tables. `None` if no name is taken.
async fn taken(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    let names: Vec<String> = tables().collect();
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = current_schema() AND c.relname = ANY($1) ORDER BY 1 LIMIT 1",
    )
    .bind(names)
    .fetch_optional(connection)
    .await
    .map_err(failed)
}

/// Returns whether the migrations table of a schema lists a migration of this server. `None` stands for the role's
/// default schema.
async fn is_ours(connection: &mut Connection, schema: Option<&str>) -> Result<bool, StoreError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = coalesce($1, current_schema()) AND c.relname = '_sqlx_migrations')";
    let exists: bool = sqlx::query_scalar(exists).bind(schema).fetch_one(&mut *connection).await.map_err(failed)?;
    if !exists {
        return Ok(false);
    }
    let sql = match schema {
        None => {
            "SELECT EXISTS (SELECT FROM _sqlx_migrations m JOIN unnest($1::bigint[], $2::text[]) AS o (version, description) \
            ON o.version = m.version AND o.description = m.description)"
        }
        Some(_) => {
            "SELECT EXISTS (SELECT FROM identity_server._sqlx_migrations m \
            JOIN unnest($1::bigint[], $2::text[]) AS o (version, description) \
            ON o.version = m.version AND o.description = m.description)"
        }
    };
    let (versions, descriptions) = ours();
    sqlx::query_scalar(sql).bind(versions).bind(descriptions).fetch_one(connection).await.map_err(failed)
}

/// Returns whether the migrations table of the default schema lists migrations, but none of this server's. One query
/// reads both, because another replica may add the first migration concurrently.
async fn lists_others(connection: &mut Connection) -> Result<bool, StoreError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = current_schema() AND c.relname = '_sqlx_migrations')";
    let exists: bool = sqlx::query_scalar(exists).fetch_one(&mut *connection).await.map_err(failed)?;
    if !exists {
        return Ok(false);
    }
    let sql = "SELECT count(*) > 0 AND count(o.version) = 0 FROM _sqlx_migrations m \
        LEFT JOIN unnest($1::bigint[], $2::text[]) AS o (version, description) \
        ON o.version = m.version AND o.description = m.description";
    let (versions, descriptions) = ours();
    sqlx::query_scalar(sql).bind(versions).bind(descriptions).fetch_one(connection).await.map_err(failed)
}

/// Returns the versions and descriptions of this server's migrations, in the same order.
fn ours() -> (Vec<i64>, Vec<String>) {
    MIGRATOR.iter().map(|migration| (migration.version, migration.description.to_string())).unzip()
}

/// Returns the names of the tables that the migrations create.
fn tables() -> impl Iterator<Item = String> {
    MIGRATOR.iter().flat_map(|migration| {
        let statements = migration.sql.as_str().split("CREATE TABLE ").skip(1);
        let names = statements.filter_map(|rest| rest.split([' ', '(', '\n']).next().map(str::to_owned));
        names.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tables_are_known() {
        let tables: Vec<String> = tables().collect();
        for table in ["users", "tenants", "sessions", "token_cutoffs"] {
            assert!(tables.iter().any(|known| known == table), "{table} of {tables:?}");
        }
        assert!(tables.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')), "{tables:?}");
    }
}
