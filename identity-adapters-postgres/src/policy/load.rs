//! Reading everything.

use std::time::Duration;

use futures_util::TryStreamExt;
use identity_core::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use identity_core::port::{Snapshot, StoreError};
use identity_core::value::{AuthorizationKey, Revision};
use identity_core::world::Change;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row, Type};

use crate::database::Connection;
use crate::error::failed;

/// How long one table may take. More than other statements: this one reads everything.
const TABLE_TIMEOUT: &str = "SET LOCAL statement_timeout = '10min'";
/// How long the database may take to find the next row.
const ROW_TIMEOUT: Duration = Duration::from_mins(1);

pub(super) async fn load(mut transaction: Connection) -> Result<Snapshot, StoreError> {
    transaction.be_patient(ROW_TIMEOUT);
    transaction.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
    sqlx::query(TABLE_TIMEOUT).execute(&mut transaction).await.map_err(failed)?;
    let revision: i64 =
        sqlx::query_scalar("SELECT revision FROM policy_revision").fetch_one(&mut transaction).await.map_err(failed)?;
    let mut changes = Vec::new();
    for (sql, read) in TABLES {
        let mut rows = sqlx::query(sql).fetch(&mut transaction);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            changes.push(read(&row)?);
        }
    }
    Ok(Snapshot { revision: Revision(revision.cast_unsigned()), changes })
}

type Reader = fn(&PgRow) -> Result<Change, StoreError>;

/// Entities before what refers to them. Lists come as one text with `SEPARATOR` in between: 0x1f, which no id can hold.
const TABLES: [(&str, Reader); 8] = [
    ("SELECT resource_type, permissions, properties FROM resource_types", resource_type),
    ("SELECT username, name, email, password FROM users", user),
    ("SELECT group_id, name, description FROM groups", group),
    (
        "SELECT role_id, name, description, p.list FROM roles LEFT JOIN \
         (SELECT role_id, string_agg(audience || chr(31) || definition, chr(31)) AS list FROM role_permissions \
         GROUP BY role_id) p USING (role_id)",
        role,
    ),
    ("SELECT tenant_id, name, description FROM tenants", tenant),
    ("SELECT mapping_rule_id, name, claim_name, operator, claim_value, kind, issuer FROM mapping_rules", mapping_rule),
    ("SELECT container_type, container_id, member_type, member_id FROM memberships", membership),
    (
        "SELECT authorization_key, owner_type, owner_id, resource_type, resource_match, resource_value, \
         p.list, condition FROM authorizations LEFT JOIN \
         (SELECT authorization_key, string_agg(permission, chr(31)) AS list FROM authorization_permissions \
         GROUP BY authorization_key) p USING (authorization_key) ORDER BY authorization_key",
        authorization,
    ),
];

fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(row: &'r PgRow, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(failed)
}

fn resource_type(row: &PgRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    CustomType::from_columns(key, get(row, 1)?, get(row, 2)?)
        .map(Change::ResourceTypePut)
        .map_err(|error| StoreError::unreadable("resource_types", key, error))
}

fn user(row: &PgRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    User::from_columns(key, get(row, 1)?, get(row, 2)?, get(row, 3)?)
        .map(Change::UserPut)
        .map_err(|error| StoreError::unreadable("users", key, error))
}

fn group(row: &PgRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    Group::from_columns(key, get(row, 1)?, get(row, 2)?)
        .map(Change::GroupPut)
        .map_err(|error| StoreError::unreadable("groups", key, error))
}

fn role(row: &PgRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    Role::from_columns(key, get(row, 1)?, get(row, 2)?, get(row, 3)?)
        .map(Change::RolePut)
        .map_err(|error| StoreError::unreadable("roles", key, error))
}

fn tenant(row: &PgRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    Tenant::from_columns(key, get(row, 1)?, get(row, 2)?)
        .map(Change::TenantPut)
        .map_err(|error| StoreError::unreadable("tenants", key, error))
}

fn mapping_rule(row: &PgRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    MappingRule::from_columns(key, get(row, 1)?, get(row, 2)?, get(row, 3)?, get(row, 4)?, get(row, 5)?, get(row, 6)?)
        .map(Change::MappingRulePut)
        .map_err(|error| StoreError::unreadable("mapping_rules", key, error))
}

fn membership(row: &PgRow) -> Result<Change, StoreError> {
    let columns: [&str; 4] = [get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?];
    let [container_type, container_id, member_type, member_id] = columns;
    Membership::from_columns(container_type, container_id, member_type, member_id)
        .map(Change::MemberAdded)
        .map_err(|error| StoreError::unreadable("memberships", columns.join(" "), error))
}

fn authorization(row: &PgRow) -> Result<Change, StoreError> {
    let key = AuthorizationKey(get::<i64>(row, 0)?.cast_unsigned());
    let owner = (get(row, 1)?, get(row, 2)?);
    Authorization::from_columns(key, owner, get(row, 3)?, (get(row, 4)?, get(row, 5)?), get(row, 6)?, get(row, 7)?)
        .map(Change::AuthorizationPut)
        .map_err(|error| StoreError::unreadable("authorizations", key, error))
}
