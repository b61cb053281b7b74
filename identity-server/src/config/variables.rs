//! The names of all variables, and what they set.

use std::sync::LazyLock;

use super::key::{FILE_SUFFIX, Key, Kind, nearest};
use super::names::{Pattern, fill};
use super::table::{FOREIGN, KEYS, UNUSED};
use super::tree::Step;

/// Begin the names of our own variables; every one of them must be a key. A switch of the Orchestration Cluster that is
/// misspelt must not be one that is silently off.
const PREFIXES: [&str; 2] = ["IDENTITY_", "CAMUNDA_SECURITY_"];

/// Properties that the applications' SDK has too, where they mean something else.
const WEAK: &str = "camunda.identity.";

/// Whether a variable must be a key.
pub(super) fn is_ours(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The names of all variables.
pub(super) struct Names {
    keys: Vec<Name>,
    unused: Vec<(Pattern, &'static str)>,
    foreign: Vec<Pattern>,
}

/// A name of a key.
struct Name {
    pattern: Pattern,
    /// The path that it sets.
    path: String,
    /// Whether it sets a whole list.
    list: bool,
    origin: Vocabulary,
}

/// Whose word a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// Ours.
    Own,
    /// The replaced services'.
    Theirs,
    /// The applications' SDK's: it means something only where nothing else says it.
    Sdk,
}

/// What a variable sets.
pub(super) struct Target {
    /// The path.
    pub(super) path: Vec<Step>,
    /// Whether it is a whole list.
    pub(super) list: bool,
    /// Whose word the variable is.
    pub(super) vocabulary: Vocabulary,
}

impl Names {
    /// From the list of keys.
    pub(super) fn all() -> &'static Self {
        static ALL: LazyLock<Names> = LazyLock::new(Names::new);
        &ALL
    }

    fn new() -> Self {
        let names = KEYS.iter().flat_map(of_key).map(|(name, path)| Name {
            pattern: Pattern::new(&name),
            list: !name.ends_with("[]") && path.ends_with("[]"),
            origin: vocabulary(&name, &path),
            path,
        });
        Self {
            keys: names.collect(),
            unused: UNUSED.iter().map(|(name, why)| (Pattern::new(name), *why)).collect(),
            foreign: FOREIGN.iter().map(|name| Pattern::new(name)).collect(),
        }
    }

    /// What a variable sets.
    pub(super) fn target(&self, variable: &str) -> Option<Target> {
        let matches = self.keys.iter().filter_map(|key| Some((key, key.pattern.captures(variable)?)));
        // The longest key has the shortest id: see `Pattern`.
        let (name, captures) = matches.max_by_key(|(name, _)| name.path.len())?;
        Some(Target { path: fill(&name.path, captures), list: name.list, vocabulary: name.origin })
    }

    /// Why a variable that is understood has no effect.
    pub(super) fn unused(&self, variable: &str) -> Option<&'static str> {
        self.unused.iter().find(|(pattern, _)| pattern.captures(variable).is_some()).map(|(_, why)| *why)
    }

    /// Whether a variable that begins as ours is another program's.
    pub(super) fn is_foreign(&self, variable: &str) -> bool {
        self.foreign.iter().any(|pattern| pattern.captures(variable).is_some())
    }

    /// Whether a variable means something, even if that has no effect.
    pub(super) fn is_known(&self, variable: &str) -> bool {
        self.target(variable).is_some() || self.unused(variable).is_some()
    }

    /// The name that `variable` may be a misspelling of, with its ids and indices.
    pub(super) fn suggestion(&self, variable: &str) -> Option<String> {
        let given: Vec<&str> = variable.split('_').collect();
        let adapted = |name: String| {
            let words = name.split('_').enumerate().map(|(place, word)| match word {
                "<ID>" | "<n>" => given.get(place).copied().unwrap_or(word),
                _ => word,
            });
            words.collect::<Vec<_>>().join("_")
        };
        let names: Vec<String> = self.keys.iter().map(|name| adapted(name.pattern.name())).collect();
        nearest(variable, names.iter().map(String::as_str).filter(|name| is_ours(name))).map(str::to_owned)
    }
}

fn vocabulary(name: &str, path: &str) -> Vocabulary {
    match name.strip_prefix("identity.") {
        Some(rest) if rest.trim_end_matches("[]") == path.trim_end_matches("[]") => Vocabulary::Own,
        _ if name.starts_with(WEAK) => Vocabulary::Sdk,
        _ => Vocabulary::Theirs,
    }
}

/// The properties that set a key, each with the path that it sets.
fn of_key(key: &Key) -> Vec<(String, String)> {
    let own = format!("identity.{}", key.path);
    let names = std::iter::once(own).chain(key.aliases.iter().map(|alias| (*alias).to_owned()));
    let mut all: Vec<(String, String)> = names.map(|name| (name, key.path.to_owned())).collect();
    let lists = all.iter().filter_map(|(name, path)| Some((name.strip_suffix("[]")?.to_owned(), path.clone())));
    all.extend(lists.collect::<Vec<_>>());
    if let Kind::Secret = key.kind {
        let files = all.iter().map(|(name, path)| (format!("{name}{FILE_SUFFIX}"), format!("{path}{FILE_SUFFIX}")));
        all.extend(files.collect::<Vec<_>>());
    }
    all
}
