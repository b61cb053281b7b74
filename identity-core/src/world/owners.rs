//! The owner set of a caller: all parties whose grants apply to the caller.

use super::{Symbol, World};
use crate::catalog::{Access, PermissionSet, TypeIndex};

/// The symbols of a caller's principal, matching mapping rules, groups and roles. A decision looks up the owners of
/// many grants in this set, and most are not in it. The bit filter answers most of these look-ups without a binary
/// search.
///
/// The field `on_all` contains the union of the unconditional permissions that these owners have on all resources
/// (`*`), by index of the resource type. Such grants are numerous, and few of them apply to one caller. A decision
/// therefore scans them only if the union shows that one of them can apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owners {
    sorted: Box<[Symbol]>,
    filter: [u64; 4],
    on_all: Vec<PermissionSet>,
}

impl Owners {
    pub(crate) fn new(world: &World, mut symbols: Vec<Symbol>) -> Self {
        symbols.sort_unstable();
        symbols.dedup();
        let mut filter = [0; 4];
        let mut on_all = Vec::new();
        for symbol in &symbols {
            let bit = symbol.bit();
            if let Some(word) = filter.get_mut(usize::from(bit >> 6)) {
                *word |= 1 << (bit & 63);
            }
            for (TypeIndex(index), permissions) in world.granted_on_all(*symbol) {
                let index = usize::from(*index);
                on_all.resize(on_all.len().max(index + 1), PermissionSet::default());
                if let Some(all) = on_all.get_mut(index) {
                    *all = all.union(*permissions);
                }
            }
        }
        Self { sorted: symbols.into(), filter, on_all }
    }

    /// Returns whether, when the set was built, one of the owners had this access to all resources (`*`) of the type,
    /// without a condition.
    pub(crate) fn had_on_all(&self, access: Access) -> bool {
        self.on_all
            .get(usize::from(access.resource_type.0))
            .is_some_and(|permissions| permissions.intersects(access.permissions))
    }

    pub(crate) fn contains(&self, symbol: Symbol) -> bool {
        let bit = symbol.bit();
        self.filter.get(usize::from(bit >> 6)).is_some_and(|word| word & (1 << (bit & 63)) != 0)
            && self.sorted.binary_search(&symbol).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.sorted.iter().copied()
    }
}
