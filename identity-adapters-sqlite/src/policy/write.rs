//! Writing the changes of a commit: a statement or two for each table, however many rows there are. The rows travel as one
//! JSON array, because every statement is a round trip to the thread of the connection.

use identity_core::entity::{Authorization, Condition, CustomType, MappingRule, Membership, Role, User};
use identity_core::port::{Net, split};
use identity_core::value::{Description, Email, Issuer, Name};
use identity_core::world::Change;
use serde_json::{Value, json};

use crate::database::Connection;

/// How many rows go into one statement: bounds the memory.
const BATCH: usize = 10_000;

pub(super) async fn write(connection: &mut Connection, changes: &[Change]) -> sqlx::Result<()> {
    let net = Net::of(changes);

    let (types, gone) = split(net.custom_types);
    const DELETE_TYPES: &str = "DELETE FROM resource_types WHERE resource_type IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_TYPES, json(gone.into_iter().map(Value::from))).await?;
    const PUT_TYPES: &str = "INSERT INTO resource_types (resource_type, permissions, properties) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE \
        ON CONFLICT (resource_type) DO UPDATE SET permissions = excluded.permissions, properties = excluded.properties";
    run(connection, PUT_TYPES, json(types.into_iter().map(resource_type))).await?;

    let (users, gone) = split(net.users);
    const DELETE_USERS: &str = "DELETE FROM users WHERE username IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_USERS, json(gone.into_iter().map(Value::from))).await?;
    const PUT_USERS: &str = "INSERT INTO users (username, name, email, password) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE TRUE \
        ON CONFLICT (username) DO UPDATE SET name = excluded.name, email = excluded.email, password = excluded.password";
    run(connection, PUT_USERS, json(users.into_iter().map(user))).await?;

    let (groups, gone) = split(net.groups);
    const DELETE_GROUPS: &str = "DELETE FROM groups WHERE group_id IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_GROUPS, json(gone.into_iter().map(Value::from))).await?;
    const PUT_GROUPS: &str = "INSERT INTO groups (group_id, name, description) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE \
        ON CONFLICT (group_id) DO UPDATE SET name = excluded.name, description = excluded.description";
    let rows = groups.into_iter().map(|group| named(group.id.as_str(), &group.name, &group.description));
    run(connection, PUT_GROUPS, json(rows)).await?;

    let (roles, gone) = split(net.roles);
    const DELETE_ROLES: &str = "DELETE FROM roles WHERE role_id IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_ROLES, json(gone.into_iter().map(Value::from))).await?;
    put_roles(connection, &roles).await?;

    let (tenants, gone) = split(net.tenants);
    const DELETE_TENANTS: &str = "DELETE FROM tenants WHERE tenant_id IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_TENANTS, json(gone.into_iter().map(Value::from))).await?;
    const PUT_TENANTS: &str = "INSERT INTO tenants (tenant_id, name, description) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE \
        ON CONFLICT (tenant_id) DO UPDATE SET name = excluded.name, description = excluded.description";
    let rows = tenants.into_iter().map(|tenant| named(tenant.id.as_str(), &tenant.name, &tenant.description));
    run(connection, PUT_TENANTS, json(rows)).await?;

    let (rules, gone) = split(net.mapping_rules);
    const DELETE_RULES: &str = "DELETE FROM mapping_rules WHERE mapping_rule_id IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_RULES, json(gone.into_iter().map(Value::from))).await?;
    const PUT_RULES: &str = "INSERT INTO mapping_rules \
        (mapping_rule_id, name, claim_name, operator, claim_value, kind, issuer) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
        FROM json_each(?) WHERE TRUE \
        ON CONFLICT (mapping_rule_id) DO UPDATE SET name = excluded.name, claim_name = excluded.claim_name, \
        operator = excluded.operator, claim_value = excluded.claim_value, kind = excluded.kind, \
        issuer = excluded.issuer";
    run(connection, PUT_RULES, json(rules.into_iter().map(mapping_rule))).await?;

    let (added, removed) = split(net.memberships);
    const REMOVE_MEMBERS: &str = "DELETE FROM memberships WHERE (container_type, container_id, member_type, member_id) \
        IN (SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?))";
    run(connection, REMOVE_MEMBERS, json(removed.into_iter().map(membership))).await?;
    const ADD_MEMBERS: &str = "INSERT INTO memberships (container_type, container_id, member_type, member_id) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";
    run(connection, ADD_MEMBERS, json(added.into_iter().map(membership))).await?;

    let (authorizations, gone) = split(net.authorizations);
    const DELETE_AUTHORIZATIONS: &str =
        "DELETE FROM authorizations WHERE authorization_key IN (SELECT value FROM json_each(?))";
    run(connection, DELETE_AUTHORIZATIONS, json(gone.into_iter().map(|key| json!(key.0.cast_signed())))).await?;
    put_authorizations(connection, &authorizations).await
}

/// Runs a statement over rows, many at a time; not at all when there are none.
async fn run(connection: &mut Connection, sql: &'static str, batches: Vec<String>) -> sqlx::Result<()> {
    for batch in batches {
        sqlx::query(sql).bind(batch).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Rows as JSON arrays of bounded length.
fn json(mut rows: impl Iterator<Item = Value>) -> Vec<String> {
    let batch = || Some(rows.by_ref().take(BATCH).collect::<Vec<_>>()).filter(|batch| !batch.is_empty());
    std::iter::from_fn(batch).map(|batch| Value::Array(batch).to_string()).collect()
}

fn resource_type(kind: &CustomType) -> Value {
    json!([kind.name.as_str(), kind.permissions_column(), kind.properties_column()])
}

fn user(user: &User) -> Value {
    let (name, email) = (user.name.as_ref().map(Name::as_str), user.email.as_ref().map(Email::as_str));
    json!([user.username.as_str(), name, email, user.password.expose()])
}

fn named(id: &str, name: &Name, description: &Description) -> Value {
    json!([id, name.as_str(), description.as_str()])
}

fn mapping_rule(rule: &MappingRule) -> Value {
    let (selector, value) = (rule.selector.as_str(), rule.value.as_str());
    let (operator, kind, issuer) =
        (rule.operator.as_str(), rule.kind.as_str(), rule.issuer.as_ref().map(Issuer::as_str));
    json!([rule.id.as_str(), rule.name.as_str(), selector, operator, value, kind, issuer])
}

fn membership(membership: &Membership) -> Value {
    let (container, member) = (membership.container(), membership.member());
    json!([container.kind_name(), container.id(), member.kind_name(), member.id()])
}

async fn put_roles(connection: &mut Connection, roles: &[&Role]) -> sqlx::Result<()> {
    const PUT: &str = "INSERT INTO roles (role_id, name, description) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE \
        ON CONFLICT (role_id) DO UPDATE SET name = excluded.name, description = excluded.description";
    let rows = roles.iter().map(|role| named(role.id.as_str(), &role.name, &role.description));
    run(connection, PUT, json(rows)).await?;
    const CLEAR: &str = "DELETE FROM role_permissions WHERE role_id IN (SELECT value FROM json_each(?))";
    run(connection, CLEAR, json(roles.iter().map(|role| json!(role.id.as_str())))).await?;
    const FILL: &str = "INSERT INTO role_permissions (role_id, audience, definition) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    let permissions = roles.iter().flat_map(|role| {
        role.permissions.iter().map(|p| json!([role.id.as_str(), p.audience.as_str(), p.definition.as_str()]))
    });
    run(connection, FILL, json(permissions)).await
}

async fn put_authorizations(connection: &mut Connection, rows: &[&Authorization]) -> sqlx::Result<()> {
    const PUT: &str = "INSERT INTO authorizations \
        (authorization_key, owner_type, owner_id, resource_type, resource_match, resource_value, condition) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
        FROM json_each(?) WHERE TRUE \
        ON CONFLICT (authorization_key) DO UPDATE SET owner_type = excluded.owner_type, owner_id = excluded.owner_id, \
        resource_type = excluded.resource_type, resource_match = excluded.resource_match, \
        resource_value = excluded.resource_value, condition = excluded.condition";
    let key = |row: &Authorization| row.key.0.cast_signed();
    let authorizations = rows.iter().map(|row| {
        let (owner, scope) = (&row.owner, &row.scope);
        let resource_type = row.resource_type.as_str();
        let condition = row.condition.as_ref().map(Condition::column);
        let (how, value) = (scope.match_name(), scope.match_value());
        json!([key(row), owner.kind_name(), owner.id(), resource_type, how, value, condition])
    });
    run(connection, PUT, json(authorizations)).await?;
    const CLEAR: &str =
        "DELETE FROM authorization_permissions WHERE authorization_key IN (SELECT value FROM json_each(?))";
    run(connection, CLEAR, json(rows.iter().map(|row| json!(key(row))))).await?;
    const FILL: &str = "INSERT INTO authorization_permissions (authorization_key, permission) \
        SELECT value ->> 0, value ->> 1 FROM json_each(?)";
    let permissions =
        rows.iter().flat_map(|row| row.permissions.iter().map(|permission| json!([key(row), permission.as_str()])));
    run(connection, FILL, json(permissions)).await
}
