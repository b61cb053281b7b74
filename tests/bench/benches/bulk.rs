//! Benchmark of bulk changes on SQLite, in changes per second. Creates users without passwords, memberships and
//! authorizations, 1000 per commit, and compares the rate with single changes. Fails if bulk changes are less than
//! [`LEAST`] times as fast.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports by printing and panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_adapters_sqlite::SqliteStores;
use identity_adapters_system::SystemClock;
use identity_bench::measure::asked_for;
use identity_core::apply::{Command, NewAuthorization, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{
    AuditDraft, AuditEntity, AuditOperation, Container, EntityKind, Group, Membership, Party, Principal, Scope, User,
};
use identity_core::fake::PlainPasswordHasher;
use identity_core::port::PasswordHasher as _;
use identity_core::preset;
use identity_core::service::bulk::{Bulk, IfExists, Item, MAX_ITEMS, NewPassword, Offers};
use identity_core::service::cluster::NewUser;
use identity_core::service::{Authorizer, Caller, user_creation};
use identity_core::value::{GroupId, Name, PermissionName, ResourceTypeName, RoleId, Secret, Username};
use identity_core::world::Sources;

/// Number of users; each becomes a member of a group and the owner of an authorization.
const USERS: usize = 10_000;
/// Number of users created by single changes.
const ONE_BY_ONE: usize = 100;
const LEAST: f64 = 10.0;

fn username(text: &str) -> Username {
    Username::parse(text).expect("a name")
}

/// A user, a membership and an authorization for each of `users` users.
fn items(prefix: &str, users: usize) -> Vec<Item> {
    let group = || Container::Group(GroupId::parse("staff").expect("an id"));
    let permission = PermissionName::parse("READ_PROCESS_DEFINITION").expect("a permission");
    let names = || (0..users).map(|n| username(&format!("{prefix}-{n}")));
    let created =
        names().map(|username| Item::CreateUser(NewUser { username, name: None, email: None }, NewPassword::Absent));
    let member = |username| Membership::new(group(), Party::User(username)).expect("a membership");
    let joined = names().map(|username| Item::Command(Command::AddMember(member(username))));
    let authorization = |username: Username| NewAuthorization {
        scope: Scope::from_resource_id(username.as_str()).expect("an id"),
        owner: Party::User(username),
        resource_type: ResourceTypeName::parse("PROCESS_DEFINITION").expect("a type"),
        permissions: [permission.clone()].into(),
        condition: None,
    };
    let granted = names().map(|username| Item::Command(Command::CreateAuthorization(authorization(username))));
    created.chain(joined).chain(granted).collect()
}

async fn apply(bulk: &Bulk, engine: &Engine, items: &[Item], at_once: usize) -> f64 {
    let root = Principal::User(username("root"));
    let begun = Instant::now();
    for chunk in items.chunks(at_once) {
        let caller = Caller::authenticated(engine.world(), root.clone(), None);
        bulk.apply(&caller, chunk.to_vec(), IfExists::Fail).await.expect("changes");
    }
    items.len() as f64 / begun.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    if !asked_for() {
        return;
    }
    let directory = tempfile::TempDir::new().expect("a directory");
    let stores = SqliteStores::open(directory.path().join("identity.db")).await.expect("a database");
    let (policy, audit) = (Arc::clone(&stores.policy) as _, Arc::clone(&stores.audit) as _);
    let engine = Engine::start(policy, audit, Arc::new(SystemClock), Sources::BuiltIn, ResourceCatalog::standard());
    let engine = Arc::new(engine.await.expect("an engine"));

    let mut commands = missing_defaults(&engine.world());
    let password = PlainPasswordHasher.hash(&Secret::new("secret".to_owned())).await.expect("a hash");
    commands.extend(user_creation(User::new(username("root"), password)));
    let admins = Container::Role(RoleId::parse(preset::ADMIN_ROLE).expect("an id"));
    commands.push(Command::AddMember(Membership::new(admins, Party::User(username("root"))).expect("a membership")));
    commands.push(Command::CreateGroup(Group::new(
        GroupId::parse("staff").expect("an id"),
        Name::parse("Staff").expect("a name"),
    )));
    let entity = AuditEntity { kind: EntityKind::Role, key: String::new() };
    let attempt = AuditDraft::new(AuditOperation::Update, entity);
    engine.execute(&ServerRequest, attempt, |_| Ok(commands)).await.expect("an administrator");

    let gates = (Authorizer::management(Arc::clone(&engine)), Authorizer::cluster(Arc::clone(&engine), true));
    let offers = Offers { tenants: true, resource_authorizations: true };
    let bulk = Bulk::new(gates.0, gates.1, Some(Arc::new(PlainPasswordHasher)), offers);
    let alone = apply(&bulk, &engine, &items("alone", ONE_BY_ONE), 1).await;
    let together = apply(&bulk, &engine, &items("bulk", USERS), MAX_ITEMS).await;
    let time = Duration::from_secs_f64(3.0 * USERS as f64 / together);
    println!("{alone:.0}/s one by one, {together:.0}/s in bulk: {:.0} times as many", together / alone);
    println!("{USERS} users, memberships and authorizations: {time:.1?}");
    assert!(together >= LEAST * alone, "bulk is too slow");
}
