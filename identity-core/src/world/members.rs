//! Memberships, in both directions.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdSet;

use super::sym::{Kind, Sym};

/// A member as its container lists it: by kind, then by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    container: Sym,
    kind: Kind,
    id: Arc<str>,
    member: Sym,
}

/// Who is in what.
#[derive(Clone, Default)]
pub(crate) struct Members {
    by_container: OrdSet<Listed>,
    by_member: OrdSet<(Sym, Sym)>,
}

impl Members {
    pub(crate) fn insert(&mut self, container: Sym, member: Sym, id: &Arc<str>) {
        self.by_container.insert(Listed { container, kind: member.kind(), id: Arc::clone(id), member });
        self.by_member.insert((member, container));
    }

    pub(crate) fn remove(&mut self, container: Sym, member: Sym, id: &Arc<str>) {
        self.by_container.remove(&Listed { container, kind: member.kind(), id: Arc::clone(id), member });
        self.by_member.remove(&(member, container));
    }

    pub(crate) fn contains(&self, container: Sym, member: Sym) -> bool {
        self.by_member.contains(&(member, container))
    }

    /// All memberships, as (member, container).
    pub(super) fn by_member(&self) -> &OrdSet<(Sym, Sym)> {
        &self.by_member
    }

    pub(crate) fn len(&self) -> usize {
        self.by_member.len()
    }

    /// All containers that `member` is in.
    pub(crate) fn containers(&self, member: Sym) -> impl Iterator<Item = Sym> + '_ {
        self.by_member
            .range((member, Sym::MIN)..)
            .take_while(move |(other, _)| *other == member)
            .map(|(_, container)| *container)
    }

    pub(crate) fn is_member_of_any(&self, member: Sym) -> bool {
        self.containers(member).next().is_some()
    }

    /// The members of one kind, in the order of their ids, those after `after` only.
    pub(crate) fn members(&self, container: Sym, kind: Kind, after: Option<&str>) -> impl Iterator<Item = Sym> + '_ {
        let from = Listed { container, kind, id: Arc::from(after.unwrap_or("")), member: Sym::MIN };
        let skip = after.map(str::to_owned);
        self.by_container
            .range(from..)
            .take_while(move |listed| listed.container == container && listed.kind == kind)
            .filter(move |listed| skip.as_deref() != Some(&*listed.id))
            .map(|listed| listed.member)
    }

    /// The members of one kind with ids in a stretch, in the order of their ids.
    pub(crate) fn between<'m>(
        &'m self,
        container: Sym,
        kind: Kind,
        (from, to): (Bound<&str>, Bound<&str>),
    ) -> impl DoubleEndedIterator<Item = Sym> + use<'m> {
        let listed = |kind, id: &str, member| Listed { container, kind, id: Arc::from(id), member };
        let from = match from {
            Bound::Unbounded => Bound::Included(listed(kind, "", Sym::MIN)),
            Bound::Included(id) => Bound::Included(listed(kind, id, Sym::MIN)),
            Bound::Excluded(id) => Bound::Excluded(listed(kind, id, Sym::MAX)),
        };
        let to = match to {
            Bound::Included(id) => Bound::Included(listed(kind, id, Sym::MAX)),
            Bound::Excluded(id) => Bound::Excluded(listed(kind, id, Sym::MIN)),
            Bound::Unbounded => Bound::Excluded(listed(kind.next(), "", Sym::MIN)),
        };
        self.by_container.range((from, to)).map(|listed| listed.member)
    }

    /// All members, by kind, then by id.
    pub(crate) fn all_members(&self, container: Sym) -> impl Iterator<Item = Sym> + '_ {
        let from = Listed { container, kind: Kind::User, id: Arc::from(""), member: Sym::MIN };
        self.by_container
            .range(from..)
            .take_while(move |listed| listed.container == container)
            .map(|listed| listed.member)
    }
}
