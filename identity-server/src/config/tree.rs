//! Configured values as a tree of texts with their origins. Later sources overlay earlier ones.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::key::FILE_SUFFIX;

/// Node of the configuration tree. Not `Debug`, because texts may be secrets.
pub(super) enum Node {
    /// Single value as text, not parsed yet, and its origin.
    Text(String, Origin),
    /// Map of child nodes by key name.
    Map(BTreeMap<String, Node>),
    /// List of nodes by index, which may have gaps.
    List(BTreeMap<usize, Node>),
    /// Value of the wrong shape, whose problem has been reported.
    Broken,
}

/// Origin of a configured value, for messages and precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Default of the key list, which applies if no source sets the key.
    Default,
    /// Default that the command or another setting implies.
    Command,
    /// File with this name, and the line number, starting at 1. Line 0 denotes the file as a whole.
    File(Arc<str>, u64),
    /// Environment variable with this name.
    Environment(Arc<str>),
    /// Command-line flag with this name.
    Flag(&'static str),
}

/// Step of a path from the root to a node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Name of a child in a map.
    Key(String),
    /// Index of an element in a list, starting at 0.
    Index(usize),
}

/// Error: another source of equal precedence sets a different value at the same path. Contains the origin of that
/// value.
pub(super) struct Contradiction(pub Origin);

impl Default for Node {
    fn default() -> Self {
        Self::Map(BTreeMap::new())
    }
}

impl Node {
    /// Overlays a later source. Maps are merged; any other node replaces the earlier one.
    pub(super) fn overlay(&mut self, later: Self) {
        let (Self::Map(mine), Self::Map(theirs)) = (&mut *self, &later) else {
            *self = later;
            return;
        };
        for name in theirs.keys() {
            mine.remove(&other_form(name));
        }
        if let Self::Map(theirs) = later {
            for (name, node) in theirs {
                mine.entry(name).or_default().overlay(node);
            }
        }
    }

    /// Sets the value at a path, replacing that of earlier sources. Creates missing maps and lists.
    ///
    /// # Errors
    /// Returns an error if another environment variable, or another part of the same file, sets a different value.
    pub(super) fn set(&mut self, path: &[Step], text: String, origin: Origin) -> Result<(), Contradiction> {
        let Some((step, rest)) = path.split_first() else {
            match self {
                Self::Text(old, from) if *old != text && from.is_beside(&origin) => {
                    return Err(Contradiction(from.clone()));
                }
                _ => *self = Self::Text(text, origin),
            }
            return Ok(());
        };
        match (step, std::mem::take(self)) {
            (Step::Key(name), node) => {
                let mut parts = if let Self::Map(parts) = node { parts } else { BTreeMap::new() };
                let other = other_form(name);
                if let Some(Self::Text(_, from)) = parts.get(&other)
                    && std::mem::discriminant(from) != std::mem::discriminant(&origin)
                {
                    parts.remove(&other);
                }
                let result = parts.entry(name.clone()).or_default().set(rest, text, origin);
                *self = Self::Map(parts);
                result
            }
            (Step::Index(index), node) => {
                let mut elements = if let Self::List(elements) = node { elements } else { BTreeMap::new() };
                let result = elements.entry(*index).or_default().set(rest, text, origin);
                *self = Self::List(elements);
                result
            }
        }
    }
}

impl Node {
    /// Returns the value at a path, with its origin.
    pub(super) fn text(&self, path: &[Step]) -> Option<(&str, &Origin)> {
        match (self, path.split_first()) {
            (Self::Text(text, origin), None) => Some((text, origin)),
            (Self::Map(parts), Some((Step::Key(name), rest))) => parts.get(name)?.text(rest),
            (Self::List(elements), Some((Step::Index(index), rest))) => elements.get(index)?.text(rest),
            _ => None,
        }
    }

    /// Returns the origin of the first value in this node.
    pub(super) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Text(_, origin) => Some(origin),
            Self::Map(parts) => {
                let files = parts.values().filter_map(Self::origin);
                files.min_by_key(|origin| if let Origin::File(_, line) = origin { *line } else { u64::MAX })
            }
            Self::List(elements) => elements.values().find_map(Self::origin),
            Self::Broken => None,
        }
    }

    /// Marks the value at a path as broken if it is missing, so that it is not reported as missing.
    pub(super) fn mark_broken(&mut self, path: &[Step]) {
        if self.at(path).is_some() {
            return;
        }
        let mut part = self;
        for step in path {
            part = match (step, part) {
                (Step::Key(name), Self::Map(parts)) => parts.entry(name.clone()).or_default(),
                _ => return,
            };
        }
        *part = Self::Broken;
    }

    /// Returns the node at a path, if it exists.
    pub(super) fn at(&self, path: &[Step]) -> Option<&Self> {
        match (self, path.split_first()) {
            (node, None) => Some(node),
            (Self::Map(parts), Some((Step::Key(name), rest))) => parts.get(name)?.at(rest),
            (Self::List(elements), Some((Step::Index(index), rest))) => elements.get(index)?.at(rest),
            _ => None,
        }
    }

    /// Removes and returns the node at a dotted path of names, such as `server.public-url`.
    pub(super) fn remove(&mut self, path: &str) -> Option<Self> {
        let Self::Map(parts) = self else { return None };
        match path.split_once('.') {
            None => parts.remove(path),
            Some((name, rest)) => parts.get_mut(name)?.remove(rest),
        }
    }

    /// Removes the values at or below a path that do not come from environment variables, because variables replace a
    /// list as a whole. Returns whether any were removed.
    pub(super) fn keep_environment(&mut self, path: &[Step]) -> bool {
        match (&mut *self, path.split_first()) {
            (node, None) => node.prune(),
            (Self::Map(parts), Some((Step::Key(name), rest))) => {
                parts.get_mut(name).is_some_and(|part| part.keep_environment(rest))
            }
            (Self::List(elements), Some((Step::Index(index), rest))) => {
                elements.get_mut(index).is_some_and(|part| part.keep_environment(rest))
            }
            _ => false,
        }
    }

    /// Removes values that do not come from the environment. Returns whether any were removed.
    fn prune(&mut self) -> bool {
        let mut pruned = false;
        let mut keep = |part: &mut Self| {
            pruned |= part.prune();
            match part {
                Self::Text(_, origin) => matches!(origin, Origin::Environment(_)),
                Self::Map(parts) => !parts.is_empty(),
                Self::List(elements) => !elements.is_empty(),
                Self::Broken => false,
            }
        };
        match self {
            Self::Map(parts) => parts.retain(|_, part| keep(part)),
            Self::List(elements) => elements.retain(|_, part| keep(part)),
            Self::Text(_, origin) => return !matches!(origin, Origin::Environment(_)),
            Self::Broken => return true,
        }
        pruned
    }
}

impl Origin {
    /// Whether two origins have equal precedence: both are variables, or both are parts of the same file.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Environment(_), Self::Environment(_)) => true,
            (Self::File(one, _), Self::File(other, _)) => one == other,
            _ => false,
        }
    }
}

/// Returns the sibling key with the other form of a secret: `password-file` for `password`, and vice versa. A later
/// source that sets one form removes the other.
pub(super) fn other_form(name: &str) -> String {
    name.strip_suffix(FILE_SUFFIX).map_or_else(|| format!("{name}{FILE_SUFFIX}"), str::to_owned)
}

/// Formats a path, such as `bootstrap.users[0].name`.
pub(super) fn shown(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(name) => extend(&mut text, name),
            Step::Index(index) => _ = write!(text, "[{index}]"),
        }
    }
    text
}

/// Appends a name to a dotted path.
pub(super) fn extend(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Command => f.write_str("this command's default"),
            Self::File(name, 0) | Self::Environment(name) => f.write_str(name),
            Self::File(name, line) => write!(f, "{name}:{line}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Node {
        Node::Text(text.into(), Origin::File("f".into(), 0))
    }

    fn map<const N: usize>(parts: [(&str, Node); N]) -> Node {
        Node::Map(parts.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
    }

    fn key(name: &str) -> [Step; 1] {
        [Step::Key(name.into())]
    }

    fn text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
        match node {
            Node::Map(parts) => match parts.get(name) {
                Some(Node::Text(text, _)) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    #[test]
    fn later_files_take_precedence_key_by_key() {
        let mut tree = map([("a", file("1")), ("b", file("2"))]);
        tree.overlay(map([("b", file("3"))]));
        assert_eq!((text(&tree, "a"), text(&tree, "b")), (Some("1"), Some("3")));
    }

    #[test]
    fn a_later_source_replaces_the_other_form_of_a_secret() {
        let mut tree = map([("password-file", file("/p"))]);
        tree.overlay(map([("password", file("x"))]));
        assert_eq!((text(&tree, "password"), text(&tree, "password-file")), (Some("x"), None));
        assert!(tree.set(&key("password-file"), "/q".into(), Origin::Environment("E".into())).is_ok());
        assert_eq!((text(&tree, "password"), text(&tree, "password-file")), (None, Some("/q")));
    }

    #[test]
    fn rejects_contradictory_variables() {
        let mut tree = Node::default();
        let environment = |name: &str| Origin::Environment(name.into());
        assert!(tree.set(&key("a"), "1".into(), environment("A")).is_ok());
        assert!(tree.set(&key("a"), "1".into(), environment("B")).is_ok());
        assert!(tree.set(&key("a"), "2".into(), environment("C")).is_err());
        assert!(tree.set(&key("a"), "2".into(), Origin::Flag("--a")).is_ok());
        assert_eq!(text(&tree, "a"), Some("2"));
    }
}
