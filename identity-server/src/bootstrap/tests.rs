//! Consecutive starts with the same store.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity_core::catalog::ResourceCatalog;
use identity_core::entity::Party;
use identity_core::fake::{FixedClock, MemoryAuditLog, MemoryPolicyStore, PlainPasswordHasher};
use identity_core::value::Secret;
use time::OffsetDateTime;

use super::*;
use crate::config;

fn config(initialization: &str) -> Config {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("identity.yaml");
    std::fs::write(&file, format!("profile: builtin\ninitialization:\n{initialization}")).unwrap();
    let sources = config::Sources { files: vec![file], environment: BTreeMap::new(), ..config::Sources::default() };
    sources.load().unwrap().config
}

async fn engine() -> Engine {
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    let (policy, audit) = (Arc::new(MemoryPolicyStore::default()), Arc::new(MemoryAuditLog::default()));
    Engine::start(policy, audit, clock, Sources::BuiltIn, ResourceCatalog::standard()).await.unwrap()
}

async fn start(engine: &Engine, initialization: &str) -> Result<(), BootstrapError> {
    apply(engine, &config(initialization), Some(&PlainPasswordHasher)).await
}

const FIRST: &str = "
  users: [{username: eve, password: p, name: Eve, email: eve@example.org}]
  mapping-rules: [{mapping-rule-id: rule, claim-name: c, claim-value: v}]
  groups: [{group-id: g, name: G, users: [eve], clients: [c], mapping-rules: [rule]}]
  roles: [{role-id: r, name: R, groups: [g]}]
  tenants:
    - {tenant-id: t, name: T, roles: [r], groups: [g]}
    - {tenant-id: <default>, name: Whatever, users: [eve]}
  default-roles:
    admin: {users: [eve]}
  authorizations:
    - {owner-type: ROLE, owner-id: r, resource-type: DOCUMENT, resource-id: '*', permissions: [CREATE, READ]}
    - {owner-type: ROLE, owner-id: r, resource-type: DOCUMENT, resource-id: '*', permissions: [READ, DELETE]}
    - {owner-type: GROUP, owner-id: g, resource-type: USER_TASK, resource-property-name: assignee, permissions: [READ]}
";

fn members(world: &World, container: &Container) -> Vec<String> {
    world.members(container).map(|party| party.to_string()).collect()
}

fn grants(world: &World, owner: &Party) -> Vec<String> {
    let mut all: Vec<String> = world
        .owned_by(owner)
        .map(|one| {
            let permissions: Vec<_> = one.permissions.iter().map(|name| name.as_str()).collect();
            format!("{} {}: {}", one.resource_type, one.scope, permissions.join(" "))
        })
        .collect();
    all.sort();
    all
}

fn party<T>(id: Result<T, InvalidValue>, make: impl Fn(T) -> Party) -> Party {
    make(id.unwrap())
}

#[tokio::test]
async fn what_is_configured_is_there_and_a_second_start_changes_nothing() {
    use identity_core::value::{GroupId, RoleId, TenantId};
    let engine = engine().await;
    start(&engine, FIRST).await.unwrap();
    let world = engine.world();
    let eve = world.user("eve").unwrap();
    assert_eq!(eve.email.as_ref().unwrap().as_str(), "eve@example.org");
    let role = |id| Container::Role(RoleId::parse(id).unwrap());
    let tenant = |id| Container::Tenant(TenantId::parse(id).unwrap());
    assert_eq!(members(&world, &role("admin")), ["user `eve`"]);
    assert_eq!(members(&world, &role("r")), ["group `g`"]);
    assert_eq!(members(&world, &tenant("t")).len(), 2);
    assert_eq!(members(&world, &Container::Group(GroupId::parse("g").unwrap())).len(), 3);
    assert!(members(&world, &tenant("<default>")).contains(&"user `eve`".to_owned()));
    assert_eq!(world.tenant("<default>").unwrap().name.as_str(), "Default");
    assert_eq!(grants(&world, &party(Username::parse("eve"), Party::User)), ["USER eve: READ"]);
    let of_role = grants(&world, &party(RoleId::parse("r"), Party::Role));
    assert_eq!(of_role, ["DOCUMENT *: CREATE READ", "DOCUMENT *: DELETE"]);
    let of_group = grants(&world, &party(GroupId::parse("g"), Party::Group));
    assert_eq!(of_group, ["USER_TASK property `assignee`: READ"]);

    start(&engine, FIRST).await.unwrap();
    assert_eq!(engine.world().revision(), world.revision());
}

#[tokio::test]
async fn what_differs_is_set_right_and_nothing_is_removed() {
    use identity_core::value::RoleId;
    let engine = engine().await;
    start(&engine, FIRST).await.unwrap();
    let password = engine.world().user("eve").unwrap().password.clone();
    let second = "
  users: [{username: eve, password: q, name: Evelyn}]
  mapping-rules: [{mapping-rule-id: rule, claim-name: d, claim-value: w}]
  groups: [{group-id: g, name: H, description: D}]
  roles: [{role-id: r, name: S, users: [eve]}]
  authorizations:
    - {owner-type: ROLE, owner-id: r, resource-type: DOCUMENT, resource-id: x, permissions: [READ]}
";
    start(&engine, second).await.unwrap();
    let world = engine.world();
    let eve = world.user("eve").unwrap();
    assert_eq!((eve.name.as_ref().unwrap().as_str(), &eve.email), ("Evelyn", &None));
    assert_eq!(eve.password, password, "theirs to change");
    let rule = world.mapping_rule("rule").unwrap();
    assert_eq!((rule.selector.as_str(), rule.value.as_str()), ("d", "w"));
    let group = world.group("g").unwrap();
    assert_eq!((group.name.as_str(), group.description.as_str()), ("H", "D"));
    let role = RoleId::parse("r").unwrap();
    assert_eq!(world.role("r").unwrap().name.as_str(), "S");
    assert_eq!(members(&world, &Container::Role(role.clone())).len(), 2);
    assert_eq!(grants(&world, &Party::Role(role)).len(), 3);
    assert!(world.tenant("t").is_some());
}

#[tokio::test]
async fn a_member_who_does_not_exist_stops_the_start_and_nothing_is_half_done() {
    let engine = engine().await;
    let error = start(&engine, "\n  groups: [{group-id: g, name: G, users: [nobody]}]").await.unwrap_err();
    assert_eq!(error.to_string(), "user `nobody` does not exist");
    assert!(engine.world().group("g").is_none());
}

#[tokio::test]
async fn the_users_of_both_forms_can_read_themselves() {
    let engine = engine().await;
    let mut config = config("  users: [{username: eve, password: p}]");
    let mut other = config.initialization.users[0].clone();
    (other.username, other.password) = (Username::parse("root").unwrap(), Secret::new("q".to_owned()));
    config.bootstrap.users.push(other);
    apply(&engine, &config, Some(&PlainPasswordHasher)).await.unwrap();
    for name in ["eve", "root"] {
        let user = Party::User(Username::parse(name).unwrap());
        assert_eq!(grants(&engine.world(), &user), [format!("USER {name}: READ")]);
    }
}
