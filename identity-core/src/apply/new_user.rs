//! Creation of built-in users.

use crate::apply::{Command, NewAuthorization};
use crate::entity::{Party, Scope, User};
use crate::value::{InvalidValue, PermissionName, ResourceId, ResourceTypeName};

/// Returns the commands that create a user and grant it `READ` on itself (docs/reference/orchestration-cluster.md
/// §1.1).
#[must_use]
pub fn user_creation(user: User) -> Vec<Command> {
    // The user `*` gets no such grant: as a resource ID, `*` stands for all users.
    let oneself = reading_oneself(&user).ok().map(Command::CreateAuthorization);
    std::iter::once(Command::CreateUser(user)).chain(oneself).collect()
}

/// Returns the authorization that a new user gets: `READ` on itself.
fn reading_oneself(user: &User) -> Result<NewAuthorization, InvalidValue> {
    Ok(NewAuthorization {
        owner: Party::User(user.username.clone()),
        resource_type: ResourceTypeName::parse("USER")?,
        scope: Scope::Id(ResourceId::parse(user.username.as_str())?),
        permissions: [PermissionName::parse("READ")?].into(),
        condition: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::apply;
    use crate::catalog::ResourceCatalog;
    use crate::decide::{Authority, Question, decide};
    use crate::entity::Principal;
    use crate::resolve::{ResolveInput, resolve};
    use crate::value::{PasswordHash, Username};
    use crate::world::{Sources, World};

    fn user(name: &str) -> User {
        let username = Username::parse(name).unwrap();
        User::new(username, PasswordHash::new("h".into()))
    }

    #[test]
    fn users_can_read_only_themselves() {
        let world = World::new(Sources::BuiltIn, ResourceCatalog::standard());
        let commands: Vec<_> = ["eve", "root", "*"].into_iter().map(user).flat_map(user_creation).collect();
        let world = apply(&world, &commands, Authority::Administrator).unwrap().world;
        let may_read = |who: &str, whom: &str| {
            let principal = Principal::User(Username::parse(who).unwrap());
            let question = Question::resource(world.catalog(), "USER", "READ", whom).unwrap();
            decide(&world, &resolve(&world, ResolveInput::from(&principal)), &question).allowed()
        };
        assert!(may_read("eve", "eve") && may_read("root", "root"));
        assert!(!may_read("eve", "root") && !may_read("*", "eve"));
        assert_eq!(world.authorization_count(), 2);
    }
}
