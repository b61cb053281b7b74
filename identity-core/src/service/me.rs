//! Data about the caller itself. Reading it requires authentication but no permission.

use std::collections::BTreeSet;

use super::Caller;
use crate::catalog::Family;
use crate::entity::{Scope, Tenant};
use crate::preset::IDENTITY_AUDIENCE;
use crate::search::{granted_resources, permissions_of};
use crate::value::{PermissionName, ResourceTypeName};

impl Caller {
    /// Returns the display name from the token or the account, or else the ID of the principal.
    #[must_use]
    pub fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or_else(|| self.subject.principal.id())
    }

    /// Returns the names of the caller's permissions on the API with this audience. `None` stands for this service's
    /// own API.
    #[must_use]
    pub fn permissions(&self, audience: Option<&str>) -> BTreeSet<PermissionName> {
        permissions_of(&self.world, &self.subject, audience.unwrap_or(IDENTITY_AUDIENCE))
    }

    /// Returns the tenants that the caller is a member of, directly or indirectly, sorted by ID.
    #[must_use]
    pub fn tenants(&self) -> Vec<Tenant> {
        self.subject.tenants.iter().filter_map(|id| self.world.tenant(id.as_str()).cloned()).collect()
    }

    /// Returns the caller's unconditional permissions on resources of Management Identity and of custom types.
    ///
    /// Each entry unites the permissions of the caller and of its mapping rules, groups and roles for one type and
    /// scope. Its set is empty if all of them depend on a condition.
    pub fn authorizations(
        &self,
    ) -> impl Iterator<Item = (ResourceTypeName, Scope, BTreeSet<PermissionName>)> + Send + use<> {
        granted_resources(&self.world, &self.subject, &[Family::Management, Family::Custom])
    }
}
