//! Compares the map with a `BTreeMap` under random operations.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::node::MAX;
use super::*;

#[derive(Clone, Debug)]
enum Step {
    Insert(u16, u8),
    Remove(u16),
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let key = 0_u16..600;
    let insert = (key.clone(), any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value));
    proptest::collection::vec(prop_oneof![3 => insert, 2 => key.prop_map(Step::Remove)], 0..most)
}

fn make(steps: &[Step], map: &mut Ranked<u16, u8>, plain: &mut BTreeMap<u16, u8>) {
    for step in steps {
        match *step {
            Step::Insert(key, value) => assert_eq!(map.insert(key, value), plain.insert(key, value)),
            Step::Remove(key) => assert_eq!(map.remove(&key), plain.remove(&key)),
        }
    }
}

fn pair(key: &u16, value: &u8) -> (u16, u8) {
    (*key, *value)
}

/// Checks the tree: all leaves are equally deep, no node is too wide, and only the root may be empty.
fn check(node: &Node<u16, u8>, is_root: bool) {
    assert!(node.width() <= MAX && (is_root || node.width() > 0));
    if let Node::Branch(children) = node {
        assert!(!is_root || children.len() > 1);
        for child in children {
            assert_eq!(child.node.height() + 1, node.height());
            assert_eq!((child.len, Some(&child.first)), (child.node.len(), child.node.first()));
            check(&child.node, false);
        }
    }
}

proptest! {
    #[test]
    fn sorted_entries_are_inserted_at_once(
        first in proptest::collection::btree_map(0_u16..3000, any::<u8>(), 0..2500),
        more in proptest::collection::btree_map(0_u16..3000, any::<u8>(), 0..300),
        later in steps(300),
    ) {
        let (mut map, mut plain) = (Ranked::default(), BTreeMap::new());
        for entries in [first, more] {
            map.extend_sorted(entries.clone().into_iter().collect());
            plain.extend(entries);
            check(&map.root, true);
            prop_assert_eq!(map.len(), plain.len());
        }
        make(&later, &mut map, &mut plain);
        check(&map.root, true);
        prop_assert!(map.iter(pair).eq(plain.iter().map(|(key, value)| (*key, *value))));
    }

    #[test]
    fn it_is_a_sorted_map_with_positions(
        steps in steps(2000), start in 0_usize..700, count in 0_usize..700, skip in 0_usize..700,
        from in 0_u16..600, to in 0_u16..600,
    ) {
        let (mut map, mut plain) = (Ranked::default(), BTreeMap::new());
        make(&steps, &mut map, &mut plain);
        check(&map.root, true);
        let all: Vec<(u16, u8)> = plain.iter().map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(map.len(), all.len());
        prop_assert_eq!(map.iter(pair).collect::<Vec<_>>(), all.clone());
        prop_assert_eq!(map.get(&from), plain.get(&from));

        let end = (start + count).min(all.len());
        let some = all.get(start.min(end)..end).unwrap();
        let at = || map.at(start..start + count, pair);
        prop_assert_eq!(at().len(), some.len());
        prop_assert_eq!(at().collect::<Vec<_>>(), some);
        prop_assert!(at().rev().eq(some.iter().rev().copied()));
        prop_assert!(at().skip(skip).eq(some.iter().skip(skip).copied()));
        prop_assert!(at().rev().skip(skip).eq(some.iter().rev().skip(skip).copied()));
        let (mut both, mut turn) = (at(), some.iter());
        for n in 0..some.len() / 2 + 2 {
            prop_assert_eq!(both.nth(n % 3), turn.nth(n % 3).copied());
            prop_assert_eq!(both.nth_back(n % 2), turn.nth_back(n % 2).copied());
        }

        let bounds = [Bound::Unbounded, Bound::Included(&from), Bound::Excluded(&from)];
        for low in bounds {
            for high in [Bound::Unbounded, Bound::Included(&to), Bound::Excluded(&to)] {
                let is_in = |key: &u16| std::ops::RangeBounds::<u16>::contains(&(low, high), key);
                let expected: Vec<_> = all.iter().filter(|(key, _)| is_in(key)).copied().collect();
                prop_assert_eq!(map.at(map.positions((low, high)), pair).collect::<Vec<_>>(), expected);
            }
        }
        let onwards: Vec<_> = plain.range(from..).map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(map.from(|key| *key < from, pair).collect::<Vec<_>>(), onwards);
    }

    #[test]
    fn a_clone_stays_as_it_was_and_differs_in_what_was_changed(before in steps(1500), after in steps(40), other in steps(200)) {
        let (mut map, mut plain) = (Ranked::default(), BTreeMap::new());
        make(&before, &mut map, &mut plain);
        let (old, old_plain) = (map.clone(), plain.clone());
        make(&after, &mut map, &mut plain);
        prop_assert!(old.iter(pair).eq(old_plain.clone()));
        let (mut apart, mut apart_plain) = (Ranked::default(), BTreeMap::new());
        make(&other, &mut apart, &mut apart_plain);
        for (new, new_plain) in [(&map, &plain), (&apart, &apart_plain), (&Ranked::default(), &BTreeMap::new())] {
            let mut made = old_plain.clone();
            let mut last = None;
            for item in old.diff(new) {
                let key = match item {
                    DiffItem::Add(key, value) => { prop_assert_eq!(made.insert(*key, *value), None); key }
                    DiffItem::Remove(key, value) => { prop_assert_eq!(made.remove(key), Some(*value)); key }
                    DiffItem::Update { old: (key, old), new: (_, new) } => {
                        prop_assert_ne!(old, new);
                        prop_assert_eq!(made.insert(*key, *new), Some(*old));
                        key
                    }
                };
                prop_assert!(last.replace(*key) < Some(*key));
            }
            prop_assert_eq!(&made, new_plain);
        }
    }
}

thread_local! {
    static COMPARED: Cell<usize> = const { Cell::new(0) };
}

#[derive(Clone, PartialEq, Eq)]
struct Counted(usize);

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        COMPARED.set(COMPARED.get() + 1);
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_page_anywhere_shows_its_entries_alone_and_a_difference_compares_what_changed() {
    const COUNT: usize = 200_000;
    let mut map = Ranked::default();
    for number in 0..COUNT {
        map.insert(Counted(number * 7919 % COUNT), ());
    }
    for offset in [0, COUNT / 2, COUNT - 50] {
        let shown = Cell::new(0);
        COMPARED.set(0);
        let show = |key: &Counted, (): &()| {
            shown.set(shown.get() + 1);
            key.0
        };
        assert!(map.iter(show).skip(offset).take(50).eq(offset..offset + 50));
        assert!(map.iter(show).rev().skip(offset).take(50).eq((0..COUNT - offset).rev().take(50)));
        assert_eq!(map.rank(|key| key.0 < offset), offset);
        // `skip` calls `show` for the last entry that it skips.
        assert!(shown.get() <= 102 && COMPARED.get() == 0);
    }
    let mut changed = map.clone();
    for key in [5, COUNT / 2, COUNT / 2 + 1] {
        changed.remove(&Counted(key));
    }
    COMPARED.set(0);
    assert_eq!(map.diff(&changed).len(), 3);
    assert!(COMPARED.get() <= 4 * 2 * MAX, "{}", COMPARED.get());
}
