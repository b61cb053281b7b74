//! What somebody searches for: a filter, an order, a page (orchestration reference §1.11). Shared by everything that is
//! searched, in the world or in a store.

use std::borrow::Cow;
use std::str::Chars;

use super::budget::SearchBudget;
use crate::value::{BrokenRule, InvalidValue};

/// Which way a field is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Least first; what lacks the field comes last.
    #[default]
    Ascending,
    /// Greatest first; what lacks the field comes first.
    Descending,
}

/// One field to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy<F> {
    /// The field.
    pub field: F,
    /// Which way.
    pub order: Order,
}

/// Which part of the results to show, and at most how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub start: Start,
    /// The most items.
    pub limit: usize,
}

/// Where a window begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After so many items.
    Offset(usize),
    /// After the item at this position.
    After(Cursor),
    /// So that it ends before the item at this position.
    Before(Cursor),
}

/// A position in sorted results: the texts of the item's sort fields, then its key. Positions outlive the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort fields' texts, in the order of the sort.
    pub fields: Vec<Option<String>>,
    /// The item's key, which sets apart what sorts alike.
    pub key: String,
}

/// A part of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many results there are in all; exact.
    pub total: usize,
    /// The positions of the first and the last item.
    pub ends: Option<(Cursor, Cursor)>,
}

/// Conditions on a text, all of which must hold. A text that is missing satisfies `exists: false` and inequalities only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFilter {
    /// It is this.
    pub eq: Option<String>,
    /// It is not this.
    pub neq: Option<String>,
    /// It is there, or is not.
    pub exists: Option<bool>,
    /// It is one of these.
    pub is_in: Option<Vec<String>>,
    /// It is none of these.
    pub not_in: Option<Vec<String>>,
    /// It is like this.
    pub like: Option<LikePattern>,
}

impl TextFilter {
    /// The filter for one text.
    #[must_use]
    pub fn equals(text: impl Into<String>) -> Self {
        Self { eq: Some(text.into()), ..Self::default() }
    }

    /// Whether the conditions hold for a text. Nothing holds once the budget is used up.
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

/// A pattern: `*` is any run of characters, `?` is one, a backslash takes the next character literally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikePattern {
    source: String,
    parts: Vec<Part>,
}

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This character.
    Literal(char),
    /// Any one character.
    One,
    /// Any run of characters, possibly none.
    Run,
}

impl LikePattern {
    /// Longest pattern in characters.
    const MAX: usize = 1024;

    /// # Errors
    /// When the pattern is too long or ends in a lone backslash.
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

    /// Its pieces, for stores that search by themselves.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether all of `text` fits. Takes at most the product of the two lengths in steps. Nothing fits once the budget is used
    /// up.
    #[must_use]
    pub fn matches(&self, text: &str, budget: &SearchBudget) -> bool {
        let mut steps = 0;
        let fits = self.fits(text, &mut steps);
        budget.take(steps) && fits
    }

    fn fits(&self, text: &str, steps: &mut usize) -> bool {
        let mut rest = text.chars();
        let mut part = 0;
        // Where to go on when the run that was seen last has to take one character more.
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

/// The key that sets apart what sorts alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'k> {
    /// An id.
    Text(&'k str),
    /// A number.
    Number(u64),
}

impl Key<'_> {
    /// The key as a cursor keeps it.
    #[must_use]
    pub fn written(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Something that can be searched for.
pub trait Row {
    /// The fields that it can be sorted by.
    type Field: Copy;

    /// The text of a field, if it has one.
    fn text(&self, field: Self::Field) -> Option<Cow<'_, str>>;

    /// Its key.
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
