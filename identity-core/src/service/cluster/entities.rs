//! Groups, roles, tenants and mapping rules in the Orchestration Cluster API. A macro generates the four services,
//! which differ only in their commands and filters.

use super::{Search, attempt};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, EntityKind, Group, MappingRule, Role, Tenant};
use crate::search::entities::{
    Filter, GroupField, NamedFilter, RoleField, RuleField, RuleFilter, TenantField, groups, mapping_rules, roles,
    tenants,
};
use crate::search::{Found, SearchBudget, SearchStopped};
use crate::service::{Authorizer, Caller, ServiceError, Written};
use crate::value::{ClaimSelector, ClaimValue, Description, GroupId, MappingRuleId, Name, RoleId, TenantId};

/// New name and description of a group, role or tenant.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Display name, which need not be unique.
    pub name: Name,
    /// Description; it may be empty.
    pub description: Description,
}

macro_rules! family {
    (
        $(#[$doc:meta])* $service:ident: $entity:ident, $id:ty, $kind:expr, $one:ident,
        $create:ident, $update:ident, $delete:ident,
        change $change:ty => |$new:ident, $old:ident| $changed:expr,
        search $search:ident($filter:ty, $field:ty)
    ) => {
        $(#[$doc])*
        pub struct $service {
            authorizer: Authorizer,
        }

        impl $service {
            /// Creates the service on the engine of `authorizer`, which checks the caller's permission.
            #[must_use]
            pub fn new(authorizer: Authorizer) -> Self {
                Self { authorizer }
            }

            /// Checks a permission before the rest of a request is parsed. If `id` is `None`, it must cover all
            /// entities of the kind. Records a denial.
            ///
            /// # Errors
            /// [`ServiceError::Denied`] when the caller lacks the permission.
            pub async fn require(
                &self,
                caller: &Caller,
                operation: AuditOperation,
                id: Option<&$id>,
            ) -> Result<(), ServiceError> {
                let id = id.map(ToString::to_string).unwrap_or_default();
                self.authorizer.require(caller, &attempt(operation, $kind, &id)).await
            }

            /// Creates an entity and returns it.
            ///
            /// # Errors
            /// When the caller lacks the permission, or the ID is taken.
            pub async fn create(&self, caller: &Caller, new: $entity) -> Result<Written<$entity>, ServiceError> {
                Ok(self.authorizer.command(caller, Command::$create(new.clone())).await?.with(new))
            }

            /// Replaces the editable fields of an entity and returns the updated entity.
            ///
            /// # Errors
            /// When the caller lacks the permission, or the entity does not exist or is protected.
            pub async fn update(
                &self,
                caller: &Caller,
                id: &$id,
                $new: $change,
            ) -> Result<Written<$entity>, ServiceError> {
                let missing = || AuditEntity { kind: $kind, key: id.to_string() };
                let mut after = None;
                let written = self
                    .authorizer
                    .write(caller, attempt(AuditOperation::Update, $kind, id.as_str()), |world| {
                        let $old = world.$one(id.as_str()).ok_or_else(|| Refusal::Missing(missing()))?.clone();
                        let changed: $entity = $changed;
                        after = Some(changed.clone());
                        Ok(vec![Command::$update(changed)])
                    })
                    .await?;
                after.map(|after| written.with(after)).ok_or_else(|| ServiceError::Missing(missing()))
            }

            /// Deletes an entity, its memberships, and the authorizations that it owns or that name it.
            ///
            /// # Errors
            /// When the caller lacks the permission, the entity does not exist or is protected, or no administrator
            /// would remain.
            pub async fn delete(&self, caller: &Caller, id: $id) -> Result<Written, ServiceError> {
                self.authorizer.command(caller, Command::$delete(id)).await
            }

            /// Returns the entity with this ID.
            ///
            /// # Errors
            /// When the caller lacks `READ` on the entity, or it does not exist.
            pub async fn find(&self, caller: &Caller, id: &str) -> Result<$entity, ServiceError> {
                self.authorizer
                    .read(caller, $kind, id, |world| world.$one(id).cloned())
                    .await?
                    .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: $kind, key: id.to_owned() }))
            }

            /// Searches the entities on which the caller has `READ`.
            ///
            /// # Errors
            /// When `budget` has no steps left, or the request is cancelled.
            pub fn search<'c>(&self, caller: &'c Caller, search: &Search<$filter, $field>,
 budget: &SearchBudget,
) -> Result<Found<&'c $entity>, SearchStopped> {
                let visible = self.authorizer.visible(caller, $kind);
                $search(&caller.world, &visible, &search.filter, &search.sort, &search.window, budget)
            }
        }
    };
}

family!(
    /// Manages groups for the Orchestration Cluster API.
    ClusterGroups: Group, GroupId, EntityKind::Group, group, CreateGroup, UpdateGroup, DeleteGroup,
    change Naming => |new, old| Group { name: new.name, description: new.description, ..old },
    search groups(Filter<NamedFilter>, GroupField)
);
family!(
    /// Manages roles. Only the management API can change their permissions on APIs.
    ClusterRoles: Role, RoleId, EntityKind::Role, role, CreateRole, UpdateRole, DeleteRole,
    change Naming => |new, old| Role { name: new.name, description: new.description, ..old },
    search roles(Filter<NamedFilter>, RoleField)
);
family!(
    /// Manages tenants for the Orchestration Cluster API.
    ClusterTenants: Tenant, TenantId, EntityKind::Tenant, tenant, CreateTenant, UpdateTenant, DeleteTenant,
    change Naming => |new, old| Tenant { name: new.name, description: new.description, ..old },
    search tenants(Filter<NamedFilter>, TenantField)
);
family!(
    /// Manages mapping rules. An update keeps the kind and the operator that the management API may have set.
    ClusterMappingRules: MappingRule, MappingRuleId, EntityKind::MappingRule, mapping_rule,
    CreateMappingRule, UpdateMappingRule, DeleteMappingRule,
    change (Name, ClaimSelector, ClaimValue) => |new, old| {
        let (name, selector, value) = new;
        MappingRule { name, selector, value, ..old }
    },
    search mapping_rules(Filter<RuleFilter>, RuleField)
);
