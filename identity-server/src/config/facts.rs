//! Record of the properties of the replaced services that a configuration sets.

use std::collections::BTreeSet;

use super::assignment::Assignment;
use super::tree::{Node, Origin, Step, shown};

/// Record of the properties of the replaced services that a configuration sets, which influence its defaults.
#[derive(Default)]
pub(super) struct Facts {
    /// Paths of the keys that these properties set, such as `keycloak.url`.
    legacy: BTreeSet<String>,
    /// Whether properties of Management Identity are present (`IDENTITY_*`, `KEYCLOAK_*`).
    pub(super) identity: bool,
    /// Whether properties of the Orchestration Cluster are present.
    pub(super) cluster: bool,
    /// Origin of the profile, if active Spring profiles selected it.
    pub(super) profile: Option<Origin>,
    /// Settings of the applications' SDK with the paths of their keys, in the order of the sources. For each path, the
    /// last one takes effect.
    pub(super) of_sdk: Vec<(Vec<Step>, Assignment)>,
}

impl Facts {
    /// Records that a variable of the replaced services set the value at a path.
    pub(super) fn note(&mut self, variable: &str, path: &[Step]) {
        self.legacy.insert(shown(path));
        self.cluster |= variable.starts_with("CAMUNDA_SECURITY_");
        self.identity |= ["IDENTITY_", "KEYCLOAK_"].iter().any(|prefix| variable.starts_with(prefix));
    }

    /// Records all paths below a section of a document that uses properties of the replaced services.
    pub(super) fn note_section(&mut self, tree: &Node, section: &str) {
        let mut path = vec![Step::Key(section.to_owned())];
        if let Some(node) = tree.at(&path) {
            self.identity = true;
            self.note_below(node, &mut path);
        }
    }

    fn note_below(&mut self, node: &Node, path: &mut Vec<Step>) {
        let parts: Vec<(Step, &Node)> = match node {
            Node::Map(parts) => parts.iter().map(|(name, part)| (Step::Key(name.clone()), part)).collect(),
            Node::List(elements) => elements.iter().map(|(index, part)| (Step::Index(*index), part)).collect(),
            Node::Text(..) | Node::Broken => {
                self.legacy.insert(shown(path));
                return;
            }
        };
        for (step, part) in parts {
            path.push(step);
            self.note_below(part, path);
            path.pop();
        }
    }

    /// Adds the record of a later source, whose values take precedence.
    pub(super) fn add(&mut self, later: Self) {
        self.legacy.extend(later.legacy);
        self.identity |= later.identity;
        self.cluster |= later.cluster;
        self.profile = later.profile.or_else(|| self.profile.take());
        self.of_sdk.extend(later.of_sdk);
    }

    /// Whether a property of the replaced services set the value at this path.
    pub(super) fn is_legacy(&self, path: &str) -> bool {
        self.legacy.contains(path)
    }

    /// Whether a property of the replaced services set a value whose path has this prefix.
    pub(super) fn is_legacy_below(&self, path: &str) -> bool {
        self.legacy.iter().any(|legacy| legacy.starts_with(path))
    }
}
