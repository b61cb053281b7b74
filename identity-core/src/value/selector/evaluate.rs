//! Evaluation of claim selectors within a step budget, which bounds the CPU time per token.

use serde_json::Value;

use super::{ClaimSelector, Segment};

/// Maximum number of steps of one evaluation. A step is a visited node, or a member that a filter compares. The claims
/// of the largest token that is accepted by default have fewer than 25 000 nodes.
const MAX_STEPS: usize = 200_000;

/// Number of evaluation steps that remain in the budget.
pub(crate) struct Steps(usize);

/// Error for an evaluation that is stopped because it exceeds its step budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the evaluation took more than {MAX_STEPS} steps")]
pub struct OverBudget;

/// A selected node, and whether it was selected as an element of a list; see [`ClaimSelector::select`].
pub type Selected<'c> = (&'c Value, bool);

impl Default for Steps {
    fn default() -> Self {
        Self(MAX_STEPS)
    }
}

impl Steps {
    /// Subtracts `steps` from the budget. Fails if fewer remain.
    pub(crate) fn take(&mut self, steps: usize) -> Result<(), OverBudget> {
        self.0 = self.0.checked_sub(steps).ok_or(OverBudget)?;
        Ok(())
    }
}

impl ClaimSelector {
    /// Selects nodes from the claims of a token, in the order of RFC 9535. Nodes selected through a wildcard, index,
    /// filter or descendant step are marked as list elements. A disabled selector selects nothing.
    ///
    /// # Errors
    /// If the evaluation exceeds the step budget.
    pub fn select<'c>(&self, claims: &'c Value) -> Result<Vec<Selected<'c>>, OverBudget> {
        self.select_within(claims, &mut Steps::default())
    }

    /// Like [`ClaimSelector::select`], but several evaluations share the step budget in `steps`.
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
    /// Applies the segment to one node and calls `found` with each node that the segment selects.
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

/// Converts an array index to an offset from the start. Negative indexes count from the end. `None` for a negative
/// index before the start; other results may exceed `length`.
pub(super) fn position(place: i64, length: usize) -> Option<usize> {
    match usize::try_from(place) {
        Ok(place) => Some(place),
        Err(_) => length.checked_sub(usize::try_from(place.unsigned_abs()).ok()?),
    }
}

/// Values of the members of an object, or elements of an array. Empty for scalars.
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
