//! Data about the caller itself. It needs authentication but no permission.

use std::collections::BTreeSet;

use super::Caller;
use crate::catalog::Family;
use crate::entity::{Scope, Tenant};
use crate::preset::IDENTITY_AUDIENCE;
use crate::search::{granted_resources, permissions_of};
use crate::value::{PermissionName, ResourceTypeName};

impl Caller {
    /// Returns the display name from the token or account, otherwise the ID.
    #[must_use]
    pub fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or_else(|| self.subject.principal.id())
    }

    /// Returns the caller's permissions on an API. The default is this service's own API.
    #[must_use]
    pub fn permissions(&self, audience: Option<&str>) -> BTreeSet<PermissionName> {
        permissions_of(&self.world, &self.subject, audience.unwrap_or(IDENTITY_AUDIENCE))
    }

    /// Returns the tenants that the caller has access to, by ID.
    #[must_use]
    pub fn tenants(&self) -> Vec<Tenant> {
        self.subject.tenants.iter().filter_map(|id| self.world.tenant(id.as_str()).cloned()).collect()
    }

    /// Returns the caller's unconditional permissions on Management Identity's and custom resource types.
    ///
    /// They are the union over all owners of the caller, by type and scope. The set is empty where all permissions
    /// depend on a condition.
    pub fn authorizations(
        &self,
    ) -> impl Iterator<Item = (ResourceTypeName, Scope, BTreeSet<PermissionName>)> + Send + use<> {
        granted_resources(&self.world, &self.subject, &[Family::Management, Family::Custom])
    }
}
