//! Where values came from, for what is found after the configuration was read.

use std::collections::BTreeMap;

use super::problem::{Problem, Problems};
use super::tree::{Node, Origin, extend};

/// Where each value came from, by its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Origin>);

/// Something that is wrong with a value, or with a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The key it is about.
    pub path: String,
    /// What is wrong, to be read after the key.
    pub message: String,
}

impl Finding {
    /// A finding about a key.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl Places {
    pub(super) fn of(tree: &Node) -> Self {
        let mut places = Self::default();
        places.collect(tree, String::new());
        places
    }

    fn collect(&mut self, node: &Node, path: String) {
        match node {
            Node::Text(_, origin) => _ = self.0.insert(path, origin.clone()),
            Node::Map(parts) => {
                for (name, part) in parts {
                    let mut path = path.clone();
                    extend(&mut path, name);
                    self.collect(part, path);
                }
            }
            Node::List(elements) => {
                elements.iter().for_each(|(index, part)| self.collect(part, format!("{path}[{index}]")));
            }
            Node::Broken => {}
        }
    }

    /// Findings as problems of the configuration.
    #[must_use]
    pub fn problems(&self, findings: Vec<Finding>) -> Problems {
        let problem = |Finding { path, message }| {
            let origin = self.place(&path).filter(|origin| !matches!(origin, Origin::Default)).cloned();
            Problem { origin, path, message }
        };
        Problems(findings.into_iter().map(problem).collect())
    }

    /// Where a value, its file, or the first value of a section came from.
    fn place(&self, path: &str) -> Option<&Origin> {
        let below = |section: &str| {
            let mut all = self.0.range(section.to_owned()..).take_while(|(path, _)| path.starts_with(section));
            all.find(|(path, _)| {
                let rest = path.strip_prefix(section).unwrap_or_default();
                rest.is_empty() || rest.starts_with(['.', '[', '-'])
            })
        };
        let mut section = path;
        loop {
            if let Some((_, origin)) = below(section) {
                return Some(origin);
            }
            section = section.rsplit_once('.')?.0;
        }
    }
}
