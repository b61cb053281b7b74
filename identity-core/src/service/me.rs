//! What callers may know about themselves: needs a valid token and no permission.

use std::collections::{BTreeMap, BTreeSet};

use super::Caller;
use crate::entity::{Scope, Tenant};
use crate::matrix::Family;
use crate::preset::IDENTITY_AUDIENCE;
use crate::search::{permissions_of, resources_of};
use crate::value::{PermissionName, ResourceTypeName};

impl Caller {
    /// What to call them: the name that their token or account gives, or else their id.
    #[must_use]
    pub fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or_else(|| self.subject.principal.id())
    }

    /// Their permissions on this service's own API, or on another.
    #[must_use]
    pub fn permissions(&self, audience: Option<&str>) -> BTreeSet<PermissionName> {
        permissions_of(&self.world, &self.subject, audience.unwrap_or(IDENTITY_AUDIENCE))
    }

    /// The tenants that are open to them, by id.
    #[must_use]
    pub fn tenants(&self) -> Vec<Tenant> {
        self.subject.tenants.iter().filter_map(|id| self.world.tenant(id.as_str()).cloned()).collect()
    }

    /// What they may do with the resources of Management Identity's types and the operator's, whatever the circumstances: the
    /// union over all their owners.
    #[must_use]
    pub fn authorizations(&self) -> BTreeMap<(ResourceTypeName, Scope), BTreeSet<PermissionName>> {
        resources_of(&self.world, &self.subject, &[Family::Management, Family::Custom])
    }
}
