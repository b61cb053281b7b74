//! What was configured, as a tree of texts, each with where it came from. Later sources are laid over earlier ones.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::key::FILE_SUFFIX;

/// A part of the tree. Not `Debug`: its texts may be secrets.
pub(super) enum Node {
    /// A value.
    Text(String, Origin),
    /// Named parts.
    Map(BTreeMap<String, Node>),
    /// Elements by index.
    List(BTreeMap<usize, Node>),
    /// Something of the wrong shape, about which there is a problem already.
    Broken,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The key's own default.
    Default,
    /// What the command assumes.
    Command,
    /// A file of this name, and a line of it, from 1; 0 for the file as a whole.
    File(Arc<str>, u64),
    /// An environment variable of this name.
    Environment(Arc<str>),
    /// A command-line flag of this name.
    Flag(&'static str),
}

/// One step from a node to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// By name.
    Key(String),
    /// By place in a list.
    Index(usize),
}

/// A value is already there, from another environment variable, and is not the same.
pub(super) struct Contradiction(pub Origin);

impl Default for Node {
    fn default() -> Self {
        Self::Map(BTreeMap::new())
    }
}

impl Node {
    /// Lays a later source over this one. Maps are merged; anything else replaces what was there.
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

    /// Puts one value in, on top of earlier sources.
    ///
    /// # Errors
    /// When another variable of the environment, or another part of the same file, says something else.
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
    /// The value at a path, and where it came from.
    pub(super) fn text(&self, path: &[Step]) -> Option<(&str, &Origin)> {
        match (self, path.split_first()) {
            (Self::Text(text, origin), None) => Some((text, origin)),
            (Self::Map(parts), Some((Step::Key(name), rest))) => parts.get(name)?.text(rest),
            (Self::List(elements), Some((Step::Index(index), rest))) => elements.get(index)?.text(rest),
            _ => None,
        }
    }

    /// Where the first value of this part came from.
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

    /// What is at a path.
    pub(super) fn at(&self, path: &[Step]) -> Option<&Self> {
        match (self, path.split_first()) {
            (node, None) => Some(node),
            (Self::Map(parts), Some((Step::Key(name), rest))) => parts.get(name)?.at(rest),
            (Self::List(elements), Some((Step::Index(index), rest))) => elements.get(index)?.at(rest),
            _ => None,
        }
    }

    /// Takes out what is at a path of names.
    pub(super) fn remove(&mut self, path: &str) -> Option<Self> {
        let Self::Map(parts) = self else { return None };
        match path.split_once('.') {
            None => parts.remove(path),
            Some((name, rest)) => parts.get_mut(name)?.remove(rest),
        }
    }

    /// Takes the elements out of a list that do not come from the environment: the environment says what is in it.
    pub(super) fn forget_elements(&mut self, path: &[Step]) {
        let part = match (&mut *self, path.split_first()) {
            (Self::List(elements), None) => {
                elements.retain(|_, element| matches!(element, Self::Text(_, Origin::Environment(_))));
                None
            }
            (Self::Map(parts), Some((Step::Key(name), rest))) => parts.get_mut(name).zip(Some(rest)),
            (Self::List(elements), Some((Step::Index(index), rest))) => elements.get_mut(index).zip(Some(rest)),
            _ => None,
        };
        if let Some((part, rest)) = part {
            part.forget_elements(rest);
        }
    }
}

impl Origin {
    /// Whether neither of two values is laid over the other.
    fn is_beside(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Environment(_), Self::Environment(_)) => true,
            (Self::File(one, _), Self::File(other, _)) => one == other,
            _ => false,
        }
    }
}

/// The other of a secret's two forms: a later source that gives one takes back the other.
fn other_form(name: &str) -> String {
    name.strip_suffix(FILE_SUFFIX).map_or_else(|| format!("{name}{FILE_SUFFIX}"), str::to_owned)
}

/// A path as people write it: `bootstrap.users[0].name`.
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

/// Goes down from a path to a name.
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
    fn a_later_file_wins_key_by_key() {
        let mut tree = map([("a", file("1")), ("b", file("2"))]);
        tree.overlay(map([("b", file("3"))]));
        assert_eq!((text(&tree, "a"), text(&tree, "b")), (Some("1"), Some("3")));
    }

    #[test]
    fn a_later_source_takes_back_the_other_form_of_a_secret() {
        let mut tree = map([("password-file", file("/p"))]);
        tree.overlay(map([("password", file("x"))]));
        assert_eq!((text(&tree, "password"), text(&tree, "password-file")), (Some("x"), None));
        assert!(tree.set(&key("password-file"), "/q".into(), Origin::Environment("E".into())).is_ok());
        assert_eq!((text(&tree, "password"), text(&tree, "password-file")), (None, Some("/q")));
    }

    #[test]
    fn two_variables_must_agree() {
        let mut tree = Node::default();
        let environment = |name: &str| Origin::Environment(name.into());
        assert!(tree.set(&key("a"), "1".into(), environment("A")).is_ok());
        assert!(tree.set(&key("a"), "1".into(), environment("B")).is_ok());
        assert!(tree.set(&key("a"), "2".into(), environment("C")).is_err());
        assert!(tree.set(&key("a"), "2".into(), Origin::Flag("--a")).is_ok());
        assert_eq!(text(&tree, "a"), Some("2"));
    }
}
