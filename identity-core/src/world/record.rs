//! Applies changes to a world. No other code modifies a world.

use std::sync::Arc;

use super::{Change, Grant, Kind, Place, Record, Symbol, World};
use crate::catalog::{Family, TypeIndex, UnknownAccess};
use crate::entity::{Authorization, Condition, CustomType, MappingRule, Membership, PropertyOf, Role, Scope};
use crate::value::{AuthorizationKey, MappingRuleId, PropertyName, ResourceTypeName, Revision, RoleId};

/// Reason why a change cannot be applied to a world. [`apply`](crate::apply::apply) validates its changes, so they fail
/// only with [`Full`](Self::Full). Stored changes may come from another version of the model and fail for any reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unrecordable {
    /// The authorization uses a resource type, permission or property that the catalog does not have.
    #[error("authorization {key}: {reason}")]
    Authorization {
        /// Key of the authorization that was skipped.
        key: AuthorizationKey,
        /// Which of the type, permission or property is missing in the catalog.
        reason: UnknownAccess,
    },
    /// The custom resource type has the same name as a built-in one.
    #[error("resource type `{0}`: a built-in resource type has this name")]
    ResourceType(ResourceTypeName),
    /// The world cannot store another distinct name, or another custom resource type.
    #[error("the maximum number of distinct names is exceeded")]
    Full,
}

/// The resource type, the condition and the grant of an authorization.
type Entry = (TypeIndex, Option<Arc<Condition>>, Grant);

impl World {
    /// Applies one change and updates all indexes. The operation is idempotent.
    pub(crate) fn record(&mut self, change: &Change) -> Result<(), Unrecordable> {
        match change {
            Change::UserPut(user) => {
                self.users.insert(user.username.clone(), Arc::new(user.clone()));
            }
            Change::UserRemoved(username) => {
                self.users.remove(username);
            }
            Change::GroupPut(group) => {
                self.groups.insert(group.id.clone(), Arc::new(group.clone()));
            }
            Change::GroupRemoved(id) => {
                self.groups.remove(id);
            }
            Change::RolePut(role) => self.put_role(role),
            Change::RoleRemoved(id) => self.remove_role(id),
            Change::TenantPut(tenant) => {
                self.tenants.insert(tenant.id.clone(), Arc::new(tenant.clone()));
            }
            Change::TenantRemoved(id) => {
                self.tenants.remove(id);
            }
            Change::MappingRulePut(rule) => return self.put_rule(rule),
            Change::MappingRuleRemoved(id) => self.remove_rule(id),
            Change::MemberAdded(membership) => return self.add_member(membership),
            Change::MemberRemoved(membership) => self.remove_member(membership),
            Change::AuthorizationPut(authorization) => return self.put_authorization(authorization),
            Change::AuthorizationRemoved(key) => self.remove_authorization(*key),
            Change::ResourceTypePut(kind) => self.put_resource_type(kind)?,
            Change::ResourceTypeRemoved(name) => self.remove_resource_type(name),
        }
        Ok(())
    }

    pub(crate) fn set_revision(&mut self, revision: Revision) {
        self.revision = revision;
    }

    fn put_role(&mut self, role: &Role) {
        self.remove_role(&role.id);
        for permission in &role.permissions {
            self.holders.entry(permission.clone()).or_default().insert(role.id.clone());
        }
        self.roles.insert(role.id.clone(), Arc::new(role.clone()));
    }

    fn remove_role(&mut self, id: &RoleId) {
        let Some(old) = self.roles.remove(id) else { return };
        for permission in &old.permissions {
            if let Some(holders) = self.holders.get_mut(permission) {
                holders.remove(id);
                if holders.is_empty() {
                    self.holders.remove(permission);
                }
            }
        }
    }

    fn put_rule(&mut self, rule: &MappingRule) -> Result<(), Unrecordable> {
        self.remove_rule(&rule.id);
        let symbol = self.names.intern(Kind::MappingRule, &rule.id.shared()).ok_or(Unrecordable::Full)?;
        self.rules.insert(symbol, rule);
        self.mapping_rules.insert(rule.id.clone(), Arc::new(rule.clone()));
        Ok(())
    }

    fn remove_rule(&mut self, id: &MappingRuleId) {
        let symbol = self.names.get(Kind::MappingRule, id.as_str());
        if let (Some(old), Some(symbol)) = (self.mapping_rules.remove(id), symbol) {
            self.rules.remove(symbol, &old);
        }
    }

    fn add_member(&mut self, membership: &Membership) -> Result<(), Unrecordable> {
        let container = self.names.intern_container(membership.container()).ok_or(Unrecordable::Full)?;
        let member = self.names.intern_party(membership.member()).ok_or(Unrecordable::Full)?;
        if let Some(id) = self.names.text(member) {
            self.members.insert(container, member, membership.member().party_kind(), id);
        }
        Ok(())
    }

    fn remove_member(&mut self, membership: &Membership) {
        let container = self.names.of_container(membership.container());
        let member = self.names.of_party(membership.member());
        if let (Some(container), Some(member)) = (container, member)
            && let Some(id) = self.names.text(member)
        {
            self.members.remove(container, member, membership.member().party_kind(), id);
        }
    }

    fn put_authorization(&mut self, authorization: &Authorization) -> Result<(), Unrecordable> {
        self.remove_authorization(authorization.key);
        let (resource_type, condition, grant) = self.grant_of(authorization)?;
        let scope = self.grants.shared(resource_type, &authorization.scope);
        self.grants.insert(resource_type, &scope, condition.is_some(), grant);
        self.owned.insert((grant.owner, grant.key), ());
        self.store(grant, resource_type, scope, condition);
        Ok(())
    }

    /// Checks an authorization against the catalog and interns its owner. Returns its entry in the indexes.
    pub(super) fn grant_of(&mut self, authorization: &Authorization) -> Result<Entry, Unrecordable> {
        let key = authorization.key;
        let unknown = |reason| Unrecordable::Authorization { key, reason };
        let names = authorization.permissions.iter().map(crate::value::PermissionName::as_str);
        let (resource_type, permissions) =
            self.matrix.set(authorization.resource_type.as_str(), names).map_err(unknown)?;
        if let Scope::Property(property) = &authorization.scope {
            self.matrix.property(resource_type, property).map_err(unknown)?;
        }
        let owner = self.names.intern_party(&authorization.owner).ok_or(Unrecordable::Full)?;
        let condition = authorization.condition.clone().map(Arc::new);
        Ok((resource_type, condition, Grant { owner, key, permissions }))
    }

    /// Stores an authorization and lists it. The caller adds it to the indexes by resource and by owner.
    pub(super) fn store(
        &mut self,
        grant: Grant,
        resource_type: TypeIndex,
        scope: Scope,
        condition: Option<Arc<Condition>>,
    ) {
        let Grant { owner, key, permissions } = grant;
        if let Some(place) = self.place(owner, resource_type, &scope, condition.as_ref()) {
            self.listing.insert(place, key);
        }
        for name in compared(condition.as_deref()) {
            *self.compared.entry(name.clone()).or_default() += 1;
        }
        self.authorizations.insert(key, Record { owner, resource_type, scope, permissions, condition });
    }

    fn remove_authorization(&mut self, key: AuthorizationKey) {
        if let Some(old) = self.authorizations.remove(&key) {
            self.grants.remove(old.resource_type, &old.scope, old.condition.is_some(), (old.owner, key));
            self.owned.remove(&(old.owner, key));
            for name in compared(old.condition.as_deref()) {
                if let Some(count) = self.compared.get_mut(name) {
                    *count -= 1;
                    if *count == 0 {
                        self.compared.remove(name);
                    }
                }
            }
            if let Some(place) = self.place(old.owner, old.resource_type, &old.scope, old.condition.as_ref()) {
                self.listing.remove(&place, key);
            }
        }
    }

    /// Returns the sort key of an authorization in the listing of the management API. `None` for types of the
    /// Orchestration Cluster, which are not listed there.
    fn place(
        &self,
        owner: Symbol,
        resource_type: TypeIndex,
        scope: &Scope,
        condition: Option<&Arc<Condition>>,
    ) -> Option<Place> {
        let kind = self.matrix.get(resource_type).filter(|kind| kind.family != Family::Cluster)?;
        Some(Place {
            owner: self.names.party(owner)?,
            resource_type: kind.name.clone(),
            scope: scope.clone(),
            condition: condition.cloned(),
        })
    }

    /// Creates or replaces a custom type. The authorizations on it are removed and added again, because they store
    /// permissions as bit positions within the type, which an update may change.
    fn put_resource_type(&mut self, kind: &CustomType) -> Result<(), Unrecordable> {
        if self.matrix.is_built_in(kind.name.as_str()) {
            return Err(Unrecordable::ResourceType(kind.name.clone()));
        }
        let symbol = self.names.intern(Kind::ResourceType, &kind.name.shared()).ok_or(Unrecordable::Full)?;
        let place = self.matrix.place_of_custom(symbol.index()).ok_or(Unrecordable::Full)?;
        let granted: Vec<Authorization> = self.authorizations_on(kind.name.as_str()).collect();
        granted.iter().for_each(|authorization| self.remove_authorization(authorization.key));
        self.matrix = Arc::new(self.matrix.with(place, kind.into()));
        self.custom_types.insert(kind.name.clone(), Arc::new(kind.clone()));
        // Authorizations with a permission that the type no longer has are dropped. `apply` prevents this case.
        granted.iter().for_each(|authorization| _ = self.put_authorization(authorization));
        Ok(())
    }

    fn remove_resource_type(&mut self, name: &ResourceTypeName) {
        if self.custom_types.remove(name).is_some() {
            let granted: Vec<AuthorizationKey> = self.authorizations_on(name.as_str()).map(|held| held.key).collect();
            granted.into_iter().for_each(|key| self.remove_authorization(key));
            self.matrix = Arc::new(self.matrix.without(name.as_str()));
        }
    }
}

/// Returns the properties of the caller that a condition compares. A property may repeat.
fn compared(condition: Option<&Condition>) -> impl Iterator<Item = &PropertyName> {
    let paths = condition.into_iter().flat_map(Condition::properties);
    paths.filter(|path| path.of == PropertyOf::Subject).map(|path| &path.name)
}
