//! What callers may know about themselves: needs a valid token and no permission.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Caller;
use crate::engine::Engine;
use crate::entity::{Group, Scope, Tenant};
use crate::matrix::Family;
use crate::preset::IDENTITY_AUDIENCE;
use crate::search::{permissions_of, resources_of};
use crate::value::{Description, Name, PermissionName, ResourceTypeName};

/// The caller's own groups, tenants, permissions and authorizations.
pub struct Me {
    engine: Arc<Engine>,
}

impl Me {
    /// What the world of `engine` says of its callers.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// What to call them: the name that their token or account gives, or else their id.
    #[must_use]
    pub fn name<'c>(&self, caller: &'c Caller) -> &'c str {
        caller.display_name.as_deref().unwrap_or_else(|| caller.subject.principal.id())
    }

    /// Their permissions on this service's own API, or on another.
    #[must_use]
    pub fn permissions(&self, caller: &Caller, audience: Option<&str>) -> BTreeSet<PermissionName> {
        permissions_of(&self.engine.world(), &caller.subject, audience.unwrap_or(IDENTITY_AUDIENCE))
    }

    /// The tenants that are open to them, by id.
    #[must_use]
    pub fn tenants(&self, caller: &Caller) -> Vec<Tenant> {
        let world = self.engine.world();
        caller.subject.tenants.iter().filter_map(|id| world.tenant(id.as_str()).cloned()).collect()
    }

    /// Their groups, by id. A group that only their token knows has its id for a name.
    #[must_use]
    pub fn groups(&self, caller: &Caller) -> Vec<Group> {
        let world = self.engine.world();
        let known = |id: &crate::value::GroupId| {
            world.group(id.as_str()).cloned().or_else(|| {
                let name = Name::parse(id.as_str()).ok()?;
                Some(Group { id: id.clone(), name, description: Description::default() })
            })
        };
        caller.subject.groups.iter().filter_map(known).collect()
    }

    /// What they may do with the resources of Management Identity's types: the union over all their owners.
    #[must_use]
    pub fn authorizations(&self, caller: &Caller) -> BTreeMap<(ResourceTypeName, Scope), BTreeSet<PermissionName>> {
        resources_of(&self.engine.world(), &caller.subject, Family::Management)
    }
}
