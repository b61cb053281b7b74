//! Index of memberships in both directions: the members of a container, and the containers of a member. A container is
//! a group, role or tenant.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdSet;

use super::ranked::Ranked;
use super::symbol::Symbol;
use crate::entity::{Party, PartyKind};
use crate::value::{ClientId, GroupId, MappingRuleId, RoleId, Username};

/// Sort key of a membership: by container, then by kind and id of the member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    container: Symbol,
    kind: PartyKind,
    id: Arc<str>,
}

impl Listed {
    fn party(&self) -> Party {
        match self.kind {
            PartyKind::User => Party::User(Username::from_shared(&self.id)),
            PartyKind::Client => Party::Client(ClientId::from_shared(&self.id)),
            PartyKind::Group => Party::Group(GroupId::from_shared(&self.id)),
            PartyKind::Role => Party::Role(RoleId::from_shared(&self.id)),
            PartyKind::MappingRule => Party::MappingRule(MappingRuleId::from_shared(&self.id)),
        }
    }
}

/// All direct memberships, indexed by container and by member.
#[derive(Clone, Default)]
pub(crate) struct Members {
    by_container: Ranked<Listed, Symbol>,
    by_member: OrdSet<(Symbol, Symbol)>,
}

impl Members {
    pub(crate) fn insert(&mut self, container: Symbol, member: Symbol, kind: PartyKind, id: &Arc<str>) {
        self.by_container.insert(Listed { container, kind, id: Arc::clone(id) }, member);
        self.by_member.insert((member, container));
    }

    pub(crate) fn remove(&mut self, container: Symbol, member: Symbol, kind: PartyKind, id: &Arc<str>) {
        self.by_container.remove(&Listed { container, kind, id: Arc::clone(id) });
        self.by_member.remove(&(member, container));
    }

    pub(crate) fn contains(&self, container: Symbol, member: Symbol) -> bool {
        self.by_member.contains(&(member, container))
    }

    /// Returns all memberships as `(member, container)` pairs.
    pub(super) fn by_member(&self) -> &OrdSet<(Symbol, Symbol)> {
        &self.by_member
    }

    pub(crate) fn len(&self) -> usize {
        self.by_member.len()
    }

    /// Returns all containers that `member` is a direct member of.
    pub(crate) fn containers(&self, member: Symbol) -> impl Iterator<Item = Symbol> + '_ {
        self.by_member
            .range((member, Symbol::MIN)..)
            .take_while(move |(other, _)| *other == member)
            .map(|(_, container)| *container)
    }

    pub(crate) fn is_member_of_any(&self, member: Symbol) -> bool {
        self.containers(member).next().is_some()
    }

    /// Returns the direct members of one kind, sorted by id.
    pub(crate) fn members(&self, container: Symbol, kind: PartyKind) -> impl Iterator<Item = Symbol> + '_ {
        let is_before = move |listed: &Listed| (listed.container, listed.kind) < (container, kind);
        let from = self.by_container.from(is_before, |listed, member| (listed.container, listed.kind, *member));
        from.take_while(move |(other, of, _)| (*other, *of) == (container, kind)).map(|(.., member)| member)
    }

    /// Returns the direct members of one kind whose ids are within the bounds, sorted by id. Empty if `container` is
    /// `None`.
    pub(crate) fn between<'m>(
        &'m self,
        container: Option<Symbol>,
        kind: PartyKind,
        (from, to): (Bound<&str>, Bound<&str>),
    ) -> impl DoubleEndedIterator<Item = Party> + ExactSizeIterator + use<'m> {
        let positions = container.map_or(0..0, |container| {
            let here = (container, kind);
            let rank = |is_before: &dyn Fn(&str) -> bool| {
                self.by_container.rank(|listed| match (listed.container, listed.kind).cmp(&here) {
                    Ordering::Equal => is_before(&listed.id),
                    order => order.is_lt(),
                })
            };
            let start = match from {
                Bound::Unbounded => rank(&|_| false),
                Bound::Included(from) => rank(&|id| id < from),
                Bound::Excluded(from) => rank(&|id| id <= from),
            };
            let end = match to {
                Bound::Unbounded => rank(&|_| true),
                Bound::Included(to) => rank(&|id| id <= to),
                Bound::Excluded(to) => rank(&|id| id < to),
            };
            start..end
        });
        self.by_container.at(positions, |listed, _| listed.party())
    }

    /// Returns all direct members of a container, sorted by kind, then by id.
    pub(crate) fn all_members(&self, container: Symbol) -> impl Iterator<Item = Symbol> + '_ {
        let is_before = move |listed: &Listed| listed.container < container;
        let from = self.by_container.from(is_before, |listed, member| (listed.container, *member));
        from.take_while(move |(other, _)| *other == container).map(|(_, member)| member)
    }
}
