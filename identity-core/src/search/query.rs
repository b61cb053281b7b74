//! Search requests: filter, sort order and page (docs/reference/orchestration-cluster.md §1.11). Searches in the world
//! and in a store use the same types.

use std::borrow::Cow;
use std::str::Chars;

use super::budget::SearchBudget;
use crate::value::{BrokenRule, InvalidValue};

/// Sort direction of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest text first. Items without the field come last.
    #[default]
    Ascending,
    /// Largest text first. Items without the field come first.
    Descending,
}

/// Sort field with its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy<F> {
    /// Field to sort by.
    pub field: F,
    /// Sort direction.
    pub order: Order,
}

/// Part of the sorted results to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Position at which the part starts or ends.
    pub start: Start,
    /// Maximum number of items to return.
    pub limit: usize,
}

/// Position of a window in the sorted results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The window skips this number of items.
    Offset(usize),
    /// The window starts after the position of this cursor.
    After(Cursor),
    /// The window ends before the position of this cursor.
    Before(Cursor),
}

/// Pagination cursor: the texts of the sort fields of an item, then its key. A cursor remains valid after its item is
/// removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Texts of the sort fields, in the order of the sort. `None` for a missing text.
    pub fields: Vec<Option<String>>,
    /// Unique key of the item. It orders items with equal sort fields.
    pub key: String,
}

/// Window of the results of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// Items of the window, in sort order.
    pub items: Vec<T>,
    /// Exact number of all results, inside and outside the window.
    pub total: usize,
    /// Cursors of the first and the last item. `None` if the window has no items.
    pub ends: Option<(Cursor, Cursor)>,
}

/// Conditions on a text, all of which must hold. A missing text satisfies only `exists: false` and inequalities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFilter {
    /// The text equals this one, including case.
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
    /// Creates a filter for texts that equal `text`, including case.
    #[must_use]
    pub fn equals(text: impl Into<String>) -> Self {
        Self { eq: Some(text.into()), ..Self::default() }
    }

    /// Returns whether the conditions hold for a text. Always `false` once the budget is exhausted.
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

/// Pattern that must match a whole text. `*` matches any sequence of characters, `?` matches one character, and a
/// backslash escapes the next character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikePattern {
    source: String,
    parts: Vec<Part>,
}

/// Element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This exact character.
    Literal(char),
    /// Any one character.
    One,
    /// Any sequence of characters, including the empty one.
    Run,
}

impl LikePattern {
    /// Maximum length of a pattern in characters.
    const MAX: usize = 1024;

    /// Parses a pattern, such as `team-*`.
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

    /// Returns the pattern as it was written, with its escapes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Returns the elements of the pattern, for stores that translate patterns to SQL.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns whether the pattern matches the whole text. Takes at most the product of the two lengths in steps.
    /// Always `false` once the budget is exhausted.
    #[must_use]
    pub fn matches(&self, text: &str, budget: &SearchBudget) -> bool {
        let mut steps = 0;
        let fits = self.fits(text, &mut steps);
        budget.take(steps) && fits
    }

    fn fits(&self, text: &str, steps: &mut usize) -> bool {
        let mut rest = text.chars();
        let mut part = 0;
        // Position to resume at if the comparison fails: the latest `*` then matches one more character of the text.
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

/// Unique key of a row. It orders rows with equal sort fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'k> {
    /// Id of an entity, compared in byte order.
    Text(&'k str),
    /// Numeric key, such as that of an authorization.
    Number(u64),
}

impl Key<'_> {
    /// Returns the key in the text form that cursors use.
    #[must_use]
    pub fn written(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Item that a search can sort and paginate.
pub trait Row {
    /// Fields by which rows can be sorted.
    type Field: Copy;

    /// Returns the text of a field, or `None` if the row does not have one.
    fn text(&self, field: Self::Field) -> Option<Cow<'_, str>>;

    /// Returns the unique key of the row.
    fn key(&self) -> Key<'_>;

    /// Returns whether the text of a field is the key, so that sorting by it can use an index.
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
