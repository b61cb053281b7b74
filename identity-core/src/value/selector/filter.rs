//! Filters of claim selectors: comparisons of members with literals, joined by `&&` and `||` (RFC 9535 §2.3.5).

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::{Number, Value};

use super::evaluate::position;

/// A filter in disjunctive normal form: all conditions of at least one group must hold. Filters with equal source texts
/// are equal.
#[derive(Clone, Debug)]
pub struct Filter {
    pub(super) source: Arc<str>,
    /// Groups joined by `||`, each with conditions joined by `&&`.
    pub(super) any: Vec<Vec<Condition>>,
}

/// A condition on a node, read at a path relative to the node (`@`).
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Tests whether a node exists at the path: it must (`true`, `@.a`) or must not (`false`, `!@.a`).
    Exists(Vec<Place>, bool),
    /// Compares the node at the path with a literal, as in `@.type == 'team'`.
    Compares(Vec<Place>, Comparator, Value),
}

/// A step of a path in a condition: a member name or an array index. It selects at most one node.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Name(String),
    Index(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Returns true if the node satisfies all conditions of at least one group.
    pub(super) fn accepts(&self, node: &Value) -> bool {
        self.any.iter().any(|all| all.iter().all(|condition| condition.holds(node)))
    }

    /// Number of evaluation steps that testing one node costs, counted against the step budget.
    pub(super) fn cost(&self) -> usize {
        let places = |condition: &Condition| match condition {
            Condition::Exists(path, _) | Condition::Compares(path, _, _) => path.len() + 1,
        };
        self.any.iter().flatten().map(places).sum()
    }
}

impl Condition {
    fn holds(&self, node: &Value) -> bool {
        match self {
            Self::Exists(path, wanted) => find(node, path).is_some() == *wanted,
            Self::Compares(path, comparator, literal) => comparator.holds(find(node, path), literal),
        }
    }
}

fn find<'n>(node: &'n Value, path: &[Place]) -> Option<&'n Value> {
    path.iter().try_fold(node, |node, place| match place {
        Place::Name(name) => node.as_object()?.get(name),
        Place::Index(place) => {
            let items = node.as_array()?;
            items.get(position(*place, items.len())?)
        }
    })
}

impl Comparator {
    /// Compares a node with a literal as defined in RFC 9535 §2.3.5.2.2. A missing node is equal to no literal, and
    /// values of different types are not ordered.
    fn holds(self, node: Option<&Value>, literal: &Value) -> bool {
        let equal = node.is_some_and(|node| equal(node, literal));
        let order = || node.and_then(|node| order(node, literal));
        match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            Self::Less => order() == Some(Ordering::Less),
            Self::LessOrEqual => equal || order() == Some(Ordering::Less),
            Self::Greater => order() == Some(Ordering::Greater),
            Self::GreaterOrEqual => equal || order() == Some(Ordering::Greater),
        }
    }

    /// Returns the comparator with the same result when its operands are exchanged: `<` becomes `>`.
    pub(super) fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Equal | Self::NotEqual => self,
        }
    }
}

/// Returns true if a node equals a literal. Literals are scalars, so arrays and objects never equal one.
fn equal(node: &Value, literal: &Value) -> bool {
    match (node, literal) {
        (Value::Number(node), Value::Number(literal)) => numbers(node, literal) == Some(Ordering::Equal),
        (Value::Array(_) | Value::Object(_), _) => false,
        (node, literal) => node == literal,
    }
}

fn order(node: &Value, literal: &Value) -> Option<Ordering> {
    match (node, literal) {
        (Value::Number(node), Value::Number(literal)) => numbers(node, literal),
        (Value::String(node), Value::String(literal)) => Some(node.cmp(literal)),
        _ => None,
    }
}

fn numbers(one: &Number, other: &Number) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (one.as_i128(), other.as_i128()) {
        return Some(one.cmp(&other));
    }
    one.as_f64()?.partial_cmp(&other.as_f64()?)
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Filter {}

impl PartialOrd for Filter {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Filter {
    fn cmp(&self, other: &Self) -> Ordering {
        self.source.cmp(&other.source)
    }
}

impl Hash for Filter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}
