//! Double-ended iterator over the entries of a [`Ranked`] map. It reads one leaf of the tree at a time.

use std::ops::Range;

use super::Ranked;

/// Iterates over a range of entries in the order of their keys, from both ends. Skipping any number of entries with
/// `nth` or `nth_back` takes at most one tree search.
pub(crate) struct Entries<'m, K, V, F> {
    pub(super) map: &'m Ranked<K, V>,
    pub(super) left: Range<usize>,
    /// Entries that `next` returns before it has to load another leaf.
    pub(super) front: &'m [(K, V)],
    /// Entries that `next_back` returns, last one first, before it has to load another leaf.
    pub(super) back: &'m [(K, V)],
    pub(super) show: F,
}

impl<'m, K, V, T, F: Fn(&'m K, &'m V) -> T> Iterator for Entries<'m, K, V, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.left.is_empty() {
            return None;
        }
        if self.front.is_empty() {
            let (leaf, at) = self.map.leaf(self.left.start);
            self.front = leaf.get(at..).unwrap_or_default();
        }
        let ((key, value), rest) = self.front.split_first()?;
        self.front = rest;
        self.left.start += 1;
        Some((self.show)(key, value))
    }

    fn nth(&mut self, count: usize) -> Option<T> {
        let skipped = count.min(self.left.len());
        self.left.start += skipped;
        self.front = self.front.get(skipped..).unwrap_or_default();
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }

    fn count(self) -> usize {
        self.left.len()
    }
}

impl<'m, K, V, T, F: Fn(&'m K, &'m V) -> T> DoubleEndedIterator for Entries<'m, K, V, F> {
    fn next_back(&mut self) -> Option<T> {
        if self.left.is_empty() {
            return None;
        }
        if self.back.is_empty() {
            let (leaf, at) = self.map.leaf(self.left.end - 1);
            self.back = leaf.get(..=at).unwrap_or_default();
        }
        let ((key, value), rest) = self.back.split_last()?;
        self.back = rest;
        self.left.end -= 1;
        Some((self.show)(key, value))
    }

    fn nth_back(&mut self, count: usize) -> Option<T> {
        let skipped = count.min(self.left.len());
        self.left.end -= skipped;
        self.back = self.back.get(..self.back.len().saturating_sub(skipped)).unwrap_or_default();
        self.next_back()
    }
}

impl<'m, K, V, T, F: Fn(&'m K, &'m V) -> T> ExactSizeIterator for Entries<'m, K, V, F> {}
