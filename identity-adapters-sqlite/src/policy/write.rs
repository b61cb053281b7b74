//! Writing one change.

use identity_core::entity::{Authorization, MappingRule, Membership, Role, User};
use identity_core::value::{Description, Name};
use identity_core::world::Change;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};

pub(super) async fn write(connection: &mut SqliteConnection, change: &Change) -> sqlx::Result<()> {
    match change {
        Change::UserPut(user) => put_user(user).execute(connection).await,
        Change::UserRemoved(id) => {
            sqlx::query("DELETE FROM users WHERE username = ?").bind(id.as_str()).execute(connection).await
        }
        Change::GroupPut(group) => {
            const SQL: &str = "INSERT INTO groups (group_id, name, description) VALUES (?, ?, ?) \
                ON CONFLICT (group_id) DO UPDATE SET name = excluded.name, description = excluded.description";
            named(SQL, group.id.as_str(), &group.name, &group.description).execute(connection).await
        }
        Change::GroupRemoved(id) => {
            sqlx::query("DELETE FROM groups WHERE group_id = ?").bind(id.as_str()).execute(connection).await
        }
        Change::RolePut(role) => return put_role(connection, role).await,
        Change::RoleRemoved(id) => {
            sqlx::query("DELETE FROM roles WHERE role_id = ?").bind(id.as_str()).execute(connection).await
        }
        Change::TenantPut(tenant) => {
            const SQL: &str = "INSERT INTO tenants (tenant_id, name, description) VALUES (?, ?, ?) \
                ON CONFLICT (tenant_id) DO UPDATE SET name = excluded.name, description = excluded.description";
            named(SQL, tenant.id.as_str(), &tenant.name, &tenant.description).execute(connection).await
        }
        Change::TenantRemoved(id) => {
            sqlx::query("DELETE FROM tenants WHERE tenant_id = ?").bind(id.as_str()).execute(connection).await
        }
        Change::MappingRulePut(rule) => put_mapping_rule(rule).execute(connection).await,
        Change::MappingRuleRemoved(id) => {
            sqlx::query("DELETE FROM mapping_rules WHERE mapping_rule_id = ?")
                .bind(id.as_str())
                .execute(connection)
                .await
        }
        Change::MemberAdded(membership) => {
            const SQL: &str = "INSERT INTO memberships (container_type, container_id, member_type, member_id) \
                VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
            of_membership(SQL, membership).execute(connection).await
        }
        Change::MemberRemoved(membership) => {
            const SQL: &str = "DELETE FROM memberships \
                WHERE container_type = ? AND container_id = ? AND member_type = ? AND member_id = ?";
            of_membership(SQL, membership).execute(connection).await
        }
        Change::AuthorizationPut(authorization) => return put_authorization(connection, authorization).await,
        Change::AuthorizationRemoved(key) => {
            sqlx::query("DELETE FROM authorizations WHERE authorization_key = ?")
                .bind(key.0.cast_signed())
                .execute(connection)
                .await
        }
    }
    .map(drop)
}

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

fn named<'q>(sql: &'static str, id: &'q str, name: &'q Name, description: &'q Description) -> Statement<'q> {
    sqlx::query(sql).bind(id).bind(name.as_str()).bind(description.as_str())
}

fn of_membership<'q>(sql: &'static str, membership: &'q Membership) -> Statement<'q> {
    let (container, member) = (membership.container(), membership.member());
    sqlx::query(sql).bind(container.kind_name()).bind(container.id()).bind(member.kind_name()).bind(member.id())
}

fn put_user(user: &User) -> Statement<'_> {
    sqlx::query(
        "INSERT INTO users (username, name, email, password) VALUES (?, ?, ?, ?) ON CONFLICT (username) \
         DO UPDATE SET name = excluded.name, email = excluded.email, password = excluded.password",
    )
    .bind(user.username.as_str())
    .bind(user.name.as_ref().map(Name::as_str))
    .bind(user.email.as_ref().map(|email| email.as_str()))
    .bind(user.password.expose())
}

fn put_mapping_rule(rule: &MappingRule) -> Statement<'_> {
    sqlx::query(
        "INSERT INTO mapping_rules (mapping_rule_id, name, claim_name, operator, claim_value, kind) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (mapping_rule_id) DO UPDATE SET name = excluded.name, \
         claim_name = excluded.claim_name, operator = excluded.operator, claim_value = excluded.claim_value, \
         kind = excluded.kind",
    )
    .bind(rule.id.as_str())
    .bind(rule.name.as_str())
    .bind(rule.selector.as_str())
    .bind(rule.operator.as_str())
    .bind(rule.value.as_str())
    .bind(rule.kind.as_str())
}

async fn put_role(connection: &mut SqliteConnection, role: &Role) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO roles (role_id, name, description) VALUES (?, ?, ?) \
        ON CONFLICT (role_id) DO UPDATE SET name = excluded.name, description = excluded.description";
    let id = role.id.as_str();
    named(SQL, id, &role.name, &role.description).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM role_permissions WHERE role_id = ?").bind(id).execute(&mut *connection).await?;
    for permission in &role.permissions {
        sqlx::query("INSERT INTO role_permissions (role_id, audience, definition) VALUES (?, ?, ?)")
            .bind(id)
            .bind(permission.audience.as_str())
            .bind(permission.definition.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn put_authorization(connection: &mut SqliteConnection, authorization: &Authorization) -> sqlx::Result<()> {
    let key = authorization.key.0.cast_signed();
    sqlx::query(
        "INSERT INTO authorizations (authorization_key, owner_type, owner_id, resource_type, resource_match, \
         resource_value) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (authorization_key) DO UPDATE SET \
         owner_type = excluded.owner_type, owner_id = excluded.owner_id, resource_type = excluded.resource_type, \
         resource_match = excluded.resource_match, resource_value = excluded.resource_value",
    )
    .bind(key)
    .bind(authorization.owner.kind_name())
    .bind(authorization.owner.id())
    .bind(authorization.resource_type.as_str())
    .bind(authorization.scope.match_name())
    .bind(authorization.scope.match_value())
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM authorization_permissions WHERE authorization_key = ?")
        .bind(key)
        .execute(&mut *connection)
        .await?;
    for permission in &authorization.permissions {
        sqlx::query("INSERT INTO authorization_permissions (authorization_key, permission) VALUES (?, ?)")
            .bind(key)
            .bind(permission.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
