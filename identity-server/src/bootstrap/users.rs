//! Configured users of the profile `builtin`.

use std::collections::BTreeMap;

use identity_core::apply::Command;
use identity_core::entity::{Container, Membership, Party, User};
use identity_core::port::PasswordHasher;
use identity_core::service::user_creation;
use identity_core::value::{PasswordHash, Username};
use identity_core::world::World;

use super::BootstrapError;
use crate::config::UserSeed;

/// Hashes the passwords of configured users that do not exist yet. Existing users keep their passwords.
pub(super) async fn hashes(
    users: &[UserSeed],
    world: &World,
    hasher: &dyn PasswordHasher,
) -> Result<BTreeMap<Username, PasswordHash>, BootstrapError> {
    let mut hashes = BTreeMap::new();
    for user in users.iter().filter(|user| world.user(user.username.as_str()).is_none()) {
        let hash = hasher.hash(&user.password).await;
        let hash = hash.ok_or_else(|| BootstrapError::Password(user.username.clone()))?;
        hashes.insert(user.username.clone(), hash);
    }
    Ok(hashes)
}

pub(super) fn commands(seeds: &[UserSeed], hashes: &BTreeMap<Username, PasswordHash>, world: &World) -> Vec<Command> {
    let mut commands = Vec::new();
    for seed in seeds {
        let password = match (world.user(seed.username.as_str()), hashes.get(&seed.username)) {
            (Some(old), _) => old.password.clone(),
            (None, Some(hash)) => hash.clone(),
            (None, None) => continue,
        };
        let wanted =
            User { name: seed.name.clone(), email: seed.email.clone(), ..User::new(seed.username.clone(), password) };
        match world.user(seed.username.as_str()) {
            None => commands.extend(user_creation(wanted)),
            Some(old) if *old != wanted => commands.push(Command::UpdateUser(wanted)),
            Some(_) => {}
        }
        for role in &seed.roles {
            let (container, member) = (Container::Role(role.clone()), Party::User(seed.username.clone()));
            if world.is_member(&container, &member) {
                continue;
            }
            commands.extend(Membership::new(container, member).ok().map(Command::AddMember));
        }
    }
    commands
}
