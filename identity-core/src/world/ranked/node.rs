//! Nodes of the B+ tree. A leaf contains entries. A branch contains its children, with the smallest key and the number
//! of entries of each.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::sync::Arc;

/// Maximum number of entries in a leaf, and of children in a branch.
pub(super) const MAX: usize = 32;
/// Neighboring nodes are merged if together they have at most this number of items.
const JOINED: usize = MAX * 3 / 4;
/// Number of items by which the vector of a full node grows. Doubling it instead would waste memory.
const GROWTH: usize = 8;

#[derive(Clone)]
pub(super) enum Node<K, V> {
    Leaf(Vec<(K, V)>),
    Branch(Vec<Child<K, V>>),
}

#[derive(Clone)]
pub(super) struct Child<K, V> {
    /// Smallest key of the subtree.
    pub(super) first: K,
    /// Number of entries in the subtree.
    pub(super) len: usize,
    pub(super) node: Arc<Node<K, V>>,
}

impl<K, V> Node<K, V> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Branch(children) => children.iter().map(|child| child.len).sum(),
        }
    }

    pub(super) fn width(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Branch(children) => children.len(),
        }
    }

    pub(super) fn height(&self) -> usize {
        let (mut node, mut height) = (self, 0);
        while let Self::Branch(children) = node
            && let Some(child) = children.first()
        {
            (node, height) = (&child.node, height + 1);
        }
        height
    }

    pub(super) fn first(&self) -> Option<&K> {
        match self {
            Self::Leaf(entries) => entries.first().map(|(key, _)| key),
            Self::Branch(children) => children.first().map(|child| &child.first),
        }
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &Arc<Self>> {
        let children = match self {
            Self::Leaf(_) => &[][..],
            Self::Branch(children) => children,
        };
        children.iter().map(|child| &child.node)
    }

    pub(super) fn entries(&self) -> &[(K, V)] {
        match self {
            Self::Leaf(entries) => entries,
            Self::Branch(_) => &[],
        }
    }
}

impl<K: Ord + Clone, V: Clone> Node<K, V> {
    /// Inserts or replaces an entry. Returns the old value and, if the node was split, the new right sibling.
    pub(super) fn insert(&mut self, key: K, value: V) -> (Option<V>, Option<Child<K, V>>) {
        match self {
            Self::Leaf(entries) => match entries.binary_search_by(|(other, _)| other.cmp(&key)) {
                Ok(at) => (entries.get_mut(at).map(|(_, held)| std::mem::replace(held, value)), None),
                Err(at) => {
                    (None, insert_at(entries, at, (key, value)).map(Self::Leaf).map(Arc::new).and_then(Child::of))
                }
            },
            Self::Branch(children) => {
                let at = children.partition_point(|child| child.first <= key).saturating_sub(1);
                let changed = children.get_mut(at).map(|child| child.change(|node| node.insert(key, value)));
                let (old, right) = changed.unwrap_or_default();
                let rest = right.and_then(|right| insert_at(children, at + 1, right));
                (old, rest.map(Self::Branch).map(Arc::new).and_then(Child::of))
            }
        }
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Leaf(entries) => {
                let at = entries.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
                Some(entries.remove(at).1)
            }
            Self::Branch(children) => {
                let at = children.partition_point(|child| child.first.borrow() <= key).checked_sub(1)?;
                let child = children.get_mut(at)?;
                let removed = child.change(|node| node.remove(key));
                if child.len == 0 {
                    children.remove(at);
                } else {
                    join(children, at);
                }
                removed
            }
        }
    }

    /// Appends the items of the right sibling, which must have the same height.
    fn append(&mut self, right: Self) {
        match (self, right) {
            (Self::Leaf(entries), Self::Leaf(more)) => entries.extend(more),
            (Self::Branch(children), Self::Branch(more)) => children.extend(more),
            (Self::Leaf(_), Self::Branch(_)) | (Self::Branch(_), Self::Leaf(_)) => {}
        }
    }
}

impl<K: Ord + Clone, V: Clone> Child<K, V> {
    pub(super) fn of(node: Arc<Node<K, V>>) -> Option<Self> {
        Some(Self { first: node.first()?.clone(), len: node.len(), node })
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Node<K, V>) -> T) -> T {
        let node = Arc::make_mut(&mut self.node);
        let outcome = change(node);
        self.len = node.len();
        if let Some(first) = node.first() {
            self.first = first.clone();
        }
        outcome
    }
}

/// Inserts an item at index `at`. If this exceeds [`MAX`], splits off and returns the right half, or only the inserted
/// item if it is the last one.
fn insert_at<T>(items: &mut Vec<T>, at: usize, item: T) -> Option<Vec<T>> {
    if at == MAX {
        return Some(vec![item]);
    }
    if items.len() == items.capacity() {
        items.reserve_exact(GROWTH.min(MAX + 1 - items.len()));
    }
    items.insert(at, item);
    (items.len() > MAX).then(|| {
        let right = items.split_off(MAX / 2);
        items.shrink_to(MAX / 2 + GROWTH);
        right
    })
}

/// Merges the child at `at` with a neighbor if together they have at most [`JOINED`] items.
fn join<K: Ord + Clone, V: Clone>(children: &mut Vec<Child<K, V>>, at: usize) {
    let is_small = |left: &usize| {
        let pair = children.get(*left..*left + 2);
        pair.is_some_and(|pair| pair.iter().map(|child| child.node.width()).sum::<usize>() <= JOINED)
    };
    if let Some(left) = [at.checked_sub(1), Some(at)].into_iter().flatten().find(is_small) {
        let right = Arc::unwrap_or_clone(children.remove(left + 1).node);
        if let Some(child) = children.get_mut(left) {
            child.change(|node| node.append(right));
        }
    }
}

/// Removes from both lists the nodes that they share, compared by pointer.
pub(super) fn leave_out_shared<K, V>(here: &mut Vec<&Arc<Node<K, V>>>, there: &mut Vec<&Arc<Node<K, V>>>) {
    let known: HashSet<*const Node<K, V>> = here.iter().map(|node| Arc::as_ptr(node)).collect();
    let shared: HashSet<*const Node<K, V>> =
        there.iter().map(|node| Arc::as_ptr(node)).filter(|node| known.contains(node)).collect();
    here.retain(|node| !shared.contains(&Arc::as_ptr(node)));
    there.retain(|node| !shared.contains(&Arc::as_ptr(node)));
}
