use super::{Draft, NewAuthorization, Refusal, thing};
use crate::catalog::{Family, PermissionSet, TypeIndex};
use crate::entity::{Authorization, EntityKind, Party, PropertyOf, Scope};
use crate::value::{AuthorizationKey, GroupId, MappingRuleId, PermissionName, RoleId, Username};
use crate::world::{Change, Grant};

impl Draft {
    pub(super) fn create_authorization(&mut self, new: &NewAuthorization) -> Result<AuthorizationKey, Refusal> {
        if let Err(protected) = self.changeable_owner(&new.owner) {
            // Clients that copy roles treat `Exists` as success.
            let held = self.held_grant(new)?;
            return Err(held.map_or(protected, |key| Refusal::Exists(thing(EntityKind::Authorization, key))));
        }
        self.acceptable(new, None)?;
        let key = AuthorizationKey::mint(self.revision, self.minted).ok_or(Refusal::Full)?;
        self.minted += 1;
        self.record(Change::AuthorizationPut(with_key(key, new)))?;
        Ok(key)
    }

    pub(super) fn update_authorization(
        &mut self,
        key: AuthorizationKey,
        new: &NewAuthorization,
    ) -> Result<(), Refusal> {
        let old = self.existing_authorization(key)?;
        self.changeable_owner(&old.owner)?;
        self.changeable_owner(&new.owner)?;
        self.acceptable(new, Some(key))?;
        let new = with_key(key, new);
        if new == old { Ok(()) } else { self.record(Change::AuthorizationPut(new)) }
    }

    pub(super) fn delete_authorization(&mut self, key: AuthorizationKey) -> Result<(), Refusal> {
        let old = self.existing_authorization(key)?;
        self.changeable_owner(&old.owner)?;
        self.remove_authorization(key)
    }

    fn existing_authorization(&self, key: AuthorizationKey) -> Result<Authorization, Refusal> {
        self.world.authorization(key).ok_or_else(|| Refusal::Missing(thing(EntityKind::Authorization, key)))
    }

    pub(super) fn changeable_owner(&self, owner: &Party) -> Result<(), Refusal> {
        match owner {
            Party::Role(id) => self.changeable_role(id),
            Party::User(_) | Party::Client(_) | Party::Group(_) | Party::MappingRule(_) => Ok(()),
        }
    }

    /// Validates the type and its permissions, the condition, the owner and, for resources stored in this service, the
    /// resource. Returns [`Refusal::Exists`] if another authorization of the owner has the same scope and condition and
    /// shares a permission.
    fn acceptable(&self, new: &NewAuthorization, replacing: Option<AuthorizationKey>) -> Result<(), Refusal> {
        if new.permissions.is_empty() {
            return Err(Refusal::NoPermissions);
        }
        let names = new.permissions.iter().map(PermissionName::as_str);
        let (resource_type, permissions) = self.world.catalog().set(new.resource_type.as_str(), names)?;
        let kind = self.world.catalog().get(resource_type);
        let is_custom = kind.is_some_and(|kind| kind.family == Family::Custom);
        if let Scope::Property(property) = &new.scope {
            self.world.catalog().property(resource_type, property)?;
            if is_custom {
                return Err(Refusal::Inapplicable(new.resource_type.to_string(), "a property alone; use a condition"));
            }
        }
        if let Some(condition) = &new.condition {
            if !is_custom {
                return Err(Refusal::Inapplicable(new.resource_type.to_string(), "a condition"));
            }
            for (index, comparison) in condition.comparisons().iter().enumerate() {
                for path in comparison.properties().filter(|path| path.of == PropertyOf::Resource) {
                    let known = self.world.catalog().property(resource_type, &path.name);
                    known.map_err(|unknown| Refusal::UnsupportedComparison { index, unknown })?;
                }
            }
        }
        self.existing_party(&new.owner)?;
        if let Scope::Id(id) = &new.scope
            && let Some(resource) = resource_of_ours(new.resource_type.as_str(), id.as_str())
        {
            self.existing_party(&resource)?;
        }
        match self.same_grant(new, resource_type, permissions, replacing) {
            Some(grant) => Err(Refusal::Exists(thing(EntityKind::Authorization, grant.key))),
            None => Ok(()),
        }
    }

    /// Finds an authorization of the same owner that makes `new` redundant. It has the same scope and condition and
    /// shares a permission, or it is an unconditional one on all resources that includes all permissions.
    fn held_grant(&self, new: &NewAuthorization) -> Result<Option<AuthorizationKey>, Refusal> {
        let names = new.permissions.iter().map(PermissionName::as_str);
        let (resource_type, permissions) = self.world.catalog().set(new.resource_type.as_str(), names)?;
        let Some(owner) = self.world.names().of_party(&new.owner) else { return Ok(None) };
        let same = self.same_grant(new, resource_type, permissions, None).map(|grant| grant.key);
        let any = || {
            let run = self.world.run_of_scope(resource_type, &Scope::Any)?;
            run.of_owner(owner).find(|grant| grant.permissions.includes(permissions)).map(|grant| grant.key)
        };
        Ok(same.or_else(any))
    }

    pub(super) fn same_grant(
        &self,
        new: &NewAuthorization,
        resource_type: TypeIndex,
        permissions: PermissionSet,
        replacing: Option<AuthorizationKey>,
    ) -> Option<Grant> {
        let owner = self.world.names().of_party(&new.owner)?;
        let same = |grant: &Grant| {
            Some(grant.key) != replacing
                && grant.permissions.intersects(permissions)
                && self.world.condition(grant.key) == new.condition.as_ref()
        };
        let run = match new.condition {
            None => self.world.run_of_scope(resource_type, &new.scope),
            Some(_) => self.world.conditional_run(resource_type, &new.scope),
        };
        run?.of_owner(owner).find(same)
    }
}

fn with_key(key: AuthorizationKey, new: &NewAuthorization) -> Authorization {
    Authorization {
        key,
        owner: new.owner.clone(),
        resource_type: new.resource_type.clone(),
        scope: new.scope.clone(),
        permissions: new.permissions.clone(),
        condition: new.condition.clone(),
    }
}

/// Returns the party that a resource type and id refer to, for the types whose resources are stored in this service
/// (docs/reference/orchestration-cluster.md §8.5). Returns `None` for an id that is not valid for its type.
fn resource_of_ours(resource_type: &str, id: &str) -> Option<Party> {
    match resource_type {
        "USER" => Username::parse(id).ok().map(Party::User),
        "GROUP" => GroupId::parse(id).ok().map(Party::Group),
        "ROLE" => RoleId::parse(id).ok().map(Party::Role),
        "MAPPING_RULE" => MappingRuleId::parse(id).ok().map(Party::MappingRule),
        _ => None,
    }
}
