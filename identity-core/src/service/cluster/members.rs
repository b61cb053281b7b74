//! Members of groups, roles and tenants in the Orchestration Cluster API.

use super::Search;
use crate::entity::{Container, EntityKind, MappingRule, Party, PartyKind, Role};
use crate::search::entities::{
    Filter, NamedFilter, RoleField, RuleField, RuleFilter, mapping_rules_among, members, roles_among,
};
use crate::search::{Found, SearchBudget, SearchStopped, Visible};
use crate::service::{Authorizer, Caller, ServiceError, Written};

/// Manages direct members of groups, roles and tenants. A change requires `UPDATE` on the container.
pub struct Members {
    authorizer: Authorizer,
}

impl Members {
    /// Creates the service on the engine of `authorizer`, which checks the caller's permission.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }

    /// Adds a member to a group, role or tenant.
    ///
    /// # Errors
    /// When the caller lacks the permission, the container or the member does not exist, or the member is already in
    /// the container.
    pub async fn add(&self, caller: &Caller, container: Container, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.add_member(caller, container, member).await
    }

    /// Removes a member from a group, role or tenant.
    ///
    /// # Errors
    /// When the caller lacks the permission, the container does not exist, the party is not a member, or no
    /// administrator would remain.
    pub async fn remove(&self, caller: &Caller, container: Container, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.remove_member(caller, container, member).await
    }

    /// Searches the direct members of one kind. Finds none if the container does not exist or the caller lacks `READ`
    /// on it.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn search(
        &self,
        caller: &Caller,
        container: &Container,
        kind: PartyKind,
        search: &Search<(), ()>,
        budget: &SearchBudget,
    ) -> Result<Found<Party>, SearchStopped> {
        let kind_of_container = match container {
            Container::Group(_) => EntityKind::Group,
            Container::Role(_) => EntityKind::Role,
            Container::Tenant(_) => EntityKind::Tenant,
        };
        let visible = if self.authorizer.visible(caller, kind_of_container).includes(container.id()) {
            Visible::All
        } else {
            Visible::Only(std::collections::BTreeSet::new())
        };
        members(&caller.world, container, kind, &visible, &search.sort, &search.window, budget)
    }

    /// Searches the roles that are members of a container and on which the caller has `READ`.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn roles<'c>(
        &self,
        caller: &'c Caller,
        container: &Container,
        search: &Search<Filter<NamedFilter>, RoleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c Role>, SearchStopped> {
        self.roles_from(caller, self.ids(caller, container, PartyKind::Role), search, budget)
    }

    /// Searches the roles that are assigned to a group and on which the caller has `READ`.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn roles_of<'c>(
        &self,
        caller: &'c Caller,
        group: &Party,
        search: &Search<Filter<NamedFilter>, RoleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c Role>, SearchStopped> {
        let roles = caller.world.memberships(group).filter_map(|container| match container {
            Container::Role(id) => Some(id.to_string()),
            Container::Group(_) | Container::Tenant(_) => None,
        });
        self.roles_from(caller, roles.collect(), search, budget)
    }

    /// Searches the mapping rules that are members of a container and on which the caller has `READ`.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn mapping_rules<'c>(
        &self,
        caller: &'c Caller,
        container: &Container,
        search: &Search<Filter<RuleFilter>, RuleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c MappingRule>, SearchStopped> {
        let ids = self.ids(caller, container, PartyKind::MappingRule).into_iter();
        let visible = self.authorizer.visible(caller, EntityKind::MappingRule);
        mapping_rules_among(&caller.world, ids, &visible, &search.filter, &search.sort, &search.window, budget)
    }

    fn roles_from<'c>(
        &self,
        caller: &'c Caller,
        ids: Vec<String>,
        search: &Search<Filter<NamedFilter>, RoleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c Role>, SearchStopped> {
        let visible = self.authorizer.visible(caller, EntityKind::Role);
        roles_among(&caller.world, ids.into_iter(), &visible, &search.filter, &search.sort, &search.window, budget)
    }

    fn ids(&self, caller: &Caller, container: &Container, kind: PartyKind) -> Vec<String> {
        caller.world.members_of_kind(container, kind).map(|member| member.id().to_owned()).collect()
    }
}
