//! The owner set of a caller: every party whose grants are the caller's.

use crate::world::Sym;

/// A sorted set of symbols with a filter in front: most look-ups miss, and a miss should cost one bit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    sorted: Box<[Sym]>,
    filter: [u64; 4],
}

impl Owners {
    pub(crate) fn new(mut symbols: Vec<Sym>) -> Self {
        symbols.sort_unstable();
        symbols.dedup();
        let mut filter = [0; 4];
        for symbol in &symbols {
            let bit = symbol.bit();
            if let Some(word) = filter.get_mut(usize::from(bit >> 6)) {
                *word |= 1 << (bit & 63);
            }
        }
        Self { sorted: symbols.into(), filter }
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
