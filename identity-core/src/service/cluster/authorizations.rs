//! Authorizations in the Orchestration Cluster API.

use super::Search;
use crate::apply::{Command, NewAuthorization};
use crate::catalog::Family;
use crate::entity::{AuditEntity, Authorization, EntityKind};
use crate::search::entities::{AuthorizationField, AuthorizationFilter, authorizations};
use crate::search::{Found, SearchBudget, SearchStopped, Visible, what_can};
use crate::service::{Authorizer, Caller, ServiceError, Written};
use crate::value::AuthorizationKey;
use crate::world::{Change, World};

/// Creates, updates, deletes and searches authorizations for the Orchestration Cluster API.
pub struct ClusterAuthorizations {
    authorizer: Authorizer,
}

impl ClusterAuthorizations {
    /// Creates the service on the engine of `authorizer`, which checks the caller's permission.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }

    /// Creates an authorization and returns its generated key.
    ///
    /// # Errors
    /// When the caller lacks the permission, the owner or a named entity does not exist, the resource type does not
    /// support a permission, or the owner already has one of the permissions on the resource.
    pub async fn create(
        &self,
        caller: &Caller,
        new: NewAuthorization,
    ) -> Result<Written<AuthorizationKey>, ServiceError> {
        let command = Command::CreateAuthorization(new);
        let attempt = command.audit_draft();
        let done = self.authorizer.execute(caller, attempt, |_| Ok(vec![command])).await?;
        let key = done.changes.iter().find_map(|change| match change {
            Change::AuthorizationPut(authorization) => Some(authorization.key),
            _ => None,
        });
        let missing = || ServiceError::Missing(entity(AuthorizationKey(0)));
        Ok(Written { value: key.ok_or_else(missing)?, revision: done.revision })
    }

    /// Replaces all values of an authorization, including its owner and resource.
    ///
    /// With `keeps_condition`, the stored condition stays if `new` has none and the resource type does not change. A
    /// client that does not support conditions therefore does not widen a grant by accident.
    ///
    /// # Errors
    /// As [`ClusterAuthorizations::create`], and when there is no authorization with this key.
    pub async fn update(
        &self,
        caller: &Caller,
        key: AuthorizationKey,
        new: NewAuthorization,
        keeps_condition: bool,
    ) -> Result<Written, ServiceError> {
        let attempt = Command::UpdateAuthorization(key, new.clone()).audit_draft();
        self.authorizer
            .write(caller, attempt, |world| {
                let held = world.authorization(key).filter(|held| held.resource_type == new.resource_type);
                let kept = held.filter(|_| keeps_condition).and_then(|held| held.condition);
                let condition = new.condition.clone().or(kept);
                Ok(vec![Command::UpdateAuthorization(key, NewAuthorization { condition, ..new })])
            })
            .await
    }

    /// Deletes the authorization with this key.
    ///
    /// # Errors
    /// When the caller lacks the permission, there is no authorization with this key, or no administrator would remain.
    pub async fn delete(&self, caller: &Caller, key: AuthorizationKey) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteAuthorization(key)).await
    }

    /// Returns the authorization with this key. With `families`, only resource types of these families are found.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such authorization.
    pub async fn find(
        &self,
        caller: &Caller,
        key: AuthorizationKey,
        families: Option<&[Family]>,
    ) -> Result<Authorization, ServiceError> {
        let fits = |world: &World, held: &Authorization| {
            let kind = world.catalog().index(held.resource_type.as_str()).and_then(|index| world.catalog().get(index));
            families.is_none_or(|families| kind.is_some_and(|kind| families.contains(&kind.family)))
        };
        let of_families = |world: &World| world.authorization(key).filter(|held| fits(world, held));
        self.authorizer
            .read(caller, EntityKind::Authorization, &key.to_string(), of_families)
            .await?
            .ok_or_else(|| ServiceError::Missing(entity(key)))
    }

    /// Searches the authorizations on which the caller has `READ`.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn search(
        &self,
        caller: &Caller,
        search: &Search<AuthorizationFilter, AuthorizationField>,
        budget: &SearchBudget,
    ) -> Result<Found<Authorization>, SearchStopped> {
        let visible = self.authorizer.visible(caller, EntityKind::Authorization);
        authorizations(&caller.world, &visible, &search.filter, &search.sort, &search.window, budget)
    }

    /// Searches the authorizations that the caller owns, directly or through mapping rules, groups and roles. Needs no
    /// permission.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
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

    /// Whether this API checks authorizations. If `false`, every authenticated caller is permitted everything.
    #[must_use]
    pub fn are_enabled(&self) -> bool {
        self.authorizer.asks_for_authorizations()
    }
}

fn entity(key: AuthorizationKey) -> AuditEntity {
    AuditEntity { kind: EntityKind::Authorization, key: key.to_string() }
}
