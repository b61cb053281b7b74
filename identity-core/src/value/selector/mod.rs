//! Claim selectors: the part of a token's claims that a mapping rule compares.
//!
//! A text that begins with `$` is a path: a subset of JSONPath (RFC 9535) whose evaluation is linear in the claims. Any other
//! text is the name of a top-level claim, taken literally, whatever characters it has: `https://example.com/roles` and `a.b`
//! are names. Paths are compiled when a rule is saved, so a typo is refused then.
//!
//! The subset: names, indexes, wildcards, at most one descendant step and at most one filter, which combines comparisons of
//! members with literals. A node has one parent, so each step selects a node at most once; the cost of a path is at most
//! its steps times the nodes of the claims. Unions, slices, functions and nested queries do not have that property or are not
//! needed, and are refused.

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

/// Longest selector in characters.
const MAX: usize = 512;
const WHAT: &str = "claim name";
const FORM: &str = "the name of a claim, or a path of names, indexes, `*`, at most one `..` and at most one filter, such as \
                    `$.realm_access.roles` or `$.groups[?@.type == 'team'].name`";

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The member of this name.
    Name(Arc<str>),
    /// Every member of an object or element of an array.
    Every,
    /// The element at this place of an array; negative places count from its end.
    Index(i64),
    /// Members and elements that satisfy the conditions.
    Filter(Arc<Filter>),
    /// The node itself and everything below it.
    Descendants,
}

/// Where in the claims a rule looks.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ClaimSelector {
    text: Arc<str>,
    query: Query,
}

#[derive(Clone)]
enum Query {
    Path(Arc<[Segment]>),
    /// A stored text that does not satisfy today's rules. It selects nothing.
    Disabled(Arc<InvalidValue>),
}

impl ClaimSelector {
    /// # Errors
    /// When the text is blank, too long, or begins with `$` and is not a path of the supported subset. The error names the
    /// position and an alternative.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        plain_text(WHAT, text, MAX)?;
        let segments = if text.starts_with('$') {
            parse::path(text).map_err(|detail| InvalidValue::new(WHAT, BrokenRule::Form(FORM, detail)))?
        } else {
            vec![Segment::Name(Arc::from(text))]
        };
        Ok(Self { text: Arc::from(text), query: Query::Path(segments.into()) })
    }

    /// Reads a selector that was stored, possibly under older rules. A text that [`ClaimSelector::parse`] refuses is kept as
    /// it is and disabled: it selects nothing, and [`ClaimSelector::disabled`] returns the reason.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self::parse(text)
            .unwrap_or_else(|reason| Self { text: Arc::from(text), query: Query::Disabled(Arc::new(reason)) })
    }

    /// The selector as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The steps of the path; `None` when the selector is disabled.
    #[must_use]
    pub fn segments(&self) -> Option<&Arc<[Segment]>> {
        match &self.query {
            Query::Path(segments) => Some(segments),
            Query::Disabled(_) => None,
        }
    }

    /// Why a stored selector is disabled.
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

/// What the change log holds was accepted when it was written.
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
