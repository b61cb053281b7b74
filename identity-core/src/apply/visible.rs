//! Names that pass for others because of characters that a reader does not see are refused where they are made. What is stored
//! is loaded as it is, and can be changed and deleted.

use super::{Command, Refusal};
use crate::entity::Party;
use crate::value::is_visible;
use crate::world::World;

pub(super) fn refuse_hidden_characters(world: &World, command: &Command) -> Result<(), Refusal> {
    let texts: Vec<(&'static str, &str)> = match command {
        Command::CreateUser(user) => {
            let name = user.name.iter().map(|name| ("name", name.as_str()));
            std::iter::once(("username", user.username.as_str())).chain(name).collect()
        }
        Command::UpdateUser(user) => user.name.iter().map(|name| ("name", name.as_str())).collect(),
        Command::CreateGroup(group) => {
            vec![("id", group.id.as_str()), ("name", group.name.as_str()), ("description", group.description.as_str())]
        }
        Command::UpdateGroup(group) => vec![("name", group.name.as_str()), ("description", group.description.as_str())],
        Command::CreateRole(role) => {
            vec![("id", role.id.as_str()), ("name", role.name.as_str()), ("description", role.description.as_str())]
        }
        // A role that was made without a name of its own is called by its id.
        Command::UpdateRole(role) if role.name.as_str() == role.id.as_str() => {
            vec![("description", role.description.as_str())]
        }
        Command::UpdateRole(role) => vec![("name", role.name.as_str()), ("description", role.description.as_str())],
        Command::CreateTenant(tenant) => {
            vec![("name", tenant.name.as_str()), ("description", tenant.description.as_str())]
        }
        Command::UpdateTenant(tenant) => {
            vec![("name", tenant.name.as_str()), ("description", tenant.description.as_str())]
        }
        Command::CreateMappingRule(rule) => vec![("id", rule.id.as_str()), ("name", rule.name.as_str())],
        Command::UpdateMappingRule(rule) if rule.name.as_str() == rule.id.as_str() => Vec::new(),
        Command::UpdateMappingRule(rule) => vec![("name", rule.name.as_str())],
        Command::AddMember(membership) => of_stranger(world, membership.member()),
        Command::CreateAuthorization(new) | Command::UpdateAuthorization(_, new) => of_stranger(world, &new.owner),
        _ => Vec::new(),
    };
    match texts.into_iter().find(|(_, text)| !is_visible(text)) {
        Some((field, _)) => Err(Refusal::HiddenCharacters(field)),
        None => Ok(()),
    }
}

/// The id of a party that nothing refers to yet.
fn of_stranger<'p>(world: &World, party: &'p Party) -> Vec<(&'static str, &'p str)> {
    if world.names().of_party(party).is_some() { Vec::new() } else { vec![("id", party.id())] }
}
