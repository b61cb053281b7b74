//! Search requests: filter, sort order and page (docs/reference/orchestration-cluster.md §1.11). Searches in the world
//! and in a store use the same types.

use std::borrow::Cow;
use std::str::Chars;

use super::budget::SearchBudget;
use crate::value::{BrokenRule, InvalidValue};

/// Sort direction of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Least first; items without the field come last.
    #[default]
    Ascending,
    /// Greatest first; items without the field come first.
    Descending,
}

/// One field to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy<F> {
    /// The field.
    pub field: F,
    /// The direction.
    pub order: Order,
}

/// The part of the results to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The start.
    pub start: Start,
    /// The maximum number of items.
    pub limit: usize,
}

/// Start of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After this number of items.
    Offset(usize),
    /// After the item at this position.
    After(Cursor),
    /// The window ends before the item at this position.
    Before(Cursor),
}

/// A pagination cursor: the texts of the sort fields of an item, then its key. A cursor remains valid after its item is
/// removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The texts of the sort fields, in the order of the sort.
    pub fields: Vec<Option<String>>,
    /// The unique key of the item. It orders items with equal sort fields.
    pub key: String,
}

/// A part of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The items.
    pub items: Vec<T>,
    /// The exact number of all results.
    pub total: usize,
    /// Cursors of the first and the last item; `None` if there are no items.
    pub ends: Option<(Cursor, Cursor)>,
}

/// Conditions on a text, all of which must hold. A missing text satisfies only `exists: false` and inequalities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFilter {
    /// The text equals this one.
    pub eq: Option<String>,
    /// The text differs from this one.
    pub neq: Option<String>,
    /// Whether the text must be present (`true`) or missing (`false`).
    pub exists: Option<bool>,
    /// The text equals one of these.
    pub is_in: Option<Vec<String>>,
    /// The text differs from all of these.
    pub not_in: Option<Vec<String>>,
    /// The text matches this pattern.
    pub like: Option<LikePattern>,
}

impl TextFilter {
    /// A filter for texts that equal this one.
    #[must_use]
    pub fn equals(text: impl Into<String>) -> Self {
        Self { eq: Some(text.into()), ..Self::default() }
    }

    /// Whether the conditions hold for a text. Always `false` once the budget is exhausted.
    #[must_use]
    pub fn matches(&self, text: Option<&str>, budget: &SearchBudget) -> bool {
        let listed = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
        if !budget.take(1 + listed(&self.is_in) + listed(&self.not_in)) {
            return false;
        }
        let is = |wanted: &String| text == Some(wanted);
        self.eq.as_ref().is_none_or(is)
            && self.neq.as_ref().is_none_or(|unwanted| !is(unwanted))
            && self.exists.is_none_or(|exists| text.is_some() == exists)
            && self.is_in.as_ref().is_none_or(|wanted| wanted.iter().any(is))
            && self.not_in.as_ref().is_none_or(|unwanted| !unwanted.iter().any(is))
            && self.like.as_ref().is_none_or(|pattern| text.is_some_and(|text| pattern.matches(text, budget)))
    }
}

/// A pattern: `*` matches any sequence of characters, `?` matches one character, and a backslash escapes the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikePattern {
    source: String,
    parts: Vec<Part>,
}

/// An element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This character.
    Literal(char),
    /// Any one character.
    One,
    /// Any sequence of characters, including the empty one.
    Run,
}

impl LikePattern {
    /// Maximum length of a pattern in characters.
    const MAX: usize = 1024;

    /// Parses a pattern.
    ///
    /// # Errors
    /// When the pattern is longer than 1024 characters or ends in a lone backslash.
    pub fn parse(source: &str) -> Result<Self, InvalidValue> {
        let refuse = |rule| InvalidValue { what: "pattern", rule };
        if source.chars().count() > Self::MAX {
            return Err(refuse(BrokenRule::TooLong(Self::MAX)));
        }
        let mut parts = Vec::new();
        let mut characters = source.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '*' if parts.last() == Some(&Part::Run) => continue,
                '*' => Part::Run,
                '?' => Part::One,
                '\\' => Part::Literal(characters.next().ok_or_else(|| {
                    refuse(BrokenRule::Form("a pattern that does not end in a lone backslash", String::new()))
                })?),
                literal => Part::Literal(literal),
            };
            parts.push(part);
        }
        Ok(Self { source: source.to_owned(), parts })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The elements of the pattern, for stores that evaluate patterns themselves.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the pattern matches the whole text. Takes at most the product of the two lengths in steps. Always
    /// `false` once the budget is exhausted.
    #[must_use]
    pub fn matches(&self, text: &str, budget: &SearchBudget) -> bool {
        let mut steps = 0;
        let fits = self.fits(text, &mut steps);
        budget.take(steps) && fits
    }

    fn fits(&self, text: &str, steps: &mut usize) -> bool {
        let mut rest = text.chars();
        let mut part = 0;
        // Where to resume if the comparison fails: the latest `*` then matches one more character of the text.
        let mut retry: Option<(Chars<'_>, usize)> = None;
        loop {
            *steps += 1;
            let mut ahead = rest.clone();
            let Some(found) = ahead.next() else { break };
            match self.parts.get(part) {
                Some(Part::Run) => {
                    retry = Some((rest.clone(), part));
                    part += 1;
                }
                Some(Part::One) => (rest, part) = (ahead, part + 1),
                Some(Part::Literal(wanted)) if *wanted == found => (rest, part) = (ahead, part + 1),
                _ => match &mut retry {
                    Some((from, run)) => {
                        from.next();
                        (rest, part) = (from.clone(), *run + 1);
                    }
                    None => return false,
                },
            }
        }
        self.parts.iter().skip(part).all(|rest| *rest == Part::Run)
    }
}

/// The unique key of a row. It orders rows with equal sort fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'k> {
    /// An id.
    Text(&'k str),
    /// A number.
    Number(u64),
}

impl Key<'_> {
    /// The key as a cursor stores it.
    #[must_use]
    pub fn written(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// An item that a search can sort and paginate.
pub trait Row {
    /// The sort fields.
    type Field: Copy;

    /// The text of a field, if it has one.
    fn text(&self, field: Self::Field) -> Option<Cow<'_, str>>;

    /// The key.
    fn key(&self) -> Key<'_>;

    /// Whether the text of a field is the key.
    fn is_key(field: Self::Field) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abbc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("\\\\", "\\", true),
            ("A*", "abc", false),
            ("*ü?", "grüß", true),
            ("%", "anything", false),
        ] {
            assert_eq!(
                LikePattern::parse(pattern).unwrap().matches(text, &SearchBudget::default()),
                fits,
                "{pattern} {text}"
            );
        }
        assert!(LikePattern::parse("a\\").is_err());
    }

    #[test]
    fn a_hostile_pattern_is_not_slow() {
        let pattern = LikePattern::parse(&"*a".repeat(400)).unwrap();
        assert!(!pattern.matches(&"b".repeat(20_000), &SearchBudget::default()));
    }

    #[test]
    fn conditions_are_joined_by_and() {
        let filter =
            TextFilter { neq: Some("b".into()), like: Some(LikePattern::parse("?").unwrap()), ..TextFilter::default() };
        let holds = |filter: &TextFilter, text| filter.matches(text, &SearchBudget::default());
        assert!(holds(&filter, Some("a")) && !holds(&filter, Some("b")) && !holds(&filter, Some("aa")));
        assert!(!holds(&filter, None));
        assert!(holds(&TextFilter { exists: Some(false), ..TextFilter::default() }, None));
        assert!(holds(&TextFilter { not_in: Some(vec!["a".into()]), ..TextFilter::default() }, None));
    }

    #[test]
    fn all_patterns_of_a_search_share_its_steps() {
        let pattern = LikePattern::parse(&"*a".repeat(400)).unwrap();
        let (budget, text) = (SearchBudget::default(), "ab".repeat(500));
        let begun = (0..).find(|_| {
            let _ = pattern.matches(&text, &budget);
            budget.finished(()).is_err()
        });
        assert!(begun.is_some_and(|matches| matches < 50_000_000 / 1000));
        assert!(!LikePattern::parse("*").unwrap().matches("x", &budget));
    }
}
