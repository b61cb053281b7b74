//! Evaluation of paths within a step budget.

use serde_json::Value;

use super::{ClaimSelector, Segment};

/// Maximum steps of one evaluation. A step is a visited node, or a member that a filter compares. The claims of the
/// largest token that is accepted by default have fewer than 25 000 nodes.
const MAX_STEPS: usize = 200_000;

/// Remaining step budget of an evaluation.
pub(crate) struct Steps(usize);

/// Error of an evaluation that exceeds its step budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the evaluation took more than {MAX_STEPS} steps")]
pub struct OverBudget;

/// A selected node, and whether it represents an element of a list.
pub type Selected<'c> = (&'c Value, bool);

impl Default for Steps {
    fn default() -> Self {
        Self(MAX_STEPS)
    }
}

impl Steps {
    /// Consumes `steps` from the budget.
    pub(crate) fn take(&mut self, steps: usize) -> Result<(), OverBudget> {
        self.0 = self.0.checked_sub(steps).ok_or(OverBudget)?;
        Ok(())
    }
}

impl ClaimSelector {
    /// Selects nodes from `claims`, in the order of RFC 9535. Nodes selected through a wildcard, index, filter or
    /// descendant step represent elements of a list. A disabled selector selects nothing.
    ///
    /// # Errors
    /// If the evaluation exceeds the step budget.
    pub fn select<'c>(&self, claims: &'c Value) -> Result<Vec<Selected<'c>>, OverBudget> {
        self.select_within(claims, &mut Steps::default())
    }

    /// Like [`ClaimSelector::select`], with a budget shared by several evaluations.
    pub(crate) fn select_within<'c>(
        &self,
        claims: &'c Value,
        steps: &mut Steps,
    ) -> Result<Vec<Selected<'c>>, OverBudget> {
        let Some(segments) = self.segments() else { return Ok(Vec::new()) };
        let mut nodes = vec![(claims, false)];
        for segment in segments.iter() {
            let mut next = Vec::new();
            for node in nodes {
                segment.step(node, steps, &mut |selected| next.push(selected))?;
            }
            nodes = next;
        }
        Ok(nodes)
    }
}

impl Segment {
    /// Applies the segment to one node, and calls `found` with each node that it selects.
    pub(crate) fn step<'c>(
        &self,
        (node, element): Selected<'c>,
        steps: &mut Steps,
        found: &mut impl FnMut(Selected<'c>),
    ) -> Result<(), OverBudget> {
        steps.take(1)?;
        match self {
            Self::Name(name) => {
                if let Some(child) = node.as_object().and_then(|members| members.get(&**name)) {
                    found((child, element));
                }
            }
            Self::Index(place) => {
                let child = node.as_array().and_then(|items| items.get(position(*place, items.len())?));
                if let Some(child) = child {
                    found((child, true));
                }
            }
            Self::Every => {
                steps.take(size(node))?;
                children(node).for_each(|child| found((child, true)));
            }
            Self::Filter(filter) => {
                for child in children(node) {
                    steps.take(filter.cost())?;
                    if filter.accepts(child) {
                        found((child, true));
                    }
                }
            }
            Self::Descendants => {
                let mut open = vec![node];
                while let Some(node) = open.pop() {
                    steps.take(size(node))?;
                    found((node, true));
                    open.extend(children(node).rev().filter(|child| child.is_array() || child.is_object()));
                }
            }
        }
        Ok(())
    }
}

/// Resolves an array index. Negative indexes count from the end; `None` if the index is before the start.
pub(super) fn position(place: i64, length: usize) -> Option<usize> {
    match usize::try_from(place) {
        Ok(place) => Some(place),
        Err(_) => length.checked_sub(usize::try_from(place.unsigned_abs()).ok()?),
    }
}

/// Members of an object or elements of an array.
fn children(node: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    let members = node.as_object().into_iter().flat_map(|members| members.values());
    let items = node.as_array().into_iter().flatten();
    members.chain(items)
}

fn size(node: &Value) -> usize {
    match node {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
