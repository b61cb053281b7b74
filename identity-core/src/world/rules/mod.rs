//! Index of mapping rules by claim value. The cost of evaluating all rules depends on the claims in the token, not on
//! the number of rules.
//!
//! The selectors of all rules form one prefix tree of path segments. An evaluation walks it along with the claims. A
//! node contains the rules whose selector ends there, by the value that they expect. Nodes without rules are removed,
//! and worlds share the nodes that did not change.
//!
//! A selector that consists of member names selects at most one value. Evaluating all such selectors visits each claim
//! at most once, so they need no limit. All other selectors share one step budget. When it is exhausted, the rules that
//! were not evaluated yet are refused: they do not match, and the result lists them. The order of evaluation depends
//! only on the claims and the selectors, so all replicas refuse the same rules.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use serde_json::Value;

use super::Map;
use super::symbol::Symbol;
use crate::entity::{MappingRule, Operator};
use crate::value::{Issuer, OverBudget, Segment, Selected, Steps};

/// Claim with the issuer of a token (RFC 7519 §4.1.1).
const ISSUER: &str = "iss";

/// The rules with one selector and one expected value, sorted by symbol, each with its operator.
type Seekers = Arc<[(Symbol, Operator)]>;

#[derive(Clone, Default)]
pub(crate) struct RuleIndex {
    root: Node,
    /// Required issuer of each rule that applies to tokens of one issuer only.
    issuers: Map<Symbol, Issuer>,
}

/// Node of the prefix tree. It represents the path of segments that leads to it.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
struct Node {
    names: Map<Arc<str>, Arc<Node>>,
    /// Children by segments other than member names, such as wildcards and filters.
    others: OrdMap<Segment, Arc<Node>>,
    seekers: Map<Arc<str>, Seekers>,
}

/// Outcome of evaluating all mapping rules on the claims of one token.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matching {
    /// Matching rules, in no particular order, without duplicates.
    pub(crate) rules: Vec<Symbol>,
    /// Rules that were not evaluated because the step budget was exhausted, in no particular order, without duplicates.
    pub(crate) refused: Vec<Symbol>,
}

impl RuleIndex {
    /// Adds a rule. A rule with a disabled selector gets no node, so it never matches.
    pub(crate) fn insert(&mut self, symbol: Symbol, rule: &MappingRule) {
        if let Some(segments) = rule.selector.segments() {
            self.root.insert(segments, rule.value.as_str(), (symbol, rule.operator));
        }
        if let Some(issuer) = &rule.issuer {
            self.issuers.insert(symbol, issuer.clone());
        }
    }

    pub(crate) fn remove(&mut self, symbol: Symbol, rule: &MappingRule) {
        if let Some(segments) = rule.selector.segments() {
            self.root.remove(segments, rule.value.as_str(), symbol);
        }
        self.issuers.remove(&symbol);
    }

    /// Whether any rule reads the top-level claim `name`. A selector that begins with a wildcard reads every claim.
    pub(crate) fn reads(&self, name: &str) -> bool {
        !self.root.others.is_empty()
            || self.root.names.contains_key(name)
            || (name == ISSUER && !self.issuers.is_empty())
    }

    /// Whether there is no rule with a usable selector.
    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// Returns the rules with the selector and the expected value of `rule`, including `rule` itself if stored.
    pub(crate) fn seekers_of(&self, rule: &MappingRule) -> impl Iterator<Item = Symbol> {
        let segments = rule.selector.segments();
        let node = segments.and_then(|segments| segments.iter().try_fold(&self.root, |node, step| node.child(step)));
        node.and_then(|node| node.seekers.get(rule.value.as_str()))
            .into_iter()
            .flat_map(|seekers| seekers.iter().map(|(symbol, _)| *symbol))
    }

    /// Evaluates all rules on the claims of a token. A rule with an issuer matches only if the claim `iss` equals it.
    /// Validated claims always have `iss`, and it is compared with the configured issuers before any other part of a
    /// token is trusted.
    pub(crate) fn matching(&self, claims: &Value) -> Matching {
        let mut evaluation = Evaluation::default();
        let mut branches = Vec::new();
        evaluation.names(&self.root, claims, &mut branches);
        for (node, value) in branches {
            evaluation.others(node, &[(value, false)]);
        }
        let Evaluation { mut rules, mut refused, .. } = evaluation;
        if !self.issuers.is_empty() {
            let issuer = claims.get(ISSUER).and_then(Value::as_str);
            let is_meant = |rule: &Symbol| self.issuers.get(rule).is_none_or(|own| issuer == Some(own.as_str()));
            rules.retain(is_meant);
            refused.retain(is_meant);
        }
        rules.sort_unstable();
        rules.dedup();
        refused.sort_unstable();
        refused.dedup();
        refused.retain(|rule| rules.binary_search(rule).is_err());
        Matching { rules, refused }
    }
}

impl Node {
    fn child(&self, step: &Segment) -> Option<&Self> {
        match step {
            Segment::Name(name) => self.names.get(name),
            other => self.others.get(other),
        }
        .map(Arc::as_ref)
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.others.is_empty() && self.seekers.is_empty()
    }

    fn insert(&mut self, segments: &[Segment], value: &str, seeker: (Symbol, Operator)) {
        match segments.split_first() {
            None => {
                let known = self.seekers.get(value).map_or(&[][..], |seekers| seekers);
                let mut seekers: Vec<_> = known.iter().copied().chain([seeker]).collect();
                seekers.sort_unstable_by_key(|(symbol, _)| *symbol);
                self.seekers.insert(Arc::from(value), seekers.into());
            }
            Some((step, rest)) => {
                let child = match step {
                    Segment::Name(name) => self.names.entry(Arc::clone(name)).or_default(),
                    other => self.others.entry(other.clone()).or_default(),
                };
                Arc::make_mut(child).insert(rest, value, seeker);
            }
        }
    }

    /// Removes a rule, then the nodes that have no rules left.
    fn remove(&mut self, segments: &[Segment], value: &str, symbol: Symbol) {
        let Some((step, rest)) = segments.split_first() else {
            let Some(seekers) = self.seekers.get(value) else { return };
            let left: Seekers = seekers.iter().filter(|(known, _)| *known != symbol).copied().collect();
            if left.is_empty() {
                self.seekers.remove(value);
            } else {
                self.seekers.insert(Arc::from(value), left);
            }
            return;
        };
        let child = match step {
            Segment::Name(name) => self.names.get_mut(name),
            other => self.others.get_mut(other),
        };
        let Some(child) = child else { return };
        Arc::make_mut(child).remove(rest, value, symbol);
        if child.is_empty() {
            match step {
                Segment::Name(name) => self.names.remove(name),
                other => self.others.remove(other),
            };
        }
    }

    /// Collects the rules at this node and below it.
    fn rules(&self, found: &mut Vec<Symbol>) {
        found.extend(self.seekers.values().flat_map(|seekers| seekers.iter()).map(|(rule, _)| *rule));
        self.names.values().chain(self.others.values()).for_each(|child| child.rules(found));
    }
}

/// Intermediate state of evaluating all rules: the step budget, and the matched and refused rules so far.
#[derive(Default)]
struct Evaluation {
    steps: Steps,
    rules: Vec<Symbol>,
    refused: Vec<Symbol>,
}

impl Evaluation {
    /// Evaluates the selectors that consist of member names only, such as `$.realm.groups`. Adds to `branches` each
    /// node with other segments below it, and the value that its path selects.
    fn names<'n, 'c>(&mut self, node: &'n Node, value: &'c Value, branches: &mut Vec<(&'n Node, &'c Value)>) {
        compare(node, (value, false), &mut self.rules);
        if !node.others.is_empty() {
            branches.push((node, value));
        }
        if let Value::Object(members) = value
            && !node.names.is_empty()
        {
            for (name, child) in members {
                if let Some(next) = node.names.get(name.as_str()) {
                    self.names(next, child, branches);
                }
            }
        }
    }

    /// Evaluates the child segments of a node other than member names. `values` are the values that the path to the
    /// node selects.
    fn others(&mut self, node: &Node, values: &[Selected<'_>]) {
        for (step, next) in &node.others {
            let mut selected = Vec::new();
            let all =
                values.iter().try_for_each(|from| step.step(*from, &mut self.steps, &mut |value| selected.push(value)));
            match all.and_then(|()| self.all(next, &selected)) {
                Ok(()) => {}
                Err(OverBudget) => next.rules(&mut self.refused),
            }
        }
    }

    /// Evaluates a node and everything below it. `values` are the values that the path to the node selects.
    fn all(&mut self, node: &Node, values: &[Selected<'_>]) -> Result<(), OverBudget> {
        for selected in values {
            self.steps.take(1 + selected.0.as_array().map_or(0, Vec::len))?;
            compare(node, *selected, &mut self.rules);
        }
        if !node.names.is_empty() {
            let mut children: BTreeMap<&str, (&Node, Vec<Selected<'_>>)> = BTreeMap::new();
            for (value, element) in values {
                for (name, child) in value.as_object().into_iter().flatten() {
                    self.steps.take(1)?;
                    if let Some(next) = node.names.get(name.as_str()) {
                        children.entry(name).or_insert((next, Vec::new())).1.push((child, *element));
                    }
                }
            }
            for (next, values) in children.into_values() {
                if self.all(next, &values).is_err() {
                    next.rules(&mut self.refused);
                }
            }
        }
        self.others(node, values);
        Ok(())
    }
}

/// Collects the rules at a node that match a selected value. The value matches if it, or an element of an array, equals
/// the expected value.
fn compare(node: &Node, (value, element): Selected<'_>, found: &mut Vec<Symbol>) {
    if node.seekers.is_empty() {
        return;
    }
    let mut look_up = |value: &Value, element: bool| {
        let Some(text) = canonical(value) else { return };
        let Some(seekers) = node.seekers.get(text.as_ref()) else { return };
        found.extend(seekers.iter().filter(|(_, operator)| compares(*operator, element)).map(|(rule, _)| *rule));
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| look_up(item, true)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            look_up(value, element)
        }
    }
}

/// Returns whether the operator accepts a value that equals the expected one. `element` is `true` if the value is an
/// element of an array.
fn compares(operator: Operator, element: bool) -> bool {
    match operator {
        Operator::Equals => true,
        Operator::Contains => element,
    }
}

/// Returns the text by which a scalar is compared, such as `true` or `42`. `None` for null, arrays and objects.
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
mod tests;
