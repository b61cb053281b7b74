//! Origins of values, for problems that are found after the configuration was read.

use std::collections::BTreeMap;

use super::problem::{Finding, Problem, Problems};
use super::tree::{Node, Origin, extend};

/// Origin of each configured value, such as file and line, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    pub(super) fn of(tree: &Node) -> Self {
        let mut origins = Self::default();
        origins.collect(tree, String::new());
        origins
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

    /// Converts findings to problems by adding the origin of the value.
    #[must_use]
    pub fn problems(&self, findings: Vec<Finding>) -> Problems {
        let problem = |Finding { path, message }| {
            let origin = self.origin(&path).filter(|origin| !matches!(origin, Origin::Default)).cloned();
            Problem { origin, path, message }
        };
        Problems(findings.into_iter().map(problem).collect())
    }

    /// Returns the origin of a value, else of its secret's file, else of the first value in the closest enclosing
    /// section.
    fn origin(&self, path: &str) -> Option<&Origin> {
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
