//! The owner set of a caller: every party whose grants are the caller's.

use crate::matrix::{Access, PermissionSet, TypeIndex};
use crate::world::{Sym, World};

/// A sorted set of symbols with a filter in front: most look-ups miss, and a miss should cost one bit. With it goes what
/// they may do with all resources of each type: the grants on those are many, and few of them are anybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    sorted: Box<[Sym]>,
    filter: [u64; 4],
    on_all: Vec<PermissionSet>,
}

impl Owners {
    pub(crate) fn new(world: &World, mut symbols: Vec<Sym>) -> Self {
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

    /// Whether one of them had a grant of this access to all resources of its type, when this set was made.
    pub(crate) fn had_on_all(&self, access: Access) -> bool {
        self.on_all
            .get(usize::from(access.resource_type.0))
            .is_some_and(|permissions| permissions.intersects(access.permissions))
    }

    pub(crate) fn contains(&self, symbol: Sym) -> bool {
        let bit = symbol.bit();
        self.filter.get(usize::from(bit >> 6)).is_some_and(|word| word & (1 << (bit & 63)) != 0)
            && self.sorted.binary_search(&symbol).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Sym> + '_ {
        self.sorted.iter().copied()
    }
}
