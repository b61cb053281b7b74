//! Reading everything.

use futures_util::TryStreamExt;
use identity_core::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use identity_core::port::{Snapshot, StoreError};
use identity_core::value::{AuthorizationKey, Revision};
use identity_core::world::Change;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

use crate::database::Connection;
use crate::error::failed;

/// The connection must be in a transaction, so that all statements see the same commits.
pub(super) async fn load(connection: &mut Connection) -> Result<Snapshot, StoreError> {
    let revision: i64 =
        sqlx::query_scalar("SELECT revision FROM policy_revision").fetch_one(&mut *connection).await.map_err(failed)?;
    let mut changes = Vec::new();
    for (sql, read) in TABLES {
        let mut rows = sqlx::query(sql).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            changes.push(read(&row)?);
        }
    }
    Ok(Snapshot { revision: Revision(revision.cast_unsigned()), changes })
}

type Reader = fn(&SqliteRow) -> Result<Change, StoreError>;

/// Entities before what refers to them. Lists come as one text with `SEPARATOR` in between: 0x1f, which no id can hold.
const TABLES: [(&str, Reader); 8] = [
    ("SELECT resource_type, permissions, properties FROM resource_types", resource_type),
    ("SELECT username, name, email, password FROM users", user),
    ("SELECT group_id, name, description FROM groups", group),
    (
        "SELECT role_id, name, description, (SELECT group_concat(audience || char(31) || definition, char(31)) \
         FROM role_permissions p WHERE p.role_id = r.role_id) FROM roles r",
        role,
    ),
    ("SELECT tenant_id, name, description FROM tenants", tenant),
    ("SELECT mapping_rule_id, name, claim_name, operator, claim_value, kind, issuer FROM mapping_rules", mapping_rule),
    ("SELECT container_type, container_id, member_type, member_id FROM memberships", membership),
    (
        "SELECT authorization_key, owner_type, owner_id, resource_type, resource_match, resource_value, \
         (SELECT group_concat(permission, char(31)) FROM authorization_permissions p \
         WHERE p.authorization_key = a.authorization_key), condition FROM authorizations a ORDER BY authorization_key",
        authorization,
    ),
];

fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(failed)
}

fn resource_type(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    CustomType::from_columns(key, get(row, 1)?, get(row, 2)?)
        .map(Change::ResourceTypePut)
        .map_err(|error| StoreError::unreadable("resource_types", key, error))
}

fn user(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    User::from_columns(key, get(row, 1)?, get(row, 2)?, get(row, 3)?)
        .map(Change::UserPut)
        .map_err(|error| StoreError::unreadable("users", key, error))
}

fn group(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    Group::from_columns(key, get(row, 1)?, get(row, 2)?)
        .map(Change::GroupPut)
        .map_err(|error| StoreError::unreadable("groups", key, error))
}

fn role(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    Role::from_columns(key, get(row, 1)?, get(row, 2)?, get(row, 3)?)
        .map(Change::RolePut)
        .map_err(|error| StoreError::unreadable("roles", key, error))
}

fn tenant(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    Tenant::from_columns(key, get(row, 1)?, get(row, 2)?)
        .map(Change::TenantPut)
        .map_err(|error| StoreError::unreadable("tenants", key, error))
}

fn mapping_rule(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = get(row, 0)?;
    MappingRule::from_columns(key, get(row, 1)?, get(row, 2)?, get(row, 3)?, get(row, 4)?, get(row, 5)?, get(row, 6)?)
        .map(Change::MappingRulePut)
        .map_err(|error| StoreError::unreadable("mapping_rules", key, error))
}

fn membership(row: &SqliteRow) -> Result<Change, StoreError> {
    let columns: [&str; 4] = [get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?];
    let [container_type, container_id, member_type, member_id] = columns;
    Membership::from_columns(container_type, container_id, member_type, member_id)
        .map(Change::MemberAdded)
        .map_err(|error| StoreError::unreadable("memberships", columns.join(" "), error))
}

fn authorization(row: &SqliteRow) -> Result<Change, StoreError> {
    let key = AuthorizationKey(get::<i64>(row, 0)?.cast_unsigned());
    let owner = (get(row, 1)?, get(row, 2)?);
    Authorization::from_columns(key, owner, get(row, 3)?, (get(row, 4)?, get(row, 5)?), get(row, 6)?, get(row, 7)?)
        .map(Change::AuthorizationPut)
        .map_err(|error| StoreError::unreadable("authorizations", key, error))
}
