//! Mapping rules by what they look for, so that evaluating all of them costs the claims in the token and not the rules.
//!
//! Selectors share one tree of steps, which is walked along with the claims. The tree's nodes hold the rules whose selector
//! ends there, by the value that they look for. Nodes live as long as rules need them, and worlds share those that did not
//! change.
//!
//! Paths of names select at most one node each, so walking all of them costs the claims at most once. Everything else shares
//! one budget of steps. When it is used up, the rules that were not evaluated yet are refused: they do not match, and the result
//! lists them. The order of evaluation follows from the claims and the selectors alone, so all replicas agree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use serde_json::Value;

use super::Map;
use super::sym::Sym;
use crate::entity::{MappingRule, Operator};
use crate::value::{Issuer, OverBudget, Segment, Selected, Steps};

/// The rules that look for one value at one node, in the order of their symbols.
type Seekers = Arc<[(Sym, Operator)]>;

#[derive(Clone, Default)]
pub(crate) struct RuleIndex {
    root: Node,
    /// The issuers of the rules that name theirs.
    issuers: Map<Sym, Issuer>,
}

/// The place where the steps from the root lead.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
struct Node {
    names: Map<Arc<str>, Arc<Node>>,
    /// Steps other than names.
    others: OrdMap<Segment, Arc<Node>>,
    seekers: Map<Arc<str>, Seekers>,
}

/// The outcome of evaluating all rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matching {
    /// The rules that match, in no order, each once.
    pub(crate) rules: Vec<Sym>,
    /// The rules that were not evaluated because the budget of steps was used up, in no order, each once.
    pub(crate) refused: Vec<Sym>,
}

impl RuleIndex {
    /// Adds a rule. A disabled selector is at no node, so its rule never matches.
    pub(crate) fn insert(&mut self, symbol: Sym, rule: &MappingRule) {
        if let Some(segments) = rule.selector.segments() {
            self.root.insert(segments, rule.value.as_str(), (symbol, rule.operator));
        }
        if let Some(issuer) = &rule.issuer {
            self.issuers.insert(symbol, issuer.clone());
        }
    }

    pub(crate) fn remove(&mut self, symbol: Sym, rule: &MappingRule) {
        if let Some(segments) = rule.selector.segments() {
            self.root.remove(segments, rule.value.as_str(), symbol);
        }
        self.issuers.remove(&symbol);
    }

    /// The rules that look where `rule` looks for what it looks for, itself included.
    pub(crate) fn seekers_of(&self, rule: &MappingRule) -> impl Iterator<Item = Sym> {
        let segments = rule.selector.segments();
        let node = segments.and_then(|segments| segments.iter().try_fold(&self.root, |node, step| node.child(step)));
        node.and_then(|node| node.seekers.get(rule.value.as_str()))
            .into_iter()
            .flat_map(|seekers| seekers.iter().map(|(symbol, _)| *symbol))
    }

    /// Evaluates all rules on claims. The claim `iss` is the issuer: verified claims always have it, and it is compared with
    /// the configured issuers before anything else of a token is believed.
    pub(crate) fn matching(&self, claims: &Value) -> Matching {
        let mut evaluation = Evaluation::default();
        let mut branches = Vec::new();
        evaluation.names(&self.root, claims, &mut branches);
        for (node, value) in branches {
            evaluation.others(node, &[(value, false)]);
        }
        let Evaluation { mut rules, mut refused, .. } = evaluation;
        if !self.issuers.is_empty() {
            let issuer = claims.get("iss").and_then(Value::as_str);
            let is_meant = |rule: &Sym| self.issuers.get(rule).is_none_or(|own| issuer == Some(own.as_str()));
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

    fn insert(&mut self, segments: &[Segment], value: &str, seeker: (Sym, Operator)) {
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

    /// Removes a rule, and nodes that no rule needs any more.
    fn remove(&mut self, segments: &[Segment], value: &str, symbol: Sym) {
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

    /// All rules at this node and below.
    fn rules(&self, found: &mut Vec<Sym>) {
        found.extend(self.seekers.values().flat_map(|seekers| seekers.iter()).map(|(rule, _)| *rule));
        self.names.values().chain(self.others.values()).for_each(|child| child.rules(found));
    }
}

/// An evaluation of all rules.
#[derive(Default)]
struct Evaluation {
    steps: Steps,
    rules: Vec<Sym>,
    refused: Vec<Sym>,
}

impl Evaluation {
    /// Walks paths of names. Notes where other steps branch off.
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

    /// Walks the steps other than names that begin at a node.
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

    /// Walks everything that begins at a node.
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

/// Finds the rules at a node that look for a value: for a scalar, or for a list's elements.
fn compare(node: &Node, (value, element): Selected<'_>, found: &mut Vec<Sym>) {
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
mod tests;
