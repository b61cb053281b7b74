//! Narrows a search to a range of an index, or to listed ids, by the condition on the id, the visible ids and the
//! cursor.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;

use super::query::{Part, TextFilter};
use super::select::Keys;
use super::visibility::Visible;

/// Range of ids that may satisfy a condition.
pub(super) struct Span<'v> {
    /// The only candidates, if the condition or the visibility lists ids. `None` if all ids in the range are
    /// candidates.
    pub(super) only: Option<Cow<'v, BTreeSet<String>>>,
    from: Bound<String>,
    to: Bound<String>,
}

impl<'v> Span<'v> {
    /// Computes the range of ids among `visible` that may satisfy `condition`.
    pub(super) fn new(visible: &'v Visible, condition: Option<&TextFilter>) -> Self {
        let named = condition.and_then(|condition| match (&condition.eq, &condition.is_in) {
            (Some(id), _) => Some(std::slice::from_ref(id)),
            (None, Some(ids)) => Some(ids.as_slice()),
            (None, None) => None,
        });
        let only = match (named, visible) {
            (Some(ids), _) => Some(Cow::Owned(ids.iter().filter(|id| visible.includes(id)).cloned().collect())),
            (None, Visible::Only(ids)) => Some(Cow::Borrowed(ids)),
            (None, Visible::All) => None,
        };
        let prefix = condition.and_then(|condition| condition.like.as_ref()).map_or_else(String::new, |pattern| {
            let literal = |part: &Part| if let Part::Literal(character) = part { Some(*character) } else { None };
            pattern.parts().iter().map_while(literal).collect()
        });
        Self { only, to: end_of(&prefix), from: Bound::Included(prefix) }
    }

    /// Returns the bounds of the ids that are both in the span and in `keys`. `None` if no id can be in both.
    pub(super) fn within<'k>(&'k self, keys: Keys<'k>) -> Option<(Bound<&'k str>, Bound<&'k str>)> {
        let (mut from, mut to) = (self.from.as_ref().map(String::as_str), self.to.as_ref().map(String::as_str));
        let text = |bound: &Bound<&'k str>| match bound {
            Bound::Included(text) | Bound::Excluded(text) => Some(*text),
            Bound::Unbounded => None,
        };
        match keys {
            Keys::All => {}
            Keys::After(key) if text(&from).is_some_and(|first| first > key) => {}
            Keys::After(key) => from = Bound::Excluded(key),
            Keys::Before(key) if text(&to).is_some_and(|last| last < key) => {}
            Keys::Before(key) => to = Bound::Excluded(key),
        }
        // Maps panic if the bounds cross.
        let crossed = text(&from).zip(text(&to)).is_some_and(|(from, to)| from >= to);
        (!crossed).then_some((from, to))
    }
}

/// Returns the upper bound of all texts that begin with this prefix.
fn end_of(prefix: &str) -> Bound<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The character after `last`. A range of `char` skips the surrogate code points.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Bound::Excluded(text);
        }
    }
    Bound::Unbounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::LikePattern;

    fn like(pattern: &str) -> TextFilter {
        TextFilter { like: Some(LikePattern::parse(pattern).unwrap()), ..TextFilter::default() }
    }

    #[test]
    fn a_pattern_is_looked_for_where_its_beginning_is() {
        for (pattern, from, to) in [
            ("a*", "a", Some("b")),
            ("ab?c", "ab", Some("ac")),
            ("a\\*b", "a*b", Some("a*c")),
            ("*a", "", None),
            ("\u{d7ff}*", "\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}*", "a\u{10ffff}", Some("b")),
            ("\u{10ffff}*", "\u{10ffff}", None),
        ] {
            let span = Span::new(&Visible::All, Some(&like(pattern)));
            let to = to.map_or(Bound::Unbounded, Bound::Excluded);
            assert_eq!(span.within(Keys::All), Some((Bound::Included(from), to)), "{pattern}");
        }
    }

    #[test]
    fn positions_narrow_and_never_cross() {
        let condition = like("b*");
        let span = Span::new(&Visible::All, Some(&condition));
        let (from, to) = (Bound::Included("b"), Bound::Excluded("c"));
        assert_eq!(span.within(Keys::After("a")), Some((from, to)));
        assert_eq!(span.within(Keys::After("bb")), Some((Bound::Excluded("bb"), to)));
        assert_eq!(span.within(Keys::After("c")), None);
        assert_eq!(span.within(Keys::After("z")), None);
        assert_eq!(span.within(Keys::Before("z")), Some((from, to)));
        assert_eq!(span.within(Keys::Before("bb")), Some((from, Bound::Excluded("bb"))));
        assert_eq!(span.within(Keys::Before("b")), None);
        assert_eq!(span.within(Keys::Before("a")), None);
        let all = Span::new(&Visible::All, None);
        assert_eq!(all.within(Keys::Before("")), None);
    }

    #[test]
    fn named_ids_are_looked_up_if_they_may_be_seen() {
        let visible = Visible::Only(BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        let named = TextFilter { is_in: Some(vec!["b".into(), "c".into()]), ..TextFilter::default() };
        assert_eq!(Span::new(&visible, Some(&named)).only.as_deref(), Some(&BTreeSet::from(["b".to_owned()])));
        let one = TextFilter::equals("x");
        assert_eq!(Span::new(&Visible::All, Some(&one)).only.as_deref(), Some(&BTreeSet::from(["x".to_owned()])));
        assert_eq!(Span::new(&Visible::All, None).only, None);
    }
}
