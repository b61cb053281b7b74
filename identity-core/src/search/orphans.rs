//! Authorizations that refer to an owner or resource that does not exist.

use crate::catalog::{API, POLICY_DECISION, TENANT};
use crate::entity::{Authorization, EntityKind, Party, Scope};
use crate::value::AuthorizationKey;
use crate::world::{Sources, World};

/// Missing entity that an authorization refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrphanCause {
    /// The owner does not exist. The authorization grants nothing until an owner with this id exists.
    Owner,
    /// The resource does not exist. The authorization would apply to the next entity with this id.
    Resource,
}

/// Returns the authorizations whose owner or resource is managed by this service and does not exist, in the order of
/// their keys.
pub fn orphans(world: &World) -> impl Iterator<Item = (Authorization, OrphanCause)> {
    world.authorizations().filter_map(|held| absent(world, &held).map(|absent| (held, absent)))
}

fn absent(world: &World, held: &Authorization) -> Option<OrphanCause> {
    if party_exists(world, &held.owner) == Some(false) {
        return Some(OrphanCause::Owner);
    }
    let Scope::Id(id) = &held.scope else { return None };
    let exists = match held.resource_type.as_str() {
        // The resource ids are the names of the resource types that decisions may be requested for.
        POLICY_DECISION => Some([API, TENANT].contains(&id.as_str()) || world.catalog().index(id.as_str()).is_some()),
        kind => EntityKind::parse(kind).and_then(|kind| exists(world, kind, id.as_str())),
    };
    (exists == Some(false)).then_some(OrphanCause::Resource)
}

/// Returns whether an entity exists. `None` if entities of its kind are stored elsewhere, or are not checked.
#[must_use]
pub fn exists(world: &World, kind: EntityKind, id: &str) -> Option<bool> {
    match kind {
        EntityKind::User => (world.sources() == Sources::BuiltIn).then(|| world.user(id).is_some()),
        EntityKind::Group => {
            let claimed = world.sources() == Sources::Provider { groups_claimed: true };
            (!claimed).then(|| world.group(id).is_some())
        }
        EntityKind::Role => Some(world.role(id).is_some()),
        EntityKind::MappingRule => Some(world.mapping_rule(id).is_some()),
        EntityKind::Tenant => Some(world.tenant(id).is_some()),
        EntityKind::Authorization => {
            let key = id.parse().ok().map(AuthorizationKey);
            Some(key.is_some_and(|key| world.authorization(key).is_some()))
        }
        EntityKind::Client
        | EntityKind::Resource
        | EntityKind::AuditLog
        | EntityKind::Session
        | EntityKind::ResourceType
        | EntityKind::Decision => None,
    }
}

fn party_exists(world: &World, party: &Party) -> Option<bool> {
    EntityKind::parse(party.kind_name()).and_then(|kind| exists(world, kind, party.id()))
}
