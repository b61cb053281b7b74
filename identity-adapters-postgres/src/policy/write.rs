//! Writing the changes of a commit: a statement or two for each table, however many rows there are.

use identity_core::entity::{Authorization, Condition, CustomType, MappingRule, Membership, Role, User};
use identity_core::port::{Net, split};
use identity_core::value::{Description, Email, Issuer, Name};
use identity_core::world::Change;

use crate::database::Connection;

/// How many rows go into one statement: bounds the memory of both ends.
const BATCH: usize = 10_000;

pub(super) async fn write(connection: &mut Connection, changes: &[Change]) -> sqlx::Result<()> {
    let net = Net::of(changes);

    let (types, gone) = split(net.custom_types);
    delete(connection, "DELETE FROM resource_types WHERE resource_type = ANY ($1)", &gone).await?;
    for types in types.chunks(BATCH) {
        put_resource_types(connection, types).await?;
    }

    let (users, gone) = split(net.users);
    delete(connection, "DELETE FROM users WHERE username = ANY ($1)", &gone).await?;
    for users in users.chunks(BATCH) {
        put_users(connection, users).await?;
    }

    let (groups, gone) = split(net.groups);
    delete(connection, "DELETE FROM groups WHERE group_id = ANY ($1)", &gone).await?;
    for groups in groups.chunks(BATCH) {
        const SQL: &str = "INSERT INTO groups (group_id, name, description) \
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) \
            ON CONFLICT (group_id) DO UPDATE SET name = excluded.name, description = excluded.description";
        put_named(connection, SQL, groups.iter().map(|g| (g.id.as_str(), &g.name, &g.description))).await?;
    }

    let (roles, gone) = split(net.roles);
    delete(connection, "DELETE FROM roles WHERE role_id = ANY ($1)", &gone).await?;
    for roles in roles.chunks(BATCH) {
        put_roles(connection, roles).await?;
    }

    let (tenants, gone) = split(net.tenants);
    delete(connection, "DELETE FROM tenants WHERE tenant_id = ANY ($1)", &gone).await?;
    for tenants in tenants.chunks(BATCH) {
        const SQL: &str = "INSERT INTO tenants (tenant_id, name, description) \
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) \
            ON CONFLICT (tenant_id) DO UPDATE SET name = excluded.name, description = excluded.description";
        put_named(connection, SQL, tenants.iter().map(|t| (t.id.as_str(), &t.name, &t.description))).await?;
    }

    let (rules, gone) = split(net.mapping_rules);
    delete(connection, "DELETE FROM mapping_rules WHERE mapping_rule_id = ANY ($1)", &gone).await?;
    for rules in rules.chunks(BATCH) {
        put_mapping_rules(connection, rules).await?;
    }

    let (added, removed) = split(net.memberships);
    for removed in removed.chunks(BATCH) {
        const SQL: &str = "DELETE FROM memberships WHERE (container_type, container_id, member_type, member_id) \
            IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]))";
        memberships(connection, SQL, removed).await?;
    }
    for added in added.chunks(BATCH) {
        const SQL: &str = "INSERT INTO memberships (container_type, container_id, member_type, member_id) \
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING";
        memberships(connection, SQL, added).await?;
    }

    let (authorizations, gone) = split(net.authorizations);
    let gone: Vec<i64> = gone.into_iter().map(|key| key.0.cast_signed()).collect();
    if !gone.is_empty() {
        let statement = sqlx::query("DELETE FROM authorizations WHERE authorization_key = ANY ($1)");
        statement.bind(gone).execute(&mut *connection).await?;
    }
    for authorizations in authorizations.chunks(BATCH) {
        put_authorizations(connection, authorizations).await?;
    }
    Ok(())
}

async fn delete(connection: &mut Connection, sql: &'static str, keys: &[&str]) -> sqlx::Result<()> {
    if !keys.is_empty() {
        sqlx::query(sql).bind(keys).execute(connection).await?;
    }
    Ok(())
}

async fn put_resource_types(connection: &mut Connection, types: &[&CustomType]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO resource_types (resource_type, permissions, properties) \
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT (resource_type) \
         DO UPDATE SET permissions = excluded.permissions, properties = excluded.properties",
    )
    .bind(column(types, |kind| kind.name.as_str()))
    .bind(column(types, |kind| kind.permissions_column()))
    .bind(column(types, |kind| kind.properties_column()))
    .execute(connection)
    .await
    .map(drop)
}

async fn put_users(connection: &mut Connection, users: &[&User]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO users (username, name, email, password) \
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT (username) \
         DO UPDATE SET name = excluded.name, email = excluded.email, password = excluded.password",
    )
    .bind(column(users, |user| user.username.as_str()))
    .bind(column(users, |user| user.name.as_ref().map(Name::as_str)))
    .bind(column(users, |user| user.email.as_ref().map(Email::as_str)))
    .bind(column(users, |user| user.password.expose()))
    .execute(connection)
    .await
    .map(drop)
}

async fn put_named<'e>(
    connection: &mut Connection,
    sql: &'static str,
    rows: impl Iterator<Item = (&'e str, &'e Name, &'e Description)>,
) -> sqlx::Result<()> {
    let (mut ids, mut names, mut descriptions) = (Vec::new(), Vec::new(), Vec::new());
    for (id, name, description) in rows {
        ids.push(id);
        names.push(name.as_str());
        descriptions.push(description.as_str());
    }
    sqlx::query(sql).bind(ids).bind(names).bind(descriptions).execute(connection).await.map(drop)
}

async fn put_roles(connection: &mut Connection, roles: &[&Role]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO roles (role_id, name, description) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) \
        ON CONFLICT (role_id) DO UPDATE SET name = excluded.name, description = excluded.description";
    put_named(connection, SQL, roles.iter().map(|role| (role.id.as_str(), &role.name, &role.description))).await?;
    let ids = column(roles, |role| role.id.as_str());
    delete(connection, "DELETE FROM role_permissions WHERE role_id = ANY ($1)", &ids).await?;
    let pairs: Vec<_> = roles.iter().flat_map(|role| role.permissions.iter().map(|p| (role.id.as_str(), p))).collect();
    for pairs in pairs.chunks(BATCH) {
        sqlx::query(
            "INSERT INTO role_permissions (role_id, audience, definition) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
        )
        .bind(column(pairs, |(id, _)| *id))
        .bind(column(pairs, |(_, permission)| permission.audience.as_str()))
        .bind(column(pairs, |(_, permission)| permission.definition.as_str()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn put_mapping_rules(connection: &mut Connection, rules: &[&MappingRule]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO mapping_rules (mapping_rule_id, name, claim_name, operator, claim_value, kind, issuer) \
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) \
         ON CONFLICT (mapping_rule_id) DO UPDATE SET name = excluded.name, claim_name = excluded.claim_name, \
         operator = excluded.operator, claim_value = excluded.claim_value, kind = excluded.kind, \
         issuer = excluded.issuer",
    )
    .bind(column(rules, |rule| rule.id.as_str()))
    .bind(column(rules, |rule| rule.name.as_str()))
    .bind(column(rules, |rule| rule.selector.as_str()))
    .bind(column(rules, |rule| rule.operator.as_str()))
    .bind(column(rules, |rule| rule.value.as_str()))
    .bind(column(rules, |rule| rule.kind.as_str()))
    .bind(column(rules, |rule| rule.issuer.as_ref().map(Issuer::as_str)))
    .execute(connection)
    .await
    .map(drop)
}

async fn memberships(connection: &mut Connection, sql: &'static str, rows: &[&Membership]) -> sqlx::Result<()> {
    sqlx::query(sql)
        .bind(column(rows, |row| row.container().kind_name()))
        .bind(column(rows, |row| row.container().id()))
        .bind(column(rows, |row| row.member().kind_name()))
        .bind(column(rows, |row| row.member().id()))
        .execute(connection)
        .await
        .map(drop)
}

async fn put_authorizations(connection: &mut Connection, rows: &[&Authorization]) -> sqlx::Result<()> {
    let keys = column(rows, |row| row.key.0.cast_signed());
    sqlx::query(
        "INSERT INTO authorizations (authorization_key, owner_type, owner_id, resource_type, resource_match, \
         resource_value, condition) SELECT * \
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) \
         ON CONFLICT (authorization_key) DO UPDATE SET owner_type = excluded.owner_type, owner_id = excluded.owner_id, \
         resource_type = excluded.resource_type, resource_match = excluded.resource_match, \
         resource_value = excluded.resource_value, condition = excluded.condition",
    )
    .bind(&keys)
    .bind(column(rows, |row| row.owner.kind_name()))
    .bind(column(rows, |row| row.owner.id()))
    .bind(column(rows, |row| row.resource_type.as_str()))
    .bind(column(rows, |row| row.scope.match_name()))
    .bind(column(rows, |row| row.scope.match_value()))
    .bind(column(rows, |row| row.condition.as_ref().map(Condition::column)))
    .execute(&mut *connection)
    .await?;
    let statement = sqlx::query("DELETE FROM authorization_permissions WHERE authorization_key = ANY ($1)");
    statement.bind(keys).execute(&mut *connection).await?;
    let pairs: Vec<_> = rows.iter().flat_map(|row| row.permissions.iter().map(|name| (row.key, name))).collect();
    for pairs in pairs.chunks(BATCH) {
        sqlx::query(
            "INSERT INTO authorization_permissions (authorization_key, permission) \
             SELECT * FROM unnest($1::bigint[], $2::text[])",
        )
        .bind(column(pairs, |(key, _)| key.0.cast_signed()))
        .bind(column(pairs, |(_, name)| name.as_str()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn column<'e, E, T>(rows: &'e [E], value: impl Fn(&'e E) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
