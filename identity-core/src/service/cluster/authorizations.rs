//! Authorizations.

use super::Search;
use crate::apply::{Command, NewAuthorization};
use crate::entity::{AuditEntity, Authorization, EntityKind};
use crate::matrix::Family;
use crate::search::entities::{AuthorizationField, AuthorizationFilter, authorizations};
use crate::search::{Found, SearchBudget, SearchStopped, Visible, what_can};
use crate::service::{Caller, Gate, ServiceError, Written};
use crate::value::AuthorizationKey;
use crate::world::{Change, World};

/// Authorizations.
pub struct ClusterAuthorizations {
    gate: Gate,
}

impl ClusterAuthorizations {
    /// Behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// Authorizes somebody; answers the key.
    ///
    /// # Errors
    /// When the caller may not, the owner or a named entity does not exist, the type does not support a permission, or
    /// the same is granted already.
    pub async fn create(
        &self,
        caller: &Caller,
        new: NewAuthorization,
    ) -> Result<Written<AuthorizationKey>, ServiceError> {
        let command = Command::CreateAuthorization(new);
        let attempt = command.audit_draft(None);
        let done = self.gate.execute(caller, attempt, |_| Ok(vec![command])).await?;
        let key = done.changes.iter().find_map(|change| match change {
            Change::AuthorizationPut(authorization) => Some(authorization.key),
            _ => None,
        });
        let missing = || ServiceError::Missing(entity(AuthorizationKey(0)));
        Ok(Written { value: key.ok_or_else(missing)?, revision: done.revision })
    }

    /// Replaces an authorization, owner and resource included. Where it says nothing of a condition, the one that there is stays
    /// on the same type: who does not know of conditions must not widen what is granted.
    ///
    /// # Errors
    /// As [`ClusterAuthorizations::create`], and when there is none of that key.
    pub async fn update(
        &self,
        caller: &Caller,
        key: AuthorizationKey,
        new: NewAuthorization,
        keeps_condition: bool,
    ) -> Result<Written, ServiceError> {
        let attempt = Command::UpdateAuthorization(key, new.clone()).audit_draft(None);
        self.gate
            .write(caller, attempt, |world| {
                let held = world.authorization(key).filter(|held| held.resource_type == new.resource_type);
                let kept = held.filter(|_| keeps_condition).and_then(|held| held.condition);
                let condition = new.condition.clone().or(kept);
                Ok(vec![Command::UpdateAuthorization(key, NewAuthorization { condition, ..new })])
            })
            .await
    }

    /// Deletes an authorization.
    ///
    /// # Errors
    /// When the caller may not, there is none of that key, or nobody could administer without it.
    pub async fn delete(&self, caller: &Caller, key: AuthorizationKey) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteAuthorization(key)).await
    }

    /// One authorization, on a type of these families if any are named.
    ///
    /// # Errors
    /// When the caller may not see it, or there is none of that key.
    pub async fn find(
        &self,
        caller: &Caller,
        key: AuthorizationKey,
        families: Option<&[Family]>,
    ) -> Result<Authorization, ServiceError> {
        let fits = |world: &World, held: &Authorization| {
            let kind = world.matrix().index(held.resource_type.as_str()).and_then(|index| world.matrix().get(index));
            families.is_none_or(|families| kind.is_some_and(|kind| families.contains(&kind.family)))
        };
        let of_families = |world: &World| world.authorization(key).filter(|held| fits(world, held));
        self.gate
            .read(caller, EntityKind::Authorization, &key.to_string(), of_families)
            .await?
            .ok_or_else(|| ServiceError::Missing(entity(key)))
    }

    /// The authorizations that the caller may see.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn search(
        &self,
        caller: &Caller,
        search: &Search<AuthorizationFilter, AuthorizationField>,
        budget: &SearchBudget,
    ) -> Result<Found<Authorization>, SearchStopped> {
        let visible = self.gate.visible(caller, EntityKind::Authorization);
        authorizations(&caller.world, &visible, &search.filter, &search.sort, &search.window, budget)
    }

    /// The authorizations that apply to the caller, through any owner. Needs no permission.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn own(
        &self,
        caller: &Caller,
        search: &Search<AuthorizationFilter, AuthorizationField>,
        budget: &SearchBudget,
    ) -> Result<Found<Authorization>, SearchStopped> {
        let keys = what_can(&caller.world, &caller.subject).map(|held| held.key.to_string());
        let own = Visible::Only(keys.collect());
        authorizations(&caller.world, &own, &search.filter, &search.sort, &search.window, budget)
    }

    /// Whether authorizations are asked for at all.
    #[must_use]
    pub fn are_enabled(&self) -> bool {
        self.gate.asks_for_authorizations()
    }
}

fn entity(key: AuthorizationKey) -> AuditEntity {
    AuditEntity { kind: EntityKind::Authorization, key: key.to_string() }
}
