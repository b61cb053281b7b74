//! A persistent sorted map with positions: an order-statistic B+ tree.
//!
//! Finding an entry by key or by position takes logarithmic time, and so does counting the entries before a key.
//! Reading a page of a list therefore costs about the same at any offset.

mod entries;
mod node;

use std::borrow::Borrow;
use std::ops::{Bound, Range};
use std::sync::Arc;

pub(crate) use entries::Entries;
use imbl::ordmap::DiffItem;
use node::{Child, MAX, Node, leave_out_shared};

/// A persistent sorted map. Cloning takes constant time, and clones share all nodes that are not changed afterwards.
#[derive(Clone)]
pub(crate) struct Ranked<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
}

impl<K, V> Default for Ranked<K, V> {
    fn default() -> Self {
        Self { root: Arc::new(Node::Leaf(Vec::new())), len: 0 }
    }
}

impl<K, V> Ranked<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the number of entries whose keys satisfy `is_before`. These must be the first entries of the map, as for
    /// [`slice::partition_point`].
    pub(crate) fn rank(&self, is_before: impl Fn(&K) -> bool) -> usize {
        self.seek(is_before).0
    }

    /// Returns the result of [`Self::rank`], and the entries from that position to the end of their leaf.
    fn seek(&self, is_before: impl Fn(&K) -> bool) -> (usize, &[(K, V)]) {
        let (mut node, mut before) = (&*self.root, 0);
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = entries.partition_point(|(key, _)| is_before(key));
                    return (before + at, entries.get(at..).unwrap_or_default());
                }
                Node::Branch(children) => {
                    let at = children.partition_point(|child| is_before(&child.first)).saturating_sub(1);
                    before += children.iter().take(at).map(|child| child.len).sum::<usize>();
                    let Some(child) = children.get(at) else { return (before, &[]) };
                    node = &child.node;
                }
            }
        }
    }

    /// Returns the leaf that contains a position of the map, and the index of the entry within that leaf.
    fn leaf(&self, mut position: usize) -> (&[(K, V)], usize) {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => return (entries, position),
                Node::Branch(children) => {
                    let is_here = |child: &&Child<K, V>| {
                        let is_here = position < child.len;
                        position -= if is_here { 0 } else { child.len };
                        is_here
                    };
                    let Some(child) = children.iter().find(is_here) else { return (&[], 0) };
                    node = &child.node;
                }
            }
        }
    }

    /// Returns the entries at these positions, each mapped by `show`. Positions beyond the end are ignored.
    pub(crate) fn at<'m, T, F: Fn(&'m K, &'m V) -> T>(
        &'m self,
        positions: Range<usize>,
        show: F,
    ) -> Entries<'m, K, V, F> {
        let end = positions.end.min(self.len);
        Entries { map: self, left: positions.start.min(end)..end, front: &[], back: &[], show }
    }

    /// Returns the entries from the first key that does not satisfy `is_before`, each mapped by `show`. Takes one tree
    /// search.
    pub(crate) fn from<'m, T, F>(&'m self, is_before: impl Fn(&K) -> bool, show: F) -> Entries<'m, K, V, F>
    where
        F: Fn(&'m K, &'m V) -> T,
    {
        let (position, front) = self.seek(is_before);
        Entries { front, ..self.at(position..self.len, show) }
    }

    /// Returns all entries in the order of their keys, each mapped by `show`.
    pub(crate) fn iter<'m, T, F: Fn(&'m K, &'m V) -> T>(&'m self, show: F) -> Entries<'m, K, V, F> {
        self.at(0..self.len, show)
    }
}

impl<K: Ord + Clone, V: Clone> Ranked<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = entries.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
                    return entries.get(at).map(|(_, value)| value);
                }
                Node::Branch(children) => {
                    let at = children.partition_point(|child| child.first.borrow() <= key).checked_sub(1)?;
                    node = &children.get(at)?.node;
                }
            }
        }
    }

    /// Returns the positions of the keys between two bounds. Empty if the bounds cross.
    pub(crate) fn positions<Q: Ord + ?Sized>(&self, (from, to): (Bound<&Q>, Bound<&Q>)) -> Range<usize>
    where
        K: Borrow<Q>,
    {
        let start = match from {
            Bound::Unbounded => 0,
            Bound::Included(from) => self.rank(|key| key.borrow() < from),
            Bound::Excluded(from) => self.rank(|key| key.borrow() <= from),
        };
        let end = match to {
            Bound::Unbounded => self.len,
            Bound::Included(to) => self.rank(|key| key.borrow() <= to),
            Bound::Excluded(to) => self.rank(|key| key.borrow() < to),
        };
        start..end.max(start)
    }

    pub(crate) fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Inserts entries that are sorted by distinct keys. An empty map gets full nodes.
    pub(crate) fn extend_sorted(&mut self, entries: Vec<(K, V)>) {
        if self.len > 0 {
            entries.into_iter().for_each(|(key, value)| _ = self.insert(key, value));
            return;
        }
        self.len = entries.len();
        let mut entries = entries.into_iter().peekable();
        let mut level = Vec::with_capacity(self.len.div_ceil(MAX));
        while entries.peek().is_some() {
            level.extend(Child::of(Arc::new(Node::Leaf(entries.by_ref().take(MAX).collect()))));
        }
        while level.len() > 1 {
            let branch = |children: &[Child<K, V>]| Child::of(Arc::new(Node::Branch(children.to_vec())));
            level = level.chunks(MAX).filter_map(branch).collect();
        }
        if let Some(root) = level.pop() {
            self.root = root.node;
        }
    }

    /// Inserts or replaces an entry. Returns the previous value of the key, if any.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (old, right) = Arc::make_mut(&mut self.root).insert(key, value);
        if right.is_some() {
            let left = Child::of(std::mem::take(self).root);
            self.root = Arc::new(Node::Branch(left.into_iter().chain(right).collect()));
        }
        self.len = self.root.len();
        old
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        let old = Arc::make_mut(&mut self.root).remove(key);
        while let Node::Branch(children) = &*self.root
            && children.len() < 2
        {
            self.root = children.first().map_or_else(|| Self::default().root, |only| Arc::clone(&only.node));
        }
        self.len = self.root.len();
        old
    }

    /// Returns the entries in which two maps differ, in the order of their keys. If one map was derived from the other,
    /// the cost depends on the size of the difference, not of the maps.
    pub(crate) fn diff<'m>(&'m self, other: &'m Self) -> Vec<DiffItem<'m, 'm, K, V>>
    where
        V: PartialEq,
    {
        let (mut here, mut there) = (vec![&self.root], vec![&other.root]);
        loop {
            let [above, below] = [&here, &there].map(|nodes| nodes.first().map_or(0, |node| node.height()));
            if above == below {
                leave_out_shared(&mut here, &mut there);
            }
            if above.max(below) == 0 || (here.is_empty() && there.is_empty()) {
                break;
            }
            if above >= below {
                here = here.into_iter().flat_map(|node| node.children()).collect();
            }
            if below >= above {
                there = there.into_iter().flat_map(|node| node.children()).collect();
            }
        }
        let mut old = here.into_iter().flat_map(|leaf| leaf.entries()).peekable();
        let mut new = there.into_iter().flat_map(|leaf| leaf.entries()).peekable();
        let mut found = Vec::new();
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some((before, _)), Some((after, _))) => before.cmp(after),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return found,
            };
            let before = if order.is_le() { old.next() } else { None };
            let after = if order.is_ge() { new.next() } else { None };
            found.extend(match (before, after) {
                (Some((_, before)), Some((_, after))) if before == after => None,
                (Some((key, before)), Some((new_key, after))) => {
                    Some(DiffItem::Update { old: (key, before), new: (new_key, after) })
                }
                (Some((key, before)), None) => Some(DiffItem::Remove(key, before)),
                (None, Some((key, after))) => Some(DiffItem::Add(key, after)),
                (None, None) => None,
            });
        }
    }
}

#[cfg(test)]
mod tests;
