//! Claim selectors: expressions that select the claim that a mapping rule compares.
//!
//! A text that begins with `$` is a path in a subset of JSONPath (RFC 9535), such as `$.realm_access.roles`. Any other
//! text is the literal name of a top-level claim: `https://example.com/roles` and `a.b` are names. Paths are compiled
//! when a rule is saved, so that syntax errors are rejected at that time.
//!
//! The subset has names, indexes, wildcards, at most one descendant step (`..`) and at most one filter. A filter
//! combines comparisons of members with literals. Unions, slices, functions and nested queries are rejected.
//!
//! Each node has one parent, so each step selects a node at most once. The cost of a path is therefore at most its
//! number of steps times the number of nodes: linear in the size of the claims.

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

/// A step of a path, applied to each node that the preceding step selected.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The object member with this name (`.name` or `['name']`).
    Name(Arc<str>),
    /// All members of an object or all elements of an array (`*`).
    Every,
    /// The array element at this index (`[0]`). Negative indexes count from the end: `[-1]` is the last element.
    Index(i64),
    /// The members or elements that satisfy the filter, as in `[?@.type == 'team']`.
    Filter(Arc<Filter>),
    /// The node itself and all arrays and objects below it (`..`); the next step applies to each of them.
    Descendants,
}

/// Selects values from the claims of a token, by the name of a top-level claim or by a path. May select none.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ClaimSelector {
    text: Arc<str>,
    query: Query,
}

#[derive(Clone)]
enum Query {
    Path(Arc<[Segment]>),
    /// A stored text that [`ClaimSelector::parse`] rejects, with the reason. It selects nothing.
    Disabled(Arc<InvalidValue>),
}

impl ClaimSelector {
    /// Parses a new selector.
    ///
    /// # Errors
    /// If the text is blank, longer than 512 characters, or begins with `$` and is not a path of the supported subset.
    /// For a path, the error contains the position and a suggestion.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        plain_text(WHAT, text, MAX)?;
        let segments = if text.starts_with('$') {
            parse::path(text).map_err(|detail| InvalidValue::new(WHAT, BrokenRule::Form(FORM, detail)))?
        } else {
            vec![Segment::Name(Arc::from(text))]
        };
        Ok(Self { text: Arc::from(text), query: Query::Path(segments.into()) })
    }

    /// Restores a stored selector, which may predate the current rules. Text that [`ClaimSelector::parse`] rejects is
    /// kept unchanged but disabled: it selects nothing, and [`ClaimSelector::disabled`] returns the reason.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self::parse(text)
            .unwrap_or_else(|reason| Self { text: Arc::from(text), query: Query::Disabled(Arc::new(reason)) })
    }

    /// The text of the selector, as written by its author.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Steps of the path; a single [`Segment::Name`] for a claim name. `None` if the selector is disabled.
    #[must_use]
    pub fn segments(&self) -> Option<&Arc<[Segment]>> {
        match &self.query {
            Query::Path(segments) => Some(segments),
            Query::Disabled(_) => None,
        }
    }

    /// Reason why a stored selector is disabled. `None` if it is usable.
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

/// Accepts any text, as [`ClaimSelector::stored`] does: entries of the change log were valid when they were written.
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
