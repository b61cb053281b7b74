//! Built-in users that are inactive: no sign-in, no access, no power, and everything back after a reactivation.

#![expect(clippy::unwrap_used, reason = "a test")]

use identity_core::apply::{Command, NewAuthorization, Refusal, apply, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Explanation, Question, Remedy, decide};
use identity_core::diff::diff;
use identity_core::entity::{Container, Membership, Party, Principal, Scope, User};
use identity_core::preset::ADMIN_ROLE;
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::search::{Administration, SearchBudget, paths, principals_who_can, what_can, who_can};
use identity_core::value::{Name, PasswordHash, PermissionName, ResourceTypeName, RoleId, Username};
use identity_core::world::{Sources, World};

fn name(username: &str) -> Username {
    Username::parse(username).unwrap()
}

fn user(username: &str) -> User {
    User::new(name(username), PasswordHash::new("$argon2id$x".to_owned()))
}

fn changed(world: &World, commands: &[Command]) -> World {
    apply(world, commands, Authority::Administrator).unwrap().world
}

/// World with the administrators `ann` and `bob`; `ann` may also read the role `readonly-admin`.
fn world() -> World {
    let world = World::new(Sources::BuiltIn, ResourceCatalog::standard());
    let world = apply(&world, &missing_defaults(&world), Authority::Server).unwrap().world;
    let admin = || Container::Role(RoleId::parse(ADMIN_ROLE).unwrap());
    let join = |username| Command::AddMember(Membership::new(admin(), Party::User(name(username))).unwrap());
    let grant = NewAuthorization {
        owner: Party::User(name("ann")),
        resource_type: ResourceTypeName::parse("ROLE").unwrap(),
        scope: Scope::from_resource_id("readonly-admin").unwrap(),
        permissions: [PermissionName::parse("READ").unwrap()].into(),
        condition: None,
    };
    let users = [Command::CreateUser(user("ann")), Command::CreateUser(user("bob"))];
    let all: Vec<_> =
        users.into_iter().chain([join("ann"), join("bob"), Command::CreateAuthorization(grant)]).collect();
    changed(&world, &all)
}

fn deactivate(username: &str) -> [Command; 1] {
    [Command::DeactivateUser(name(username))]
}

fn reactivate(username: &str) -> [Command; 1] {
    [Command::ReactivateUser(name(username))]
}

fn subject(world: &World) -> Subject {
    resolve(world, ResolveInput::from(&Principal::User(name("ann"))))
}

fn question(world: &World) -> Question<'static> {
    Question::resource(world.catalog(), "ROLE", "READ", "readonly-admin").unwrap()
}

#[test]
fn loses_all_access_and_regains_it() {
    let before = world();
    let after = changed(&before, &deactivate("ann"));
    assert!(!after.user("ann").unwrap().is_active() && !after.user("ann").unwrap().has_password());
    let (ann, question) = (subject(&after), question(&after));
    assert!(ann.inactive && ann.roles.is_empty() && what_can(&after, &ann).next().is_none());
    assert!(!decide(&after, &ann, &question).allowed());
    assert_eq!(paths::from(&after, &ann).count(), 0);
    let holders = |world: &World| -> Vec<String> {
        who_can(world, &question).into_iter().map(|allowed| allowed.party.id().to_owned()).collect()
    };
    assert_eq!((holders(&before), holders(&after)), (vec!["ann".into(), "bob".into()], vec!["bob".into()]));
    let budget = SearchBudget::default();
    let found: Vec<_> = principals_who_can(&after, &question, false, None, &budget).collect();
    assert_eq!(found, [Principal::User(name("bob"))]);
    assert!(Administration::of(&after).parties().iter().all(|(party, _)| *party != Party::User(name("ann"))));

    let again = changed(&after, &reactivate("ann"));
    assert!(diff(&before, &again).changes.is_empty(), "memberships, authorizations and the password remain");
    assert!(decide(&again, &subject(&again), &question).allowed());
}

#[test]
fn explains_that_the_user_is_inactive() {
    let after = changed(&world(), &deactivate("ann"));
    let explained = |question: &Question<'_>| {
        let ann = subject(&after);
        let Explanation::Deny(misses) = decide(&after, &ann, question).explain(&after, &ann) else { panic!("allowed") };
        misses
    };
    let [miss] = &explained(&question(&after))[..] else { panic!("one remedy") };
    assert_eq!(miss.remedy, Remedy::Reactivate { user: name("ann") });
    assert!(miss.through.is_some(), "the access after the reactivation");
    let [miss] = &explained(&Question::permission("another-api", "read"))[..] else { panic!("one remedy") };
    assert!(miss.remedy == Remedy::Reactivate { user: name("ann") } && miss.through.is_none());
}

#[test]
fn a_simulation_names_what_is_lost() {
    let before = world();
    let found = diff(&before, &changed(&before, &deactivate("ann")));
    let [effect] = &found.effects[..] else { panic!("one effect") };
    assert!(effect.party == Party::User(name("ann")) && effect.gained.is_empty());
    let lost = serde_json::to_string(&effect.lost).unwrap();
    assert!(lost.contains(r#"{"kind":"ROLE","role":"admin"}"#) && lost.contains("readonly-admin"), "{lost}");
}

#[test]
fn the_last_administrator_cannot_be_deactivated() {
    let world = changed(&world(), &deactivate("bob"));
    let refused = apply(&world, &deactivate("ann"), Authority::Administrator).err().unwrap();
    assert!(matches!(refused, Refusal::LockOut(_)));
    let removed = apply(&world, &[Command::DeleteUser(name("ann"))], Authority::Administrator).err().unwrap();
    assert!(matches!(removed, Refusal::LockOut(_)), "an inactive administrator does not count");
}

#[test]
fn an_update_keeps_the_state() {
    let world = changed(&world(), &deactivate("ann"));
    let renamed = User { name: Some(Name::parse("Ann").unwrap()), ..user("ann") };
    let world = changed(&world, &[Command::UpdateUser(renamed.clone())]);
    assert!(!world.user("ann").unwrap().is_active());
    let world = changed(&world, &reactivate("ann"));
    assert_eq!(*world.user("ann").unwrap(), renamed);
    for none in [deactivate("ann"), reactivate("bob")] {
        let world = changed(&world, &deactivate("ann"));
        assert!(apply(&world, &none, Authority::Administrator).unwrap().changes.is_empty(), "{none:?}");
    }
}

#[test]
fn users_of_a_provider_are_never_inactive() {
    let rows: Vec<_> = changed(&world(), &deactivate("ann")).rows().collect();
    let empty = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
    let (world, _) = empty.replay(empty.revision().next(), &rows);
    assert!(!subject(&world).inactive && decide(&world, &subject(&world), &question(&world)).allowed());
}
