//! Claim selectors: expressions that select the claim a mapping rule compares.
//!
//! A text that begins with `$` is a path: a subset of JSONPath (RFC 9535) that evaluates in time linear in the size of
//! the claims. Any other text is the literal name of a top-level claim, whatever characters it contains:
//! `https://example.com/roles` and `a.b` are names. Paths are compiled when a rule is saved, so that typing errors are
//! rejected at that time.
//!
//! The subset has names, indexes, wildcards, at most one descendant step and at most one filter. A filter combines
//! comparisons of members with literals. Each node has one parent, so that each step selects a node at most once. The
//! cost of a path is at most its number of steps times the number of nodes. Unions, slices, functions and nested
//! queries would break this bound or are not needed, and are rejected.

mod evaluate;
mod filter;
mod parse;

pub(crate) use evaluate::Steps;
pub use evaluate::{OverBudget, Selected};
pub use filter::Filter;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, InvalidValue, plain_text};

/// Maximum length of a selector, in characters.
const MAX: usize = 512;
const WHAT: &str = "claim name";
const FORM: &str = "the name of a claim, or a path of names, indexes, `*`, at most one `..` and at most one filter, such as \
                    `$.realm_access.roles` or `$.groups[?@.type == 'team'].name`";

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The member with this name.
    Name(Arc<str>),
    /// All members of an object or elements of an array.
    Every,
    /// The element at this index of an array. Negative indexes count from the end.
    Index(i64),
    /// Members or elements that satisfy the filter.
    Filter(Arc<Filter>),
    /// The node itself and all of its descendants.
    Descendants,
}

/// Selects nodes from the claims of a token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ClaimSelector {
    text: Arc<str>,
    query: Query,
}

#[derive(Clone)]
enum Query {
    Path(Arc<[Segment]>),
    /// A stored text that violates the current rules. Selects nothing.
    Disabled(Arc<InvalidValue>),
}

impl ClaimSelector {
    /// Parses a selector.
    ///
    /// # Errors
    /// If the text is blank, longer than 512 characters, or begins with `$` and is not a path of the supported subset.
    /// For a path, the error contains the position and an alternative.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        plain_text(WHAT, text, MAX)?;
        let segments = if text.starts_with('$') {
            parse::path(text).map_err(|detail| InvalidValue::new(WHAT, BrokenRule::Form(FORM, detail)))?
        } else {
            vec![Segment::Name(Arc::from(text))]
        };
        Ok(Self { text: Arc::from(text), query: Query::Path(segments.into()) })
    }

    /// Parses a stored selector, which may predate the current rules. Text that [`ClaimSelector::parse`] rejects is
    /// kept unchanged and disabled: it selects nothing, and [`ClaimSelector::disabled`] returns the reason.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self::parse(text)
            .unwrap_or_else(|reason| Self { text: Arc::from(text), query: Query::Disabled(Arc::new(reason)) })
    }

    /// The selector as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Steps of the path. `None` if the selector is disabled.
    #[must_use]
    pub fn segments(&self) -> Option<&Arc<[Segment]>> {
        match &self.query {
            Query::Path(segments) => Some(segments),
            Query::Disabled(_) => None,
        }
    }

    /// Reason why a stored selector is disabled. `None` if it is not.
    #[must_use]
    pub fn disabled(&self) -> Option<&InvalidValue> {
        match &self.query {
            Query::Path(_) => None,
            Query::Disabled(reason) => Some(reason),
        }
    }
}

impl PartialEq for ClaimSelector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ClaimSelector {}

impl fmt::Debug for ClaimSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.text)
    }
}

impl fmt::Display for ClaimSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Deserialization accepts any text: entries of the change log were valid when they were written.
impl From<String> for ClaimSelector {
    fn from(text: String) -> Self {
        Self::stored(&text)
    }
}

impl From<ClaimSelector> for String {
    fn from(selector: ClaimSelector) -> Self {
        selector.text.to_string()
    }
}

#[cfg(test)]
mod tests;
