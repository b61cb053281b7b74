//! Takes typed values out of the tree, collecting what is wrong instead of stopping at it.
//!
//! A getter that has reported a problem returns `None`, as it does for what is not there. Whether there is a configuration
//! is decided at the end, by whether there are problems.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use identity_core::value::Secret;

use super::duration;
use super::key::{FILE_SUFFIX, Key, Kind};
use super::legacy::Facts;
use super::problem::Collector;
use super::tree::{Node, Origin, extend};

/// One part of the tree.
pub(super) struct Reader<'t> {
    node: Option<&'t Node>,
    /// Where it is.
    path: String,
    /// The same with ids and indices left open.
    shape: String,
    problems: &'t Collector,
    facts: &'t Facts,
}

impl<'t> Reader<'t> {
    /// The whole tree. `facts` are what of it was said in the replaced services' words.
    pub(super) fn new(root: &'t Node, problems: &'t Collector, facts: &'t Facts) -> Self {
        Self { node: Some(root), path: String::new(), shape: String::new(), problems, facts }
    }

    /// A part with keys of its own.
    pub(super) fn section(&self, name: &str) -> Self {
        self.part(name, name, self.node(name))
    }

    /// The parts with names of the user's choice.
    pub(super) fn entries(&self, name: &str) -> Vec<(&'t str, Self)> {
        let map = self.section(name);
        match map.node {
            Some(Node::Map(parts)) => {
                parts.iter().map(|(id, node)| (id.as_str(), map.part(id, "<id>", Some(node)))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The elements of a list of parts.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let item = |(index, node)| self.part(&format!("{name}[{index}]"), &format!("{name}[]"), Some(node));
        self.elements(name).into_iter().map(item).collect()
    }

    /// Whether anybody gave this.
    pub(super) fn given(&self, name: &str) -> bool {
        self.node(name).is_some()
    }

    /// Whether there is nothing, or a list or map of nothing.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        match self.node(name) {
            None => true,
            Some(Node::Map(parts)) => parts.is_empty(),
            Some(Node::List(elements)) => elements.is_empty(),
            Some(Node::Text(..) | Node::Broken) => false,
        }
    }

    /// A value, or its default.
    pub(super) fn get<T, E: Display>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match self.node(name) {
            Some(Node::Text(text, origin)) => self.parsed(&self.path(name), text, origin, parse),
            Some(_) => None,
            None => {
                let default = self.key(name).map(|key| key.default).filter(|default| !default.is_empty())?;
                self.parsed(&self.path(name), default, &Origin::Default, parse)
            }
        }
    }

    /// A value that must be there.
    pub(super) fn require<T, E: Display>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        self.must_be_given(name);
        self.get(name, parse)
    }

    /// A list of values, or its default.
    pub(super) fn list<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        if !self.given(name) {
            let default = self.key(&format!("{name}[]")).map_or("", |key| key.default);
            let texts = default.split(',').filter(|text| !text.is_empty());
            return texts.filter_map(|text| parse(text).ok()).collect();
        }
        let value = |(index, node): (usize, &Node)| match node {
            Node::Text(text, origin) => self.parsed(&self.path(&format!("{name}[{index}]")), text, origin, &parse),
            _ => None,
        };
        self.elements(name).into_iter().filter_map(value).collect()
    }

    /// One of the words of the key's kind.
    pub(super) fn choice<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let words = self.key(name).map_or_else(String::new, |key| key.kind.words());
        self.get(name, |text| parse(&text.to_ascii_lowercase()).ok_or_else(|| format!("must be {words}")))
    }

    /// One of the words of the key's kind, which must be there.
    pub(super) fn require_choice<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.must_be_given(name);
        self.choice(name, parse)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.choice(name, |text| text.parse().ok())
    }

    /// A whole number within bounds.
    pub(super) fn number<T: TryFrom<u64>>(&self, name: &str, bounds: RangeInclusive<u64>) -> Option<T> {
        self.get(name, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number));
            number
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("must be a whole number from {} to {}", bounds.start(), bounds.end()))
        })
    }

    /// A length of time within bounds.
    pub(super) fn duration(&self, name: &str, bounds: RangeInclusive<Duration>) -> Option<Duration> {
        self.get(name, |text| match duration::parse(text) {
            None => Err(format!("must be {}", Kind::Duration.words())),
            Some(length) if !bounds.contains(&length) => {
                Err(format!("must be from {}s to {}s", bounds.start().as_secs(), bounds.end().as_secs()))
            }
            Some(length) => Ok(length),
        })
    }

    /// A path in the file system.
    pub(super) fn file_path(&self, name: &str) -> Option<PathBuf> {
        self.get(name, |text| filled(text).map(PathBuf::from))
    }

    /// A secret: its text, or the text of the file that the sibling key names, less the line break at its end.
    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        let file = format!("{name}{FILE_SUFFIX}");
        if self.given(name) && self.given(&file) {
            self.problem(name, format!("is given in two forms: remove this or `{}`", self.path(&file)));
            return None;
        }
        let text = match self.node(name) {
            Some(_) => self.get(name, |text| filled(text).map(str::to_owned)),
            None => self.get(&file, |path| read_secret(Path::new(path))),
        };
        text.map(Secret::new)
    }

    /// A secret of at least so many characters. In the replaced services' words, a shorter one is taken, with a warning.
    pub(super) fn secret_of_length(&self, name: &str, min: usize) -> Option<Secret> {
        let secret = self.secret(name)?;
        if secret.expose().chars().count() < min {
            let path = self.path(name);
            if !self.facts.said(&path) {
                self.problem(name, format!("must have at least {min} characters"));
                return None;
            }
            self.warn(name, format!("has fewer than {min} characters; choose a longer one"));
        }
        Some(secret)
    }

    /// A secret that must be there.
    pub(super) fn require_secret(&self, name: &str) -> Option<Secret> {
        if !self.given(&format!("{name}{FILE_SUFFIX}")) {
            self.must_be_given(name);
        }
        self.secret(name)
    }

    /// Reports something about a key, or about this part when the name is empty.
    pub(super) fn problem(&self, name: &str, message: impl Into<String>) {
        let node = if name.is_empty() { self.node } else { self.node(name) };
        self.problems.add(self.path(name), node.and_then(Node::origin), message);
    }

    /// Reports something about a key that is no mistake.
    pub(super) fn warn(&self, name: &str, message: impl Display) {
        let place = self.node(name).and_then(Node::origin).map(|origin| format!("{origin}: ")).unwrap_or_default();
        self.problems.warn(format!("{place}`{}` {message}", self.path(name)));
    }

    fn must_be_given(&self, name: &str) {
        if self.node(name).is_none() {
            let path = self.path(name);
            let variable = path.to_uppercase().replace(['.', '-', '['], "_").replace(']', "");
            self.problem(name, format!("is required; it can also be given as IDENTITY_{variable}"));
        }
    }

    fn parsed<T, E: Display>(
        &self,
        path: &str,
        text: &str,
        origin: &Origin,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(text).map_err(|error| self.problems.add(path, Some(origin), error.to_string())).ok()
    }

    /// The elements of a list, which must have no holes: only variables can make some.
    fn elements(&self, name: &str) -> Vec<(usize, &'t Node)> {
        let Some(Node::List(elements)) = self.node(name) else { return Vec::new() };
        let hole = elements.keys().enumerate().find(|(place, index)| place != *index).map(|(place, _)| place);
        if let Some(place) = hole {
            self.problem(name, format!("has no element {place}; indices begin at 0 and leave none out"));
        }
        elements.iter().map(|(index, node)| (*index, node)).collect()
    }

    fn part(&self, name: &str, shape: &str, node: Option<&'t Node>) -> Self {
        let mut open = self.shape.clone();
        extend(&mut open, shape);
        Self { node, path: self.path(name), shape: open, problems: self.problems, facts: self.facts }
    }

    /// What is at a name; nothing can be said about the parts of something broken.
    fn node(&self, name: &str) -> Option<&'t Node> {
        match self.node? {
            Node::Map(parts) => parts.get(name),
            broken @ Node::Broken => Some(broken),
            Node::Text(..) | Node::List(_) => None,
        }
    }

    fn path(&self, name: &str) -> String {
        let mut path = self.path.clone();
        if !name.is_empty() {
            extend(&mut path, name);
        }
        path
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        let mut shape = self.shape.clone();
        extend(&mut shape, name);
        Key::find(&shape)
    }
}

/// Text that is there.
pub(super) fn filled(text: &str) -> Result<&str, &'static str> {
    if text.trim().is_empty() { Err("must not be blank") } else { Ok(text) }
}

fn read_secret(path: &Path) -> Result<String, String> {
    let mut text =
        std::fs::read_to_string(path).map_err(|error| format!("names a file that cannot be read: {}", error.kind()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    filled(&text).map_err(|_| "names a file with nothing in it".to_owned())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::tree::Step;
    use super::*;

    fn tree(values: &[(&[&str], &str)]) -> Node {
        let mut root = Node::default();
        for (path, text) in values {
            let step = |name: &&str| name.parse().map_or_else(|_| Step::Key((*name).to_owned()), Step::Index);
            let steps: Vec<Step> = path.iter().map(step).collect();
            assert!(root.set(&steps, (*text).to_owned(), Origin::File("f".into(), 0)).is_ok());
        }
        root
    }

    fn found<T>(root: &Node, read: impl FnOnce(&Reader<'_>) -> T) -> (T, Vec<String>) {
        let problems = Collector::default();
        let facts = Facts::default();
        let value = read(&Reader::new(root, &problems, &facts));
        let all = problems.problems().map(|all| all.0.iter().map(ToString::to_string).collect());
        (value, all.unwrap_or_default())
    }

    #[test]
    fn a_default_holds_until_somebody_says_otherwise() {
        let port = |root: &Node| found(root, |reader| reader.section("server").number::<u16>("port", 0..=65_535));
        assert_eq!(port(&tree(&[])), (Some(8080), vec![]));
        assert_eq!(port(&tree(&[(&["server", "port"], "9")])), (Some(9), vec![]));
        let (none, problems) = port(&tree(&[(&["server", "port"], "65536")]));
        assert_eq!(none, None);
        assert_eq!(problems, ["f: `server.port` must be a whole number from 0 to 65535"]);
    }

    #[test]
    fn what_is_missing_is_named_with_its_variable() {
        let root = tree(&[(&["bootstrap", "tenants", "0", "name"], "A")]);
        let (_, problems) = found(&root, |reader| {
            for tenant in reader.section("bootstrap").items("tenants") {
                tenant.require("tenant-id", filled_owned);
                tenant.require("name", filled_owned);
            }
        });
        assert_eq!(
            problems,
            [
                "`bootstrap.tenants[0].tenant-id` is required; it can also be given as IDENTITY_BOOTSTRAP_TENANTS_0_TENANT_ID"
            ]
        );
    }

    fn filled_owned(text: &str) -> Result<String, &'static str> {
        filled(text).map(str::to_owned)
    }

    #[test]
    fn a_list_has_no_holes() {
        let root = tree(&[(&["bootstrap", "users", "0", "roles", "1"], "r")]);
        let (_, problems) =
            found(&root, |reader| reader.section("bootstrap").items("users")[0].list("roles", filled_owned));
        assert_eq!(problems, ["f: `bootstrap.users[0].roles` has no element 0; indices begin at 0 and leave none out"]);
    }

    #[test]
    fn nothing_is_said_about_the_parts_of_something_broken() {
        let Node::Map(mut parts) = Node::default() else { panic!("a map") };
        parts.insert("store".into(), Node::Broken);
        let root = Node::Map(parts);
        let (_, problems) =
            found(&root, |reader| reader.section("store").section("postgres").require("host", filled_owned));
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn a_secret_comes_from_a_file_without_its_line_break() {
        let directory = tempfile::tempdir().unwrap();
        let secret = |content: &str| {
            let path = directory.path().join("secret");
            std::fs::write(&path, content).unwrap();
            let root = tree(&[(&["store", "postgres", "password-file"], path.to_str().unwrap())]);
            found(&root, |reader| reader.section("store").section("postgres").require_secret("password"))
        };
        for (content, text) in [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a")] {
            assert_eq!(secret(content), (Some(Secret::new(text.into())), vec![]), "{content:?}");
        }
        assert_eq!(secret("\n").1, ["f: `store.postgres.password-file` names a file with nothing in it"]);
    }

    #[test]
    fn a_secret_has_one_form() {
        let root = tree(&[(&["store", "postgres", "password"], "a"), (&["store", "postgres", "url-file"], "/none")]);
        let (_, problems) = found(&root, |reader| {
            let postgres = reader.section("store").section("postgres");
            (postgres.secret("password"), postgres.secret("url"))
        });
        assert_eq!(problems, ["f: `store.postgres.url-file` names a file that cannot be read: entity not found"]);

        // Both forms from one source: `set` keeps both.
        let root = tree(&[(&["store", "postgres", "password"], "a"), (&["store", "postgres", "password-file"], "/p")]);
        let (_, problems) = found(&root, |reader| reader.section("store").section("postgres").secret("password"));
        assert_eq!(
            problems,
            ["f: `store.postgres.password` is given in two forms: remove this or `store.postgres.password-file`"]
        );
    }
}
