//! Properties of the replaced services in a YAML file: they mean what the environment variables of the same names mean.

use std::sync::Arc;

use super::environment::{Place, Said};
use super::key::{self, Place as Shape, nearest};
use super::names::{canonical, variable};
use super::placeholder::Unresolved;
use super::table::{IN_FILES, KEYS, UNUSED};
use super::tree::{Origin, extend};
use super::variables::Names;
use super::yaml::{Content, Yaml};

fn properties() -> impl Iterator<Item = &'static str> {
    let aliases = KEYS.iter().flat_map(|key| key.aliases.iter().copied());
    aliases.chain(UNUSED.iter().chain(IN_FILES).map(|(name, _)| *name))
}

fn first(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

/// Whether a section is one of the replaced services' alone.
fn is_foreign(name: &str) -> bool {
    let name = canonical(name);
    properties().any(|property| canonical(first(property)) == name) && !is_ours(&name)
}

fn is_ours(canonical_name: &str) -> bool {
    KEYS.iter().any(|key| canonical(first(key.path)) == canonical_name)
}

/// Whether a document is written in the replaced services' words: then its types are loose, and unknown sections are no mistakes.
pub(super) fn is_theirs(document: &Yaml) -> bool {
    matches!(&document.content, Content::Map(members) if members.iter().any(|(name, _)| is_foreign(name)))
}

/// Takes what is said in the replaced services' words out of a document. `lenient` is whether its file is one of theirs.
pub(super) fn take(document: &mut Yaml, file: &Arc<str>, lenient: bool) -> Vec<Said> {
    let Content::Map(members) = &mut document.content else { return Vec::new() };
    let mut taker = Taker { file, names: Names::all(), said: Vec::new() };
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
            let shape = key::spelled("", &name);
            taker.below(&name, &shape, &mut value);
            rest.push((name, value));
        }
    }
    *members = rest;
    taker.said
}

struct Taker<'a> {
    file: &'a Arc<str>,
    names: &'static Names,
    said: Vec<Said>,
}

impl Taker<'_> {
    /// Takes what is theirs below a section that both have, such as `server.servlet`.
    fn below(&mut self, path: &str, shape: &str, value: &mut Yaml) {
        match (Shape::of(shape), &mut value.content) {
            (Some(Shape::Map), Content::Map(members)) => {
                let mut rest = Vec::new();
                for (name, mut value) in std::mem::take(members) {
                    let (mut at, mut open) = (path.to_owned(), shape.to_owned());
                    extend(&mut at, &name);
                    extend(&mut open, &key::spelled(shape, &name));
                    if Shape::of(&open).is_none() && self.knows(&at, &value) {
                        self.flatten(&at, value);
                    } else {
                        self.below(&at, &open, &mut value);
                        rest.push((name, value));
                    }
                }
                *members = rest;
            }
            (Some(Shape::Named), Content::Map(members)) => {
                for (name, value) in members {
                    let (mut at, mut open) = (path.to_owned(), shape.to_owned());
                    extend(&mut at, name);
                    extend(&mut open, "<id>");
                    self.below(&at, &open, value);
                }
            }
            (Some(Shape::List), Content::List(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.below(&format!("{path}[{index}]"), &format!("{shape}[]"), item);
                }
            }
            _ => {}
        }
    }

    /// Whether something below a path is a property that is known.
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
                // Nothing that could be misunderstood, if anything of this name is known.
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
        let place = Place::File(Origin::File(Arc::clone(self.file), line), path.to_owned());
        self.said.push(Said { variable: variable(path), value, unresolved, place });
    }
}

/// The most letters by which a property may differ from the one that was meant.
const MAX_TYPOS: usize = 2;

/// The property that somebody who wrote `path` may have meant.
pub(super) fn suggestion(path: &str) -> Option<String> {
    let open: String = canonical(path).chars().filter(|letter| !letter.is_ascii_digit()).collect();
    let known = properties().filter(|property| !property.ends_with('*'));
    let near = known.map(|property| (strsim::osa_distance(&open, &canonical(property)), property));
    near.filter(|(distance, _)| *distance <= MAX_TYPOS).min().map(|(_, property)| property.to_owned())
}
