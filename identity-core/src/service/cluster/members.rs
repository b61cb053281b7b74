//! Members of groups, roles and tenants.

use super::Search;
use crate::entity::{Container, EntityKind, MappingRule, Party, PartyKind, Role};
use crate::search::entities::{
    Filter, NamedFilter, RoleField, RuleField, RuleFilter, mapping_rules_among, members, roles_among,
};
use crate::search::{Found, SearchBudget, SearchStopped, Visible};
use crate::service::{Caller, Gate, ServiceError, Written};

/// Members of groups, roles and tenants. Changing them needs UPDATE on the container.
pub struct Members {
    gate: Gate,
}

impl Members {
    /// Behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// Makes somebody a member, or ends it.
    ///
    /// # Errors
    /// When the caller may not, one of the two does not exist, or nothing would change.
    pub async fn change(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
        add: bool,
    ) -> Result<Written, ServiceError> {
        self.gate.change_member(caller, container, member, add).await
    }

    /// The members of one kind, if the caller may see the container; none otherwise, and none of what does not exist.
    ///
    /// # Errors
    /// When the budget is used up.
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
        let visible = if self.gate.visible(caller, kind_of_container).includes(container.id()) {
            Visible::All
        } else {
            Visible::Only(std::collections::BTreeSet::new())
        };
        members(&caller.world, container, kind, &visible, &search.sort, &search.window, budget)
    }

    /// The roles in a container that the caller may see.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn roles<'c>(
        &self,
        caller: &'c Caller,
        container: &Container,
        search: &Search<Filter<NamedFilter>, RoleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c Role>, SearchStopped> {
        self.roles_from(caller, self.ids(caller, container, PartyKind::Role), search, budget)
    }

    /// The roles that a group has, of those that the caller may see.
    ///
    /// # Errors
    /// When the budget is used up.
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

    /// The mapping rules in a container that the caller may see.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn mapping_rules<'c>(
        &self,
        caller: &'c Caller,
        container: &Container,
        search: &Search<Filter<RuleFilter>, RuleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c MappingRule>, SearchStopped> {
        let ids = self.ids(caller, container, PartyKind::MappingRule).into_iter();
        let visible = self.gate.visible(caller, EntityKind::MappingRule);
        mapping_rules_among(&caller.world, ids, &visible, &search.filter, &search.sort, &search.window, budget)
    }

    fn roles_from<'c>(
        &self,
        caller: &'c Caller,
        ids: Vec<String>,
        search: &Search<Filter<NamedFilter>, RoleField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c Role>, SearchStopped> {
        let visible = self.gate.visible(caller, EntityKind::Role);
        roles_among(&caller.world, ids.into_iter(), &visible, &search.filter, &search.sort, &search.window, budget)
    }

    fn ids(&self, caller: &Caller, container: &Container, kind: PartyKind) -> Vec<String> {
        caller.world.members_of_kind(container, kind, None).map(|member| member.id().to_owned()).collect()
    }
}
