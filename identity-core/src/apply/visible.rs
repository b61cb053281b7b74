//! Refuses invisible characters in new names, because different names could then look the same. Stored names are loaded
//! unchanged and can be updated and deleted.

use super::{Command, Refusal};
use crate::entity::Party;
use crate::value::is_visible;
use crate::world::World;

pub(super) fn refuse_hidden_characters(world: &World, command: &Command) -> Result<(), Refusal> {
    let texts: Vec<(&'static str, &str)> = match command {
        Command::CreateUser(user) => created(("username", user.username.as_str()), user.texts()),
        Command::UpdateUser(user) => user.texts(),
        Command::CreateGroup(group) => created(("id", group.id.as_str()), group.texts()),
        Command::UpdateGroup(group) => group.texts(),
        Command::CreateRole(role) => created(("id", role.id.as_str()), role.texts()),
        Command::UpdateRole(role) => role.texts(),
        Command::CreateTenant(tenant) | Command::UpdateTenant(tenant) => tenant.texts(),
        Command::CreateMappingRule(rule) => created(("id", rule.id.as_str()), rule.texts()),
        Command::UpdateMappingRule(rule) => rule.texts(),
        Command::AddMember(membership) => of_stranger(world, membership.member()),
        Command::CreateAuthorization(new) | Command::UpdateAuthorization(_, new) => of_stranger(world, &new.owner),
        _ => Vec::new(),
    };
    match texts.into_iter().find(|(_, text)| !is_visible(text)) {
        Some((field, _)) => Err(Refusal::HiddenCharacters(field)),
        None => Ok(()),
    }
}

fn created<'t>(id: (&'static str, &'t str), texts: Vec<(&'static str, &'t str)>) -> Vec<(&'static str, &'t str)> {
    [vec![id], texts].concat()
}

/// Returns the id of a party, unless stored data has referred to the party before. Only a new id is checked.
fn of_stranger<'p>(world: &World, party: &'p Party) -> Vec<(&'static str, &'p str)> {
    if world.names().of_party(party).is_some() { Vec::new() } else { vec![("id", party.id())] }
}
