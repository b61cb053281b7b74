//! The golden matrix: the permissions of each default role, of a user without roles and of a client on each resource
//! type in a new installation. Review every change of the snapshot as a change of permissions.

#![expect(clippy::unwrap_used, reason = "a test")]

use identity_core::apply::{Command, apply, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Property, Question, Target, decide};
use identity_core::entity::{Container, Membership, Party, Principal};
use identity_core::preset;
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::service::user_creation;
use identity_core::value::{ClientId, PasswordHash, RoleId, Username};
use identity_core::world::{Sources, World};
use serde_json::json;

const ROLES: [&str; 6] = ["admin", "readonly-admin", "connectors", "app-integrations", "rpa", "task-worker"];

/// The defaults, with one user per role and one user without roles.
fn world(sources: Sources) -> World {
    let empty = World::new(sources, ResourceCatalog::standard());
    let mut commands = missing_defaults(&empty);
    for name in ROLES.into_iter().chain(["nobody"]) {
        let username = Username::parse(name).unwrap();
        let user = identity_core::entity::User {
            username,
            name: None,
            email: None,
            password: PasswordHash::new(String::new()),
        };
        commands.extend(user_creation(user));
    }
    for role in ROLES {
        let container = Container::Role(RoleId::parse(role).unwrap());
        let member = Party::User(Username::parse(role).unwrap());
        commands.push(Command::AddMember(Membership::new(container, member).unwrap()));
    }
    apply(&empty, &commands, Authority::Server).unwrap().world
}

/// `*` for permission on all resources, `p` for permission on resources assigned to the caller, `.` for no permission.
fn mark(world: &World, subject: &Subject, resource_type: &str, permission: &str) -> char {
    let matrix = world.catalog();
    if decide(world, subject, &Question::all_resources(matrix, resource_type, permission).unwrap()).allowed() {
        return '*';
    }
    let (assignee, access) = (json!(subject.principal.id()), matrix.access(resource_type, permission).unwrap());
    let properties = [Property { name: "assignee", value: &assignee }];
    let named = Question::Resource { access, target: Target::WithProperties("1", &properties) };
    if decide(world, subject, &named).allowed() { 'p' } else { '.' }
}

#[test]
fn what_everybody_may_do_with_everything() {
    let world = world(Sources::BuiltIn);
    let mut callers: Vec<(String, Principal)> = ROLES
        .into_iter()
        .chain(["nobody"])
        .map(|name| (name.to_owned(), Principal::User(Username::parse(name).unwrap())))
        .collect();
    callers.push(("a client".to_owned(), Principal::Client(ClientId::parse("admin").unwrap())));
    let subjects: Vec<Subject> =
        callers.iter().map(|(_, principal)| resolve(&world, ResolveInput::from(principal))).collect();

    let mut table = String::new();
    for (column, (name, _)) in callers.iter().enumerate() {
        table.push_str(&format!("{}{name}\n", "| ".repeat(column)));
    }
    for kind in world.catalog().types() {
        for permission in &kind.permissions {
            for subject in &subjects {
                table.push(mark(&world, subject, kind.name.as_str(), permission.as_str()));
                table.push(' ');
            }
            table.push_str(&format!("{} {permission}\n", kind.name));
        }
    }
    for definition in [preset::READ, preset::READ_USERS, preset::WRITE] {
        for subject in &subjects {
            let question = Question::permission(preset::IDENTITY_AUDIENCE, definition);
            table.push_str(if decide(&world, subject, &question).allowed() { "* " } else { ". " });
        }
        table.push_str(&format!("{} {definition}\n", preset::IDENTITY_AUDIENCE));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn everybody_sees_themselves_and_only_readers_of_users_see_others() {
    let world = world(Sources::BuiltIn);
    for who in ROLES.into_iter().chain(["nobody"]) {
        let principal = Principal::User(Username::parse(who).unwrap());
        let subject = resolve(&world, ResolveInput::from(&principal));
        for whom in ROLES.into_iter().chain(["nobody"]) {
            let question = Question::resource(world.catalog(), "USER", "READ", whom).unwrap();
            let expected = who == whom || ["admin", "readonly-admin"].contains(&who);
            assert_eq!(decide(&world, &subject, &question).allowed(), expected, "{who} {whom}");
        }
    }
}
