//! Names of all environment variables, and the keys that they set.

use std::sync::LazyLock;

use super::key::{FILE_SUFFIX, Key, Kind, nearest};
use super::names::{Pattern, fill};
use super::table::{FOREIGN, KEYS, UNUSED};
use super::tree::Step;

/// Prefixes of this server's variables. An unknown variable with one of them is an error, so that a misspelled switch
/// of the Orchestration Cluster is reported instead of being silently off.
const PREFIXES: [&str; 2] = ["IDENTITY_", "CAMUNDA_SECURITY_"];

/// Prefix of SDK settings, which take effect only if no other property sets the same value.
const WEAK: &str = "camunda.identity.";

/// Whether a variable has one of the [`PREFIXES`], so that it must set a key.
pub(super) fn is_ours(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Names of all environment variables that are recognized.
pub(super) struct Names {
    keys: Vec<Name>,
    unused: Vec<(Pattern, &'static str)>,
    foreign: Vec<Pattern>,
}

/// Pattern of the environment variables that set a key, and the path of this key.
struct Name {
    pattern: Pattern,
    /// Path of the key that the variable sets.
    path: String,
    /// Whether the variable sets a whole list, rather than an element.
    list: bool,
    origin: Vocabulary,
}

/// Vocabulary to which the name of a variable or property belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// Keys of this server, such as `IDENTITY_SERVER_PORT`.
    Own,
    /// Properties of the replaced services, such as `SERVER_PORT`.
    Legacy,
    /// Settings of the applications' SDK, which take effect only if no other property sets the same value.
    Sdk,
}

/// Key that an environment variable sets, as the result of [`Names::target`].
pub(super) struct Target {
    /// Path of the key, with the ids and indices of the variable name.
    pub(super) path: Vec<Step>,
    /// Whether the variable sets a whole list, rather than an element.
    pub(super) list: bool,
    /// Vocabulary of the variable, which determines its precedence.
    pub(super) vocabulary: Vocabulary,
}

impl Names {
    /// Returns all recognized names, which are built once from the key list.
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

    /// Returns the key that a variable sets; `None` if it sets no key.
    pub(super) fn target(&self, variable: &str) -> Option<Target> {
        let matches = self.keys.iter().filter_map(|key| Some((key, key.pattern.captures(variable)?)));
        // If several keys match, the longest one is meant. Its id is the shortest one, as in `Pattern`.
        let (name, captures) = matches.max_by_key(|(name, _)| name.path.len())?;
        Some(Target { path: fill(&name.path, captures), list: name.list, vocabulary: name.origin })
    }

    /// Returns the reason why a recognized variable has no effect; `None` for other variables.
    pub(super) fn unused(&self, variable: &str) -> Option<&'static str> {
        self.unused.iter().find(|(pattern, _)| pattern.captures(variable).is_some()).map(|(_, why)| *why)
    }

    /// Whether a variable with one of the [`PREFIXES`] is not a key, such as `IDENTITY_CONFIG`.
    pub(super) fn is_foreign(&self, variable: &str) -> bool {
        self.foreign.iter().any(|pattern| pattern.captures(variable).is_some())
    }

    /// Whether a variable is recognized, with or without effect.
    pub(super) fn is_known(&self, variable: &str) -> bool {
        self.target(variable).is_some() || self.unused(variable).is_some()
    }

    /// Returns the known name that `variable` may be a misspelling of, with the ids and indices of `variable`.
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
        _ => Vocabulary::Legacy,
    }
}

/// Returns the properties that set a key, each with the path that it sets.
fn of_key(key: &Key) -> Vec<(String, String)> {
    let own = format!("identity.{}", key.path);
    let names = std::iter::once(own).chain(key.aliases.iter().map(|alias| (*alias).to_owned()));
    let mut all: Vec<(String, String)> = names.map(|name| (name, key.path.to_owned())).collect();
    let lists = all.iter().filter_map(|(name, path)| Some((name.strip_suffix("[]")?.to_owned(), path.clone())));
    all.extend(lists.collect::<Vec<_>>());
    if let Kind::Secret(_) = key.kind {
        let files = all.iter().map(|(name, path)| (format!("{name}{FILE_SUFFIX}"), format!("{path}{FILE_SUFFIX}")));
        all.extend(files.collect::<Vec<_>>());
    }
    all
}
