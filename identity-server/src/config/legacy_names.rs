//! Properties of the replaced services in YAML files. They have the effect of the corresponding environment variables.

use std::sync::Arc;

use super::assignment::{Assignment, Source};
use super::key::nearest;
use super::lookup::{NodeKind, spelled};
use super::names::{canonical, variable};
use super::placeholder::Unresolved;
use super::table::{IN_FILES, KEYS, UNUSED};
use super::tree::{Origin, extend};
use super::variables::Names;
use super::yaml::{Content, Yaml};

/// Returns the paths of all known properties of the replaced services, with and without effect.
pub(super) fn properties() -> impl Iterator<Item = &'static str> {
    let aliases = KEYS.iter().flat_map(|key| key.aliases.iter().copied());
    aliases.chain(UNUSED.iter().chain(IN_FILES).map(|(name, _)| *name))
}

fn first(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

/// Whether a top-level section exists only in the replaced services.
fn is_foreign(name: &str) -> bool {
    let name = canonical(name);
    properties().any(|property| canonical(first(property)) == name) && !is_ours(&name)
}

fn is_ours(canonical_name: &str) -> bool {
    KEYS.iter().any(|key| canonical(first(key.path)) == canonical_name)
}

/// Whether a document has sections that exist only in the replaced services. If so, values in its file may have other
/// types, such as a quoted number, and unknown sections are permitted.
pub(super) fn is_legacy(document: &Yaml) -> bool {
    matches!(&document.content, Content::Map(members) if members.iter().any(|(name, _)| is_foreign(name)))
}

/// Removes the properties of the replaced services from a document and returns them. `lenient`: whether its file uses
/// any.
pub(super) fn take(document: &mut Yaml, file: &Arc<str>, lenient: bool) -> Vec<Assignment> {
    let Content::Map(members) = &mut document.content else { return Vec::new() };
    let mut taker = Taker { file, names: Names::all(), assignments: Vec::new() };
    let mut rest = Vec::new();
    for (name, mut value) in std::mem::take(members) {
        let root = canonical(&name);
        let misspelt = || {
            let ours = KEYS.iter().map(|key| first(key.path));
            nearest(&name, ours).is_some()
        };
        if is_foreign(&name) || (lenient && !is_ours(&root) && !misspelt()) {
            taker.flatten(&name, value);
        } else {
            let shape = spelled("", &name);
            taker.below(&name, &shape, &mut value);
            rest.push((name, value));
        }
    }
    *members = rest;
    taker.assignments
}

struct Taker<'a> {
    file: &'a Arc<str>,
    names: &'static Names,
    assignments: Vec<Assignment>,
}

impl Taker<'_> {
    /// Takes the properties of the replaced services out of a section that this server has as well, such as `server`.
    fn below(&mut self, path: &str, shape: &str, value: &mut Yaml) {
        match (NodeKind::of(shape), &mut value.content) {
            (Some(NodeKind::Map), Content::Map(members)) => {
                let mut rest = Vec::new();
                for (name, mut value) in std::mem::take(members) {
                    let (mut at, mut open) = (path.to_owned(), shape.to_owned());
                    extend(&mut at, &name);
                    extend(&mut open, &spelled(shape, &name));
                    if NodeKind::of(&open).is_none() && self.knows(&at, &value) {
                        self.flatten(&at, value);
                    } else {
                        self.below(&at, &open, &mut value);
                        rest.push((name, value));
                    }
                }
                *members = rest;
            }
            (Some(NodeKind::Named), Content::Map(members)) => {
                for (name, value) in members {
                    let (mut at, mut open) = (path.to_owned(), shape.to_owned());
                    extend(&mut at, name);
                    extend(&mut open, "<id>");
                    self.below(&at, &open, value);
                }
            }
            (Some(NodeKind::List), Content::List(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.below(&format!("{path}[{index}]"), &format!("{shape}[]"), item);
                }
            }
            _ => {}
        }
    }

    /// Whether a path is, or contains, a known property.
    fn knows(&self, path: &str, value: &Yaml) -> bool {
        match &value.content {
            Content::Map(members) if !members.is_empty() => members.iter().any(|(name, value)| {
                let mut path = path.to_owned();
                extend(&mut path, name);
                self.knows(&path, value)
            }),
            Content::List(items) if !items.is_empty() => {
                items.iter().enumerate().any(|(index, item)| self.knows(&format!("{path}[{index}]"), item))
            }
            Content::Map(_) | Content::List(_) | Content::Null => {
                // An empty value is accepted if a property with this name or prefix is known.
                self.names.is_known(&variable(path)) || self.names.is_known(&variable(&format!("{path}.x")))
            }
            _ => self.names.is_known(&variable(path)),
        }
    }

    fn flatten(&mut self, path: &str, value: Yaml) {
        let line = value.line;
        let (value, unresolved): (String, Option<Unresolved>) = match value.content {
            Content::Null => return,
            Content::Map(members) => {
                for (name, value) in members {
                    let mut path = path.to_owned();
                    extend(&mut path, &name);
                    self.flatten(&path, value);
                }
                return;
            }
            Content::List(items) => {
                let items = items.into_iter().filter(|item| !item.is_nothing());
                items.enumerate().for_each(|(index, item)| self.flatten(&format!("{path}[{index}]"), item));
                return;
            }
            Content::Flag(flag) => (flag.to_string(), None),
            Content::Number(text) | Content::Text(text) => (text, None),
            Content::Unresolved(unresolved) => (String::new(), Some(unresolved)),
        };
        let source = Source::File(Origin::File(Arc::clone(self.file), line), path.to_owned());
        self.assignments.push(Assignment { variable: variable(path), value, unresolved, source });
    }
}

/// Maximum edit distance between a misspelled property and a suggestion.
const MAX_TYPOS: usize = 2;

/// Returns the known property that `path` may be a misspelling of.
pub(super) fn suggestion(path: &str) -> Option<String> {
    let open: String = canonical(path).chars().filter(|letter| !letter.is_ascii_digit()).collect();
    let known = properties().filter(|property| !property.ends_with('*'));
    let near = known.map(|property| (strsim::osa_distance(&open, &canonical(property)), property));
    near.filter(|(distance, _)| *distance <= MAX_TYPOS).min().map(|(_, property)| property.to_owned())
}
