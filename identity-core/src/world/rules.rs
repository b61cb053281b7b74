//! Mapping rules by what they look for, so that evaluating all of them costs the claims in the token and not the rules.
//!
//! Selectors that only walk down share one tree of steps, which is walked along with the claims. Other JSONPath queries
//! are run once for each distinct query. Either way one arrives at a *node*, where a hash look-up by value finds the rules.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;
use imbl::OrdMap;
use serde_json::Value;

use super::Map;
use super::sym::Sym;
use crate::entity::{MappingRule, Operator};
use crate::value::{ClaimSelector, Segment};

type Node = u32;
const ROOT: Node = 0;

/// The rules that look for one value at one node.
type Seekers = Arc<[(Sym, Operator)]>;

#[derive(Clone, Default)]
pub(crate) struct RuleIndex {
    names: Map<(Node, Arc<str>), Node>,
    every: Map<Node, Node>,
    queries: OrdMap<Arc<str>, Query>,
    seekers: Map<(Node, Arc<str>), Seekers>,
    /// Nodes made so far. They are not taken back: there are as many as distinct selectors were ever saved.
    nodes: Node,
}

#[derive(Clone)]
struct Query {
    selector: ClaimSelector,
    node: Node,
    rules: usize,
}

/// A node and a text that is not shared: a claim's name or value.
struct At<'q>(Node, &'q str);

impl Hash for At<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Equivalent<(Node, Arc<str>)> for At<'_> {
    fn equivalent(&self, key: &(Node, Arc<str>)) -> bool {
        self.0 == key.0 && self.1 == &*key.1
    }
}

impl RuleIndex {
    pub(crate) fn insert(&mut self, symbol: Sym, rule: &MappingRule) {
        let node = self.node(&rule.selector);
        let key = (node, Arc::from(rule.value.as_str()));
        let known = self.seekers.get(&key).map_or(&[][..], |seekers| seekers);
        let seekers = known.iter().copied().chain([(symbol, rule.operator)]).collect();
        self.seekers.insert(key, seekers);
    }

    pub(crate) fn remove(&mut self, symbol: Sym, rule: &MappingRule) {
        let Some(node) = self.find_node(&rule.selector) else { return };
        let key = (node, Arc::from(rule.value.as_str()));
        let left: Seekers = self
            .seekers
            .get(&key)
            .into_iter()
            .flat_map(|seekers| seekers.iter())
            .filter(|(known, _)| *known != symbol)
            .copied()
            .collect();
        if left.is_empty() {
            self.seekers.remove(&key);
        } else {
            self.seekers.insert(key, left);
        }
        if let Some(query) = self.queries.get_mut(rule.selector.as_str()) {
            query.rules -= 1;
            if query.rules == 0 {
                self.queries.remove(rule.selector.as_str());
            }
        }
    }

    /// The rules that look where `rule` looks for what it looks for, itself included.
    pub(crate) fn seekers_of(&self, rule: &MappingRule) -> impl Iterator<Item = Sym> {
        self.find_node(&rule.selector)
            .and_then(|node| self.seekers.get(&At(node, rule.value.as_str())))
            .into_iter()
            .flat_map(|seekers| seekers.iter().map(|(symbol, _)| *symbol))
    }

    /// The rules that match, in no order, each once.
    pub(crate) fn matching(&self, claims: &Value) -> Vec<Sym> {
        let mut found = Vec::new();
        self.walk(ROOT, claims, false, &mut found);
        for query in self.queries.values() {
            for (value, element) in query.selector.select(claims) {
                self.compare(query.node, value, element, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn walk(&self, node: Node, value: &Value, element: bool, found: &mut Vec<Sym>) {
        if node != ROOT {
            self.compare(node, value, element, found);
        }
        let every = self.every.get(&node).copied();
        match value {
            Value::Object(map) => {
                for (name, child) in map {
                    if let Some(next) = self.names.get(&At(node, name)) {
                        self.walk(*next, child, element, found);
                    }
                    if let Some(next) = every {
                        self.walk(next, child, true, found);
                    }
                }
            }
            Value::Array(items) => {
                for child in items {
                    if let Some(next) = every {
                        self.walk(next, child, true, found);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn compare(&self, node: Node, value: &Value, element: bool, found: &mut Vec<Sym>) {
        let mut look_up = |value: &Value, element: bool| {
            let Some(text) = canonical(value) else { return };
            let Some(seekers) = self.seekers.get(&At(node, &text)) else { return };
            found.extend(seekers.iter().filter(|(_, operator)| compares(*operator, element)).map(|(rule, _)| *rule));
        };
        match value {
            Value::Array(items) => items.iter().for_each(|item| look_up(item, true)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                look_up(value, element)
            }
        }
    }

    fn node(&mut self, selector: &ClaimSelector) -> Node {
        let Some(segments) = selector.segments() else {
            if let Some(query) = self.queries.get_mut(selector.as_str()) {
                query.rules += 1;
                return query.node;
            }
            let node = self.fresh_node();
            self.queries.insert(selector.shared(), Query { selector: selector.clone(), node, rules: 1 });
            return node;
        };
        let mut node = ROOT;
        for segment in segments.iter() {
            node = match self.step(node, segment) {
                Some(next) => next,
                None => {
                    let next = self.fresh_node();
                    match segment {
                        Segment::Name(name) => self.names.insert((node, Arc::clone(name)), next),
                        Segment::Every => self.every.insert(node, next),
                    };
                    next
                }
            };
        }
        node
    }

    fn step(&self, node: Node, segment: &Segment) -> Option<Node> {
        match segment {
            Segment::Name(name) => self.names.get(&At(node, name)),
            Segment::Every => self.every.get(&node),
        }
        .copied()
    }

    fn find_node(&self, selector: &ClaimSelector) -> Option<Node> {
        match selector.segments() {
            None => self.queries.get(selector.as_str()).map(|query| query.node),
            Some(segments) => segments.iter().try_fold(ROOT, |node, segment| self.step(node, segment)),
        }
    }

    fn fresh_node(&mut self) -> Node {
        self.nodes += 1;
        self.nodes
    }
}

/// Whether a rule matches a value that equals its own, given whether the value is a list's element.
fn compares(operator: Operator, element: bool) -> bool {
    match operator {
        Operator::Equals => true,
        Operator::Contains => element,
    }
}

/// The text that a scalar is compared by. Null, lists and objects have none.
fn canonical(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    //! The table of `docs/mapping-rules.md`, row by row.

    use serde_json::json;

    use super::*;
    use crate::entity::RuleKind;
    use crate::value::{ClaimValue, MappingRuleId, Name};
    use crate::world::sym::{Kind, Names};

    /// Whether a rule matches the claims: with EQUALS, and with CONTAINS.
    fn matches(selector: &str, value: &str, claims: &Value) -> (bool, bool) {
        let mut names = Names::default();
        let mut index = RuleIndex::default();
        let mut insert = |id: &str, operator| {
            let rule = MappingRule {
                id: MappingRuleId::parse(id).unwrap(),
                name: Name::parse(id).unwrap(),
                selector: ClaimSelector::parse(selector).unwrap(),
                operator,
                value: ClaimValue::parse(value).unwrap(),
                kind: RuleKind::Any,
            };
            let symbol = names.intern(Kind::MappingRule, &rule.id.shared()).unwrap();
            index.insert(symbol, &rule);
            symbol
        };
        let equals = insert("equals", Operator::Equals);
        let contains = insert("contains", Operator::Contains);
        let found = index.matching(claims);
        (found.contains(&equals), found.contains(&contains))
    }

    macro_rules! rows {
        ($($name:ident: $selector:literal $value:literal $claims:tt => $equals:ident $contains:ident,)+) => {
            $(
                #[test]
                fn $name() {
                    assert_eq!(matches($selector, $value, &json!($claims)), ($equals, $contains));
                }
            )+
        };
    }

    rows! {
        a_missing_claim: "a" "x" {"b": "x"} => false false,
        a_null: "a" "null" {"a": null} => false false,
        an_empty_text: "a" "x" {"a": ""} => false false,
        the_same_text: "a" "x" {"a": "x"} => true false,
        the_text_in_another_case: "a" "x" {"a": "X"} => false false,
        a_part_of_the_text: "a" "x" {"a": "xy"} => false false,
        words_in_one_text: "scope" "read" {"scope": "read write"} => false false,
        a_number: "a" "30" {"a": 30} => true false,
        a_number_written_otherwise: "a" "30" {"a": 30.0} => false false,
        a_number_as_text: "a" "30" {"a": "30"} => true false,
        a_boolean: "a" "true" {"a": true} => true false,
        a_list_that_holds_it: "a" "x" {"a": ["w", "x"]} => true true,
        a_list_that_does_not: "a" "x" {"a": ["w", "xy"]} => false false,
        a_list_of_numbers: "a" "30" {"a": [7, 30]} => true true,
        an_empty_list: "a" "x" {"a": []} => false false,
        a_null_in_a_list: "a" "null" {"a": [null]} => false false,
        a_list_in_a_list: "a" "x" {"a": [["x"]]} => false false,
        an_object: "a" "x" {"a": {"x": "x"}} => false false,
        a_list_of_objects: "a" "x" {"a": [{"name": "x"}]} => false false,
        a_name_with_a_dot: "a.b" "x" {"a.b": "x"} => true false,
        a_name_with_a_dot_is_no_path: "a.b" "x" {"a": {"b": "x"}} => false false,
        a_name_that_is_a_url: "https://example.com/roles" "x" {"https://example.com/roles": ["x"]} => true true,
        a_path_to_a_text: "$.a.b" "x" {"a": {"b": "x"}} => true false,
        a_path_to_a_list: "$.a.b" "x" {"a": {"b": ["x"]}} => true true,
        a_path_with_quotes: "$['a-b']['c d']" "x" {"a-b": {"c d": "x"}} => true false,
        a_path_that_ends_early: "$.a.b" "x" {"a": "x"} => false false,
        a_path_through_a_list_needs_a_wildcard: "$.a.name" "x" {"a": [{"name": "x"}]} => false false,
        a_wildcard_for_elements: "$.a[*].name" "x" {"a": [{"name": "w"}, {"name": "x"}]} => true true,
        a_wildcard_for_members: "$.a.*.roles" "x" {"a": {"app": {"roles": ["x"]}}} => true true,
        a_wildcard_at_a_text: "$.a.*" "x" {"a": {"k": "x"}} => true true,
        a_place_in_a_list: "$.a[0]" "x" {"a": ["x", "y"]} => true true,
        any_depth: "$..role" "x" {"a": [{"b": {"role": "x"}}]} => true true,
        a_filter: "$.a[?@.on == true].name" "x" {"a": [{"name": "x", "on": true}]} => true true,
    }

    #[test]
    fn a_rule_that_is_removed_matches_no_more() {
        let claims = json!({"a": {"b": ["x"]}});
        for selector in ["$.a.b", "$..b"] {
            let mut names = Names::default();
            let mut index = RuleIndex::default();
            let rule = |id: &str| MappingRule {
                id: MappingRuleId::parse(id).unwrap(),
                name: Name::parse(id).unwrap(),
                selector: ClaimSelector::parse(selector).unwrap(),
                operator: Operator::Equals,
                value: ClaimValue::parse("x").unwrap(),
                kind: RuleKind::Any,
            };
            let (first, second) = (rule("first"), rule("second"));
            let symbols = [&first, &second].map(|rule| names.intern(Kind::MappingRule, &rule.id.shared()).unwrap());
            index.insert(symbols[0], &first);
            index.insert(symbols[1], &second);
            index.remove(symbols[0], &first);
            assert_eq!(index.matching(&claims), [symbols[1]], "{selector}");
            index.remove(symbols[1], &second);
            assert_eq!(index.matching(&claims), [], "{selector}");
        }
    }
}
