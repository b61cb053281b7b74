//! Picking a window out of candidates, without copying or sorting more than the window.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::query::{Cursor, Found, Key, Order, Row, SortBy, Start, Window};

/// Candidates, and what is known of them.
pub(super) struct Candidates<I> {
    /// The candidates that pass the filter.
    pub(super) rows: I,
    /// Whether they come in the order of their keys.
    pub(super) by_key: bool,
    /// How many there are, if that is known without counting.
    pub(super) total: Option<usize>,
}

/// The window, in the order of `sort` and then of the keys.
pub(super) fn select<R: Row>(
    candidates: Candidates<impl Iterator<Item = R>>,
    sort: &[SortBy<R::Field>],
    window: &Window,
) -> Found<R> {
    let Candidates { rows, by_key, total } = candidates;
    let in_order = by_key && sort.is_empty();
    let (items, total) = match (&window.start, in_order) {
        (Start::Offset(offset), true) => scan(rows, total, |_| true, *offset, window.limit),
        (Start::After(cursor), true) => {
            scan(rows, total, |row| against(row, sort, cursor) == Ordering::Greater, 0, window.limit)
        }
        (Start::Offset(offset), false) => {
            let (mut best, total) = least(rows, sort, offset.saturating_add(window.limit), false, |_| true);
            best.drain(..(*offset).min(best.len()));
            (best, total)
        }
        (Start::After(cursor), false) => {
            least(rows, sort, window.limit, false, |row| against(row, sort, cursor) == Ordering::Greater)
        }
        (Start::Before(cursor), _) => {
            least(rows, sort, window.limit, true, |row| against(row, sort, cursor) == Ordering::Less)
        }
    };
    let ends = items.first().zip(items.last()).map(|(first, last)| (cursor(first, sort), cursor(last, sort)));
    Found { items, total, ends }
}

/// Takes the window out of rows that come in order; counts the rest only if their number is not known.
fn scan<R>(
    rows: impl Iterator<Item = R>,
    known: Option<usize>,
    begins: impl Fn(&R) -> bool,
    offset: usize,
    limit: usize,
) -> (Vec<R>, usize) {
    let mut items = Vec::new();
    let mut counted = 0;
    let mut passed = 0;
    for row in rows {
        counted += 1;
        if items.len() < limit && begins(&row) {
            passed += 1;
            if passed > offset {
                items.push(row);
            }
        }
        if items.len() == limit && known.is_some() {
            break;
        }
    }
    (items, known.unwrap_or(counted))
}

/// The least `count` rows that `counts` admits, in order; or the greatest, also in ascending order. All rows are counted.
fn least<R: Row>(
    rows: impl Iterator<Item = R>,
    sort: &[SortBy<R::Field>],
    count: usize,
    greatest: bool,
    admits: impl Fn(&R) -> bool,
) -> (Vec<R>, usize) {
    let mut total = 0;
    let mut heap: BinaryHeap<Ranked<'_, R>> = BinaryHeap::new();
    for row in rows {
        total += 1;
        if count == 0 || !admits(&row) {
            continue;
        }
        let ranked = Ranked { row, sort, reversed: greatest };
        if heap.len() < count {
            heap.push(ranked);
        } else if let Some(mut worst) = heap.peek_mut()
            && ranked < *worst
        {
            *worst = ranked;
        }
    }
    let mut items: Vec<R> = heap.into_sorted_vec().into_iter().map(|ranked| ranked.row).collect();
    if greatest {
        items.reverse();
    }
    (items, total)
}

struct Ranked<'s, R: Row> {
    row: R,
    sort: &'s [SortBy<R::Field>],
    reversed: bool,
}

impl<R: Row> Ord for Ranked<'_, R> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = compare(&self.row, &other.row, self.sort);
        if self.reversed { order.reverse() } else { order }
    }
}

impl<R: Row> PartialOrd for Ranked<'_, R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<R: Row> PartialEq for Ranked<'_, R> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<R: Row> Eq for Ranked<'_, R> {}

fn compare<R: Row>(a: &R, b: &R, sort: &[SortBy<R::Field>]) -> Ordering {
    for by in sort {
        let order = texts(a.text(by.field).as_deref(), b.text(by.field).as_deref(), by.order);
        if order != Ordering::Equal {
            return order;
        }
    }
    a.key().cmp(&b.key())
}

/// What is missing is greater than any text.
fn texts(a: Option<&str>, b: Option<&str>, order: Order) -> Ordering {
    let ascending = match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    match order {
        Order::Ascending => ascending,
        Order::Descending => ascending.reverse(),
    }
}

/// Where a row is, seen from a position.
fn against<R: Row>(row: &R, sort: &[SortBy<R::Field>], cursor: &Cursor) -> Ordering {
    for (by, there) in sort.iter().zip(&cursor.fields) {
        let order = texts(row.text(by.field).as_deref(), there.as_deref(), by.order);
        if order != Ordering::Equal {
            return order;
        }
    }
    match row.key() {
        Key::Text(key) => key.cmp(&cursor.key),
        // A position that is not a number is before all numbers.
        Key::Number(key) => cursor.key.parse().map_or(Ordering::Greater, |there: u64| key.cmp(&there)),
    }
}

fn cursor<R: Row>(row: &R, sort: &[SortBy<R::Field>]) -> Cursor {
    Cursor { fields: sort.iter().map(|by| row.text(by.field).map(Cow::into_owned)).collect(), key: row.key().written() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Item(u64, Option<&'static str>);

    impl Row for Item {
        type Field = ();
        fn text(&self, (): ()) -> Option<Cow<'_, str>> {
            self.1.map(Cow::Borrowed)
        }
        fn key(&self) -> Key<'_> {
            Key::Number(self.0)
        }
    }

    fn items() -> Vec<Item> {
        let texts = [Some("b"), None, Some("a"), Some("b"), Some("c"), None, Some("a")];
        (1..).zip(texts).map(|(key, text)| Item(key, text)).collect()
    }

    fn run(sort: &[SortBy<()>], start: Start, limit: usize, by_key: bool) -> Found<Item> {
        let candidates = Candidates { rows: items().into_iter(), by_key, total: None };
        select(candidates, sort, &Window { start, limit })
    }

    #[test]
    fn every_window_is_a_slice_of_the_sorted_whole_and_cursors_walk_it_both_ways() {
        let orders: [&[SortBy<()>]; 3] =
            [&[], &[SortBy { field: (), order: Order::Ascending }], &[SortBy { field: (), order: Order::Descending }]];
        for sort in orders {
            let mut whole = items();
            whole.sort_by(|a, b| compare(a, b, sort));
            for by_key in [false, sort.is_empty()] {
                for offset in 0..9 {
                    for limit in 1..9 {
                        let found = run(sort, Start::Offset(offset), limit, by_key);
                        let expected: Vec<Item> = whole.iter().skip(offset).take(limit).cloned().collect();
                        assert_eq!((found.items, found.total), (expected, whole.len()));
                    }
                }
                for limit in 1..4 {
                    let (mut forward, mut start) = (Vec::new(), Start::Offset(0));
                    loop {
                        let found = run(sort, start, limit, by_key);
                        let Some((_, last)) = found.ends else { break };
                        forward.extend(found.items);
                        start = Start::After(last);
                    }
                    assert_eq!(forward, whole);
                    let end = cursor(whole.last().unwrap(), sort);
                    let (mut backward, mut start) = (vec![whole.last().unwrap().clone()], Start::Before(end));
                    loop {
                        let found = run(sort, start, limit, by_key);
                        let Some((first, _)) = found.ends else { break };
                        backward.splice(0..0, found.items);
                        start = Start::Before(first);
                    }
                    assert_eq!(backward, whole);
                }
            }
        }
    }

    #[test]
    fn what_is_missing_sorts_last_when_ascending() {
        let found = run(&[SortBy { field: (), order: Order::Ascending }], Start::Offset(0), 9, false);
        assert_eq!(found.items.iter().map(|item| item.0).collect::<Vec<_>>(), [3, 7, 1, 4, 5, 2, 6]);
    }
}
