//! Expansion of composite roles at any depth.

use std::collections::BTreeSet;

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;

use crate::Keycloak;
use crate::call::Call;
use crate::wire::RoleRep;

/// Number of roles after which further composite roles are not expanded.
const ROLES: usize = 1000;

impl Keycloak {
    /// Returns the roles that a composite role contains directly. `role` is its internal key.
    pub(crate) async fn directly_in(&self, role: &str) -> Result<Vec<RoleRep>, DirectoryError> {
        let call = Call::get(&["roles-by-id", role, "composites"]).about(EntityKind::Role, role);
        Ok(self.read_list(EntityKind::Role, call).await?.items)
    }

    /// Returns the given roles and all roles that they contain at any depth, each once.
    pub(crate) async fn with_contained(&self, roles: Vec<RoleRep>) -> Result<Vec<RoleRep>, DirectoryError> {
        let mut seen: BTreeSet<String> = roles.iter().map(|role| role.id.clone()).collect();
        let (mut open, mut all) = (roles, Vec::new());
        while let Some(role) = open.pop() {
            if role.composite && seen.len() < ROLES {
                let contained = self.directly_in(&role.id).await?;
                open.extend(contained.into_iter().filter(|one| seen.insert(one.id.clone())));
            }
            all.push(role);
        }
        Ok(all)
    }
}
