//! Claim selectors: which part of a token a mapping rule looks at.
//!
//! A text that begins with `$` is a JSONPath query (RFC 9535). Any other text is the name of a top-level claim, taken
//! literally, whatever it holds: `https://example.com/roles` and `a.b` are names. Compiled when the rule is saved, so a
//! typo is refused then and not silently never matched.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::{BrokenRule, InvalidValue, plain_text};

/// Longest selector in characters.
const MAX: usize = 512;
const WHAT: &str = "claim name";

/// One step of a selector that only walks down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The member of this name.
    Name(Arc<str>),
    /// Every member of an object or element of an array.
    Every,
}

/// Where in the claims a rule looks.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimSelector {
    text: Arc<str>,
    query: Query,
}

#[derive(Clone)]
enum Query {
    /// Only names and wildcards: the index can walk the claims once for all selectors of this kind.
    Walk(Arc<[Segment]>),
    /// Anything else that JSONPath can say.
    Path(Arc<JsonPath>),
}

impl ClaimSelector {
    /// # Errors
    /// When the text is blank, too long, or begins with `$` and is not a JSONPath query.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        plain_text(WHAT, text, MAX)?;
        let query = if text.starts_with('$') {
            let path = JsonPath::parse(text).map_err(|error| {
                InvalidValue::new(WHAT, BrokenRule::Form("a jsonpath query (RFC 9535)", error.to_string()))
            })?;
            match walk(text) {
                Some(segments) => Query::Walk(segments.into()),
                None => Query::Path(Arc::new(path)),
            }
        } else {
            Query::Walk(Arc::from([Segment::Name(Arc::from(text))]))
        };
        Ok(Self { text: Arc::from(text), query })
    }

    /// The selector as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The steps, when the selector is nothing but steps down.
    #[must_use]
    pub fn segments(&self) -> Option<&Arc<[Segment]>> {
        match &self.query {
            Query::Walk(segments) => Some(segments),
            Query::Path(_) => None,
        }
    }

    /// The nodes that the selector selects from `claims`, and whether they stand for a list's elements.
    #[must_use]
    pub fn select<'c>(&self, claims: &'c Value) -> Vec<(&'c Value, bool)> {
        match &self.query {
            Query::Path(path) => path.query(claims).all().into_iter().map(|node| (node, true)).collect(),
            Query::Walk(segments) => {
                let mut nodes = vec![(claims, false)];
                for segment in segments.iter() {
                    nodes = nodes.into_iter().flat_map(|(node, element)| step(node, segment, element)).collect();
                }
                nodes
            }
        }
    }
}

fn step<'c>(node: &'c Value, segment: &Segment, element: bool) -> Vec<(&'c Value, bool)> {
    match (segment, node) {
        (Segment::Name(name), Value::Object(map)) => {
            map.get(&**name).map(|child| (child, element)).into_iter().collect()
        }
        (Segment::Every, Value::Object(map)) => map.values().map(|child| (child, true)).collect(),
        (Segment::Every, Value::Array(items)) => items.iter().map(|child| (child, true)).collect(),
        _ => Vec::new(),
    }
}

/// Reads the plain subset of JSONPath: `.name`, `['name']`, `["name"]`, `.*` and `[*]`, without escapes.
/// `None` for everything else, which [`JsonPath`] evaluates.
fn walk(text: &str) -> Option<Vec<Segment>> {
    let mut rest = text.strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(".*").or_else(|| rest.strip_prefix("[*]")) {
            segments.push(Segment::Every);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at_checked(end)?;
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            segments.push(Segment::Name(Arc::from(name)));
            rest = tail;
        } else {
            let quoted = rest.strip_prefix('[')?;
            let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
            let (name, tail) = quoted.strip_prefix(quote)?.split_once(quote)?;
            if name.contains('\\') {
                return None;
            }
            segments.push(Segment::Name(Arc::from(name)));
            rest = tail.strip_prefix(']')?;
        }
    }
    Some(segments)
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

impl TryFrom<String> for ClaimSelector {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<ClaimSelector> for String {
    fn from(selector: ClaimSelector) -> Self {
        selector.text.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selected(selector: &str, claims: &Value) -> Vec<Value> {
        ClaimSelector::parse(selector).unwrap().select(claims).into_iter().map(|(node, _)| node.clone()).collect()
    }

    #[test]
    fn a_name_is_taken_literally() {
        let claims = json!({"https://example.com/roles": "a", "a.b": "c", "x:y": "z", "a": {"b": "nested"}});
        assert_eq!(selected("https://example.com/roles", &claims), [json!("a")]);
        assert_eq!(selected("a.b", &claims), [json!("c")]);
        assert_eq!(selected("x:y", &claims), [json!("z")]);
        assert_eq!(selected("missing", &claims), Vec::<Value>::new());
    }

    #[test]
    fn a_dollar_begins_a_path() {
        let claims = json!({"a": {"b": ["x", "y"]}, "https://e/c": {"y": 1}});
        assert_eq!(selected("$.a.b", &claims), [json!(["x", "y"])]);
        assert_eq!(selected("$.a.b[*]", &claims), [json!("x"), json!("y")]);
        assert_eq!(selected("$['https://e/c']['y']", &claims), [json!(1)]);
        assert_eq!(selected("$.a.b[1]", &claims), [json!("y")]);
        assert_eq!(selected("$..b[0]", &claims), [json!("x")]);
        assert_eq!(selected("$.a.c", &claims), Vec::<Value>::new());
    }

    #[test]
    fn a_typo_is_refused_when_the_rule_is_made() {
        for text in ["", "$.", "$[", "$.a[?", "$a", "$['a'"] {
            assert!(ClaimSelector::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_plain_subset_agrees_with_the_library() {
        let claims = json!({"a": {"b": ["x", {"c": "d"}], "e": "f"}, "g": ["h"], "a_1": true});
        for text in
            ["$.a", "$.a.b", "$.a.b[*]", "$.*", "$.a.*", "$[\"a\"]['e']", "$['a_1']", "$.a.b[*].c", "$.g[*]", "$"]
        {
            assert!(ClaimSelector::parse(text).unwrap().segments().is_some(), "{text} walks");
            let library: Vec<Value> =
                JsonPath::parse(text).unwrap().query(&claims).all().into_iter().cloned().collect();
            assert_eq!(selected(text, &claims), library, "{text}");
        }
    }
}
