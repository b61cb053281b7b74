//! Groups, roles, tenants and mapping rules. They differ in their commands and not in their ways.

use super::{Search, attempt};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, EntityKind, Group, MappingRule, Role, Tenant};
use crate::search::entities::{
    Filter, GroupField, NamedFilter, RoleField, RuleField, RuleFilter, TenantField, groups, mapping_rules, roles,
    tenants,
};
use crate::search::{Found, SearchBudget, SearchStopped};
use crate::service::{Caller, Gate, ServiceError, Written};
use crate::value::{ClaimSelector, ClaimValue, Description, GroupId, MappingRuleId, Name, RoleId, TenantId};

/// What can be changed of a group, role or tenant.
#[derive(Clone, Debug)]
pub struct Naming {
    /// What to call it.
    pub name: Name,
    /// What it is for.
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
            gate: Gate,
        }

        impl $service {
            /// Behind a gate.
            #[must_use]
            pub fn new(gate: Gate) -> Self {
                Self { gate }
            }

            /// Asks whether the caller may do something with one, before the rest of a request is parsed. A denial is
            /// recorded.
            ///
            /// # Errors
            /// When the caller may not.
            pub async fn require(
                &self,
                caller: &Caller,
                operation: AuditOperation,
                id: Option<&$id>,
            ) -> Result<(), ServiceError> {
                let id = id.map(ToString::to_string).unwrap_or_default();
                self.gate.require(caller, &attempt(operation, $kind, &id)).await
            }

            /// Creates one.
            ///
            /// # Errors
            /// When the caller may not, or there is one of that id.
            pub async fn create(&self, caller: &Caller, new: $entity) -> Result<Written<$entity>, ServiceError> {
                Ok(self.gate.command(caller, Command::$create(new.clone())).await?.with(new))
            }

            /// Changes one.
            ///
            /// # Errors
            /// When the caller may not, there is none, or it is protected.
            pub async fn update(
                &self,
                caller: &Caller,
                id: &$id,
                $new: $change,
            ) -> Result<Written<$entity>, ServiceError> {
                let missing = || AuditEntity { kind: $kind, key: id.to_string() };
                let mut after = None;
                let written = self
                    .gate
                    .write(caller, attempt(AuditOperation::Update, $kind, id.as_str()), |world| {
                        let $old = world.$one(id.as_str()).ok_or_else(|| Refusal::Missing(missing()))?.clone();
                        let changed: $entity = $changed;
                        after = Some(changed.clone());
                        Ok(vec![Command::$update(changed)])
                    })
                    .await?;
                after.map(|after| written.with(after)).ok_or_else(|| ServiceError::Missing(missing()))
            }

            /// Deletes one, with what hangs on it.
            ///
            /// # Errors
            /// When the caller may not, there is none, it is protected, or nobody could administer without it.
            pub async fn delete(&self, caller: &Caller, id: $id) -> Result<Written, ServiceError> {
                self.gate.command(caller, Command::$delete(id)).await
            }

            /// One.
            ///
            /// # Errors
            /// When the caller may not see it, or there is none.
            pub async fn find(&self, caller: &Caller, id: &str) -> Result<$entity, ServiceError> {
                self.gate
                    .read(caller, $kind, id, |world| world.$one(id).cloned())
                    .await?
                    .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: $kind, key: id.to_owned() }))
            }

            /// Those that the caller may see.
            ///
            /// # Errors
            /// When the budget is used up.
            pub fn search<'c>(&self, caller: &'c Caller, search: &Search<$filter, $field>,
 budget: &SearchBudget,
) -> Result<Found<&'c $entity>, SearchStopped> {
                let visible = self.gate.visible(caller, $kind);
                $search(&caller.world, &visible, &search.filter, &search.sort, &search.window, budget)
            }
        }
    };
}

family!(
    /// Groups.
    ClusterGroups: Group, GroupId, EntityKind::Group, group, CreateGroup, UpdateGroup, DeleteGroup,
    change Naming => |new, old| Group { id: old.id, name: new.name, description: new.description },
    search groups(Filter<NamedFilter>, GroupField)
);
family!(
    /// Roles. Their permissions on APIs are the management API's to change.
    ClusterRoles: Role, RoleId, EntityKind::Role, role, CreateRole, UpdateRole, DeleteRole,
    change Naming => |new, old| Role { name: new.name, description: new.description, ..old },
    search roles(Filter<NamedFilter>, RoleField)
);
family!(
    /// Tenants.
    ClusterTenants: Tenant, TenantId, EntityKind::Tenant, tenant, CreateTenant, UpdateTenant, DeleteTenant,
    change Naming => |new, old| Tenant { id: old.id, name: new.name, description: new.description },
    search tenants(Filter<NamedFilter>, TenantField)
);
family!(
    /// Mapping rules. The kind and the operator of a rule that the management API made stay.
    ClusterMappingRules: MappingRule, MappingRuleId, EntityKind::MappingRule, mapping_rule,
    CreateMappingRule, UpdateMappingRule, DeleteMappingRule,
    change (Name, ClaimSelector, ClaimValue) => |new, old| {
        let (name, selector, value) = new;
        MappingRule { name, selector, value, ..old }
    },
    search mapping_rules(Filter<RuleFilter>, RuleField)
);
