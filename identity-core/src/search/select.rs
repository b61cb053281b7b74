//! Selects one window of the sorted results of a search. Only the rows that the window needs are kept in memory.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::query::{Cursor, Found, Key, Order, Row, SortBy, Start, Window};

/// Double-ended iterator over rows in the order of their keys.
pub(super) type Rows<'r, R> = Box<dyn DoubleEndedIterator<Item = R> + 'r>;

/// Range of keys that an index reads. The bounds are excluded.
#[derive(Clone, Copy)]
pub(super) enum Keys<'k> {
    /// All keys.
    All,
    /// Keys after this one.
    After(&'k str),
    /// Keys before this one.
    Before(&'k str),
}

/// Selects the window from rows that an index provides in the order of their keys. If the results are sorted by key,
/// rows before the window are read only to skip an offset. If `total` is `None`, all rows are read to count them. With
/// another sort order, all rows are read.
pub(super) fn select_by_key<'r, R: Row>(
    rows: impl Fn(Keys<'_>) -> Rows<'r, R>,
    total: Option<usize>,
    sort: &[SortBy<R::Field>],
    window: &Window,
) -> Found<R> {
    let Some(order) = key_order::<R>(sort) else {
        let mut found = select(rows(Keys::All), sort, window);
        found.total = total.unwrap_or(found.total);
        return found;
    };
    let total = total.unwrap_or_else(|| rows(Keys::All).count());
    let (up, limit) = (order == Order::Ascending, window.limit);
    // Rows before a cursor are read backwards, starting at the cursor.
    let items = match &window.start {
        Start::Offset(offset) if up => rows(Keys::All).skip(*offset).take(limit).collect(),
        Start::Offset(offset) => rows(Keys::All).rev().skip(*offset).take(limit).collect(),
        Start::After(cursor) if up => rows(Keys::After(&cursor.key)).take(limit).collect(),
        Start::After(cursor) => rows(Keys::Before(&cursor.key)).rev().take(limit).collect(),
        Start::Before(cursor) => {
            let mut items: Vec<R> = if up {
                rows(Keys::Before(&cursor.key)).rev().take(limit).collect()
            } else {
                rows(Keys::After(&cursor.key)).take(limit).collect()
            };
            items.reverse();
            items
        }
    };
    found(items, total, sort)
}

/// Returns the sort direction if the results are sorted by key, which is also the default. `None` for other sort
/// fields. Keys are unique, so later sort fields have no effect.
fn key_order<R: Row>(sort: &[SortBy<R::Field>]) -> Option<Order> {
    match sort.first() {
        None => Some(Order::Ascending),
        Some(by) => R::is_key(by.field).then_some(by.order),
    }
}

/// Selects the window from rows in any order, sorted by `sort`, then by key. Examines all rows and keeps no more of
/// them than the window needs.
pub(super) fn select<R: Row>(rows: impl Iterator<Item = R>, sort: &[SortBy<R::Field>], window: &Window) -> Found<R> {
    let (items, total) = match &window.start {
        Start::Offset(offset) => {
            let (mut best, total) = least(rows, sort, offset.saturating_add(window.limit), false, |_| true);
            best.drain(..(*offset).min(best.len()));
            (best, total)
        }
        Start::After(cursor) => {
            least(rows, sort, window.limit, false, |row| against(row, sort, cursor) == Ordering::Greater)
        }
        Start::Before(cursor) => {
            least(rows, sort, window.limit, true, |row| against(row, sort, cursor) == Ordering::Less)
        }
    };
    found(items, total, sort)
}

fn found<R: Row>(items: Vec<R>, total: usize, sort: &[SortBy<R::Field>]) -> Found<R> {
    let ends = items.first().zip(items.last()).map(|(first, last)| (cursor(first, sort), cursor(last, sort)));
    Found { items, total, ends }
}

/// Returns the first `count` rows in sort order that `admits` accepts, or the last ones if `greatest` is set. Also
/// returns the number of all rows, including those that `admits` rejects. The rows are in sort order in both cases.
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

/// Compares the texts of a sort field. When ascending, a missing text is greater than any text.
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

/// Compares the sort position of a row with that of a cursor.
fn against<R: Row>(row: &R, sort: &[SortBy<R::Field>], cursor: &Cursor) -> Ordering {
    for (by, there) in sort.iter().zip(&cursor.fields) {
        let order = texts(row.text(by.field).as_deref(), there.as_deref(), by.order);
        if order != Ordering::Equal {
            return order;
        }
    }
    match row.key() {
        Key::Text(key) => key.cmp(&cursor.key),
        // A cursor whose key is not a number is before all rows.
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

    #[derive(Clone, Copy)]
    enum Field {
        Key,
        Text,
    }

    impl Row for Item {
        type Field = Field;
        fn text(&self, field: Field) -> Option<Cow<'_, str>> {
            match field {
                Field::Key => Some(Cow::Owned(self.0.to_string())),
                Field::Text => self.1.map(Cow::Borrowed),
            }
        }
        fn key(&self) -> Key<'_> {
            Key::Number(self.0)
        }
        fn is_key(field: Field) -> bool {
            matches!(field, Field::Key)
        }
    }

    fn items() -> Vec<Item> {
        let texts = [Some("b"), None, Some("a"), Some("b"), Some("c"), None, Some("a")];
        (1..).zip(texts).map(|(key, text)| Item(key, text)).collect()
    }

    fn between(keys: Keys<'_>) -> Rows<'static, Item> {
        let (from, to) = match keys {
            Keys::All => (0, u64::MAX),
            Keys::After(key) => (key.parse::<u64>().unwrap() + 1, u64::MAX),
            Keys::Before(key) => (0, key.parse().unwrap()),
        };
        Box::new(items().into_iter().filter(move |item| (from..to).contains(&item.0)))
    }

    fn run(sort: &[SortBy<Field>], start: Start, limit: usize, how: usize) -> Found<Item> {
        let window = Window { start, limit };
        match how {
            0 => select(items().into_iter(), sort, &window),
            1 => select_by_key(between, None, sort, &window),
            _ => select_by_key(between, Some(items().len()), sort, &window),
        }
    }

    #[test]
    fn every_window_is_a_slice_of_the_sorted_whole_and_cursors_walk_it_both_ways() {
        let by = |field, order| SortBy { field, order };
        let orders: [&[SortBy<Field>]; 6] = [
            &[],
            &[by(Field::Text, Order::Ascending)],
            &[by(Field::Text, Order::Descending)],
            &[by(Field::Key, Order::Ascending)],
            &[by(Field::Key, Order::Descending)],
            &[by(Field::Text, Order::Descending), by(Field::Key, Order::Descending)],
        ];
        for sort in orders {
            let mut whole = items();
            whole.sort_by(|a, b| compare(a, b, sort));
            for how in 0..3 {
                for offset in 0..9 {
                    for limit in 1..9 {
                        let found = run(sort, Start::Offset(offset), limit, how);
                        let expected: Vec<Item> = whole.iter().skip(offset).take(limit).cloned().collect();
                        assert_eq!((found.items, found.total), (expected, whole.len()));
                    }
                }
                for limit in 1..4 {
                    let (mut forward, mut start) = (Vec::new(), Start::Offset(0));
                    loop {
                        let found = run(sort, start, limit, how);
                        let Some((_, last)) = found.ends else { break };
                        forward.extend(found.items);
                        start = Start::After(last);
                    }
                    assert_eq!(forward, whole);
                    let end = cursor(whole.last().unwrap(), sort);
                    let (mut backward, mut start) = (vec![whole.last().unwrap().clone()], Start::Before(end));
                    loop {
                        let found = run(sort, start, limit, how);
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
        let found = run(&[SortBy { field: Field::Text, order: Order::Ascending }], Start::Offset(0), 9, 0);
        assert_eq!(found.items.iter().map(|item| item.0).collect::<Vec<_>>(), [3, 7, 1, 4, 5, 2, 6]);
    }
}
