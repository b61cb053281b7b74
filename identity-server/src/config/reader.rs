//! Reads typed values from the configuration tree. Collects all problems instead of stopping at the first.
//!
//! Getters return `None` for missing values, and for values whose problem has been reported. Loading fails at the end
//! if any problem was reported.
//!
//! A getter call whose name or kind does not match the key list is a bug of the server. It is reported as a problem as
//! well, so that no configuration loads with such a bug, and any test that loads one finds it.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use identity_core::value::Secret;

use super::duration;
use super::facts::Facts;
use super::key::{FILE_SUFFIX, Kind};
use super::lookup::{self, NodeKind};
use super::problem::Collector;
use super::tree::{Node, Origin, extend};

/// Reader of one section of the configuration tree.
pub(super) struct Reader<'t> {
    node: Option<&'t Node>,
    /// Path of the section, such as `authentication.providers.main`.
    path: String,
    /// Path of the section as the key list writes it, with `<id>` and `[]` in place of user-defined names and indices.
    shape: String,
    problems: &'t Collector,
    facts: &'t Facts,
}

impl<'t> Reader<'t> {
    /// Creates a reader of the whole tree. `facts` records which values were set through properties of the replaced
    /// services.
    pub(super) fn new(root: &'t Node, problems: &'t Collector, facts: &'t Facts) -> Self {
        Self { node: Some(root), path: String::new(), shape: String::new(), problems, facts }
    }

    /// Returns the reader of a subsection, which may be missing.
    pub(super) fn section(&self, name: &str) -> Self {
        self.part(name, name, self.node(name))
    }

    /// Returns the readers of a map's entries, with their user-defined names.
    pub(super) fn entries(&self, name: &str) -> Vec<(&'t str, Self)> {
        let map = self.section(name);
        match map.node {
            Some(Node::Map(parts)) => {
                parts.iter().map(|(id, node)| (id.as_str(), map.part(id, "<id>", Some(node)))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the reader of the entry `id` of the map `name`.
    pub(super) fn entry(&self, name: &str, id: &str) -> Self {
        let map = self.section(name);
        let node = match map.node {
            Some(Node::Map(parts)) => parts.get(id),
            other => other.filter(|node| matches!(node, Node::Broken)),
        };
        map.part(id, "<id>", node)
    }

    /// Returns the readers of a list's elements. Reports gaps in the indices.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let item = |(index, node)| self.part(&format!("{name}[{index}]"), &format!("{name}[]"), Some(node));
        self.elements(name).into_iter().map(item).collect()
    }

    /// Whether a source sets this key or section. Defaults do not count.
    pub(super) fn given(&self, name: &str) -> bool {
        self.node(name).is_some()
    }

    /// Whether the value is missing, or an empty list or map.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        match self.node(name) {
            None => true,
            Some(Node::Map(parts)) => parts.is_empty(),
            Some(Node::List(elements)) => elements.is_empty(),
            Some(Node::Text(..) | Node::Broken) => false,
        }
    }

    /// Parses the configured text, else the key's default. Reports a parse error.
    pub(super) fn get<T, E: Display>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match self.kind(name)? {
            Kind::Text => self.value(name, parse),
            _ => self.undeclared(name),
        }
    }

    /// Like [`Self::get`], but reports a missing value.
    pub(super) fn require<T, E: Display>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        self.must_be_given(name);
        self.get(name, parse)
    }

    /// Parses the configured elements of a list, else the key's default. Reports and omits invalid elements.
    pub(super) fn list<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        match self.kind(&format!("{name}[]")) {
            Some(Kind::Text) => self.values(name, parse),
            Some(_) => self.undeclared(name).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Reads one of the allowed words of the key, ignoring case. Returns the word as spelled in the key list.
    pub(super) fn word(&self, name: &str) -> Option<&'static str> {
        match self.kind(name)? {
            kind @ Kind::Choice(words) => self.value(name, |text| one_of(words, text, kind)),
            _ => self.undeclared(name),
        }
    }

    /// Like [`Self::word`], for the elements of a list.
    pub(super) fn words(&self, name: &str) -> Vec<&'static str> {
        match self.kind(&format!("{name}[]")) {
            Some(kind @ Kind::Choice(words)) => self.values(name, |text| one_of(words, text, kind)),
            Some(_) => self.undeclared(name).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Reads a word, and returns the value that `table` assigns to it. The allowed words of the key must be the
    /// [`words`](super::key::words) of the same table.
    pub(super) fn choice<T: Clone>(&self, name: &str, table: &[(&'static str, T)]) -> Option<T> {
        let word = self.word(name)?;
        match table.iter().find(|(known, _)| *known == word) {
            Some((_, value)) => Some(value.clone()),
            None => self.undeclared(name),
        }
    }

    /// Like [`Self::choice`], but reports a missing value.
    pub(super) fn require_choice<T: Clone>(&self, name: &str, table: &[(&'static str, T)]) -> Option<T> {
        self.must_be_given(name);
        self.choice(name, table)
    }

    /// Parses `true` or `false`. Values of the replaced services may also be `on`, `yes`, `1`, `off`, `no` or `0`, as
    /// in Spring.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        let kind @ Kind::Flag = self.kind(name)? else { return self.undeclared(name) };
        self.value(name, |text| match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            "on" | "yes" | "1" if self.facts.is_legacy(&self.path(name)) => Ok(true),
            "off" | "no" | "0" if self.facts.is_legacy(&self.path(name)) => Ok(false),
            _ => Err(format!("must be {}", kind.expected())),
        })
    }

    /// Parses a whole number within the key's bounds.
    pub(super) fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        let kind @ Kind::Number(bounds) = self.kind(name)? else { return self.undeclared(name) };
        self.value(name, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number));
            number
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("must be a whole number {}", kind.bounds().unwrap_or_default()))
        })
    }

    /// Parses a duration within the key's bounds, such as `60s`.
    pub(super) fn duration(&self, name: &str) -> Option<Duration> {
        match self.kind(name)? {
            kind @ Kind::Duration(bounds) => self.value(name, |text| within(bounds, text, kind)),
            _ => self.undeclared(name),
        }
    }

    /// Parses a duration within the key's bounds, or `off`, which is `Some(None)`.
    pub(super) fn duration_or_off(&self, name: &str) -> Option<Option<Duration>> {
        match self.kind(name)? {
            kind @ Kind::DurationOrOff(bounds) => self.value(name, |text| match text {
                "off" => Ok(None),
                text => within(bounds, text, kind).map(Some),
            }),
            _ => self.undeclared(name),
        }
    }

    /// Parses a file system path, which must not be blank. The file need not exist.
    pub(super) fn file_path(&self, name: &str) -> Option<PathBuf> {
        self.get(name, |text| filled(text).map(PathBuf::from))
    }

    /// Reads a secret: the configured text, or the content of the file that the sibling key with the suffix `-file`
    /// names, without the final line break. A secret from a property of the replaced services may be too short; this
    /// only causes a warning.
    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        let Kind::Secret(min) = self.kind(name)? else { return self.undeclared(name) };
        let file = format!("{name}{FILE_SUFFIX}");
        if self.given(name) && self.given(&file) {
            self.problem(name, format!("is set in two forms: remove this or `{}`", self.path(&file)));
            return None;
        }
        let text = match self.node(name) {
            Some(_) => self.value(name, |text| filled(text).map(str::to_owned)),
            None => self.value(&file, |path| read_secret(Path::new(path))),
        }?;
        if text.chars().count() < *min {
            if !self.facts.is_legacy(&self.path(name)) {
                self.problem(name, format!("must have at least {min} characters"));
                return None;
            }
            self.warn(name, format!("has fewer than {min} characters; choose a longer one"));
        }
        Some(Secret::new(text))
    }

    /// Like [`Self::secret`], but reports a missing value.
    pub(super) fn require_secret(&self, name: &str) -> Option<Secret> {
        if !self.given(&format!("{name}{FILE_SUFFIX}")) {
            self.must_be_given(name);
        }
        self.secret(name)
    }

    /// Reports a problem with a key, or with this section if `name` is empty.
    pub(super) fn problem(&self, name: &str, message: impl Into<String>) {
        let node = if name.is_empty() { self.node } else { self.node(name) };
        self.problems.add(self.path(name), node.and_then(Node::origin), message);
    }

    /// Returns the origin of a value; `None` if no source sets it.
    pub(super) fn origin(&self, name: &str) -> Option<&'t Origin> {
        self.node(name).and_then(Node::origin)
    }

    /// Records a warning about a key, including the origin of its value.
    pub(super) fn warn(&self, name: &str, message: impl Display) {
        let origin = self.origin(name).map(|origin| format!("{origin}: ")).unwrap_or_default();
        self.problems.warn(format!("{origin}`{}` {message}", self.path(name)));
    }

    /// Reports the key as required if no source sets it.
    pub(super) fn must_be_given(&self, name: &str) {
        if self.node(name).is_none() {
            let path = self.path(name);
            let variable = path.to_uppercase().replace(['.', '-', '['], "_").replace(']', "");
            self.problem(name, format!("is required; it can also be set as IDENTITY_{variable}"));
        }
    }

    /// Parses the configured value, else the key's default.
    fn value<T, E: Display>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match self.node(name) {
            Some(Node::Text(text, origin)) => self.parsed(&self.path(name), text, origin, parse),
            Some(_) => None,
            None => self.parsed(&self.path(name), self.default(name)?, &Origin::Default, parse),
        }
    }

    /// Parses the configured elements of a list, else the key's default.
    fn values<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        if !self.given(name) {
            let texts = self.default(&format!("{name}[]")).into_iter().flat_map(|default| default.split(','));
            return texts.filter_map(|text| parse(text).ok()).collect();
        }
        let value = |(index, node): (usize, &Node)| match node {
            Node::Text(text, origin) => self.parsed(&self.path(&format!("{name}[{index}]")), text, origin, &parse),
            _ => None,
        };
        self.elements(name).into_iter().filter_map(value).collect()
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

    /// Returns the elements of a list, by index. Reports a missing index. Only environment variables can leave indices
    /// out, because each sets a single element.
    fn elements(&self, name: &str) -> Vec<(usize, &'t Node)> {
        let Some(Node::List(elements)) = self.node(name) else { return Vec::new() };
        let gap = elements.keys().enumerate().find(|(expected, index)| expected != *index);
        if let Some((missing, _)) = gap {
            self.problem(name, format!("has no element {missing}; indices begin at 0 and have no gaps"));
        }
        elements.iter().map(|(index, node)| (*index, node)).collect()
    }

    fn part(&self, name: &str, shape: &str, node: Option<&'t Node>) -> Self {
        Self { node, path: self.path(name), shape: self.shape(shape), problems: self.problems, facts: self.facts }
    }

    /// Returns the node of the key or section `name`. Every part of a broken node is broken, so that it is not reported
    /// as missing.
    fn node(&self, name: &str) -> Option<&'t Node> {
        if NodeKind::of(&self.shape(name)).is_none() {
            return self.undeclared(name);
        }
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

    fn shape(&self, name: &str) -> String {
        let mut shape = self.shape.clone();
        extend(&mut shape, name);
        shape
    }

    /// Returns the declared kind of the key `name`. Reports a key that is not declared.
    fn kind(&self, name: &str) -> Option<&'static Kind> {
        match NodeKind::of(&self.shape(name)) {
            Some(NodeKind::Value(kind)) => Some(kind),
            _ => self.undeclared(name),
        }
    }

    fn default(&self, name: &str) -> Option<&'static str> {
        lookup::find(&self.shape(name)).map(|key| key.default).filter(|default| !default.is_empty())
    }

    /// Reports that the key list does not declare `name` in the requested form.
    fn undeclared<T>(&self, name: &str) -> Option<T> {
        self.problems.add(self.path(name), None, "is read, but not declared in this form; this is a bug of the server");
        None
    }
}

fn one_of(words: &[&'static str], text: &str, kind: &Kind) -> Result<&'static str, String> {
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    known.copied().ok_or_else(|| format!("must be {}", kind.expected()))
}

fn within(seconds: &RangeInclusive<u64>, text: &str, kind: &Kind) -> Result<Duration, String> {
    let bounds = Duration::from_secs(*seconds.start())..=Duration::from_secs(*seconds.end());
    match duration::parse(text) {
        None => Err(format!("must be {}", kind.expected())),
        Some(duration) if !bounds.contains(&duration) => Err(format!("must be {}", kind.bounds().unwrap_or_default())),
        Some(duration) => Ok(duration),
    }
}

/// Returns the text unchanged. Blank text is an error.
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
    filled(&text).map_err(|_| "names an empty file".to_owned())?;
    Ok(text)
}

/// Reads list elements, and reports those whose `key` equals that of an earlier element under the name `name`.
pub(super) fn unique<T>(
    items: &[Reader<'_>],
    name: &str,
    mut read: impl FnMut(&Reader<'_>) -> Option<T>,
    key: impl Fn(&T) -> &str,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for item in items {
        let Some(one) = read(item) else { continue };
        if all.iter().any(|other| key(other) == key(&one)) {
            item.problem(name, "must be unique in the list");
        }
        all.push(one);
    }
    all
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
    fn a_configured_value_replaces_the_default() {
        let port = |root: &Node| found(root, |reader| reader.section("server").number::<u16>("port"));
        assert_eq!(port(&tree(&[])), (Some(8080), vec![]));
        assert_eq!(port(&tree(&[(&["server", "port"], "9")])), (Some(9), vec![]));
        let (none, problems) = port(&tree(&[(&["server", "port"], "65536")]));
        assert_eq!(none, None);
        assert_eq!(problems, ["f: `server.port` must be a whole number from 0 to 65535"]);
    }

    #[test]
    fn getters_read_declared_keys_of_their_kind_only() {
        let undeclared = |read: &dyn Fn(&Reader<'_>)| {
            let (_, problems) = found(&tree(&[]), |reader| read(&reader.section("server")));
            assert!(problems.iter().all(|problem| problem.ends_with("this is a bug of the server")), "{problems:?}");
            !problems.is_empty()
        };
        assert!(undeclared(&|server| _ = server.number::<u16>("prot")));
        assert!(undeclared(&|server| _ = server.section("listener")));
        assert!(undeclared(&|server| _ = server.given("port-file")));
        assert!(undeclared(&|server| _ = server.get("port", filled_owned)));
        assert!(undeclared(&|server| _ = server.list("address", filled_owned)));
        assert!(undeclared(&|server| _ = server.number::<u16>("address")));
        assert!(undeclared(&|server| _ = server.duration("port")));
        assert!(undeclared(&|server| _ = server.duration_or_off("body-timeout")));
        assert!(undeclared(&|server| _ = server.flag("port")));
        assert!(undeclared(&|server| _ = server.word("address")));
        assert!(undeclared(&|server| _ = server.words("trusted-proxies")));
        assert!(undeclared(&|server| _ = server.secret("address")));
        assert!(!undeclared(&|server| _ = server.number::<u16>("port")));
        let profile = |table: &[_]| found(&tree(&[(&["profile"], "OIDC")]), |reader| reader.choice("profile", table));
        assert_eq!(profile(&[("oidc", 1)]), (Some(1), vec![]));
        assert_eq!(profile(&[("another-table", 1)]).1.len(), 1);
    }

    #[test]
    fn reports_a_missing_value_with_its_variable() {
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
                "`bootstrap.tenants[0].tenant-id` is required; it can also be set as IDENTITY_BOOTSTRAP_TENANTS_0_TENANT_ID"
            ]
        );
    }

    fn filled_owned(text: &str) -> Result<String, &'static str> {
        filled(text).map(str::to_owned)
    }

    #[test]
    fn rejects_gaps_in_list_indices() {
        let root = tree(&[(&["bootstrap", "users", "0", "roles", "1"], "r")]);
        let (_, problems) =
            found(&root, |reader| reader.section("bootstrap").items("users")[0].list("roles", filled_owned));
        assert_eq!(problems, ["f: `bootstrap.users[0].roles` has no element 0; indices begin at 0 and have no gaps"]);
    }

    #[test]
    fn reports_no_errors_inside_an_unreadable_section() {
        let Node::Map(mut parts) = Node::default() else { panic!("a map") };
        parts.insert("store".into(), Node::Broken);
        let root = Node::Map(parts);
        let (_, problems) =
            found(&root, |reader| reader.section("store").section("postgres").require("host", filled_owned));
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn strips_one_line_break_from_secret_files() {
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
        assert_eq!(secret("\n").1, ["f: `store.postgres.password-file` names an empty file"]);
    }

    #[test]
    fn rejects_a_secret_in_two_forms() {
        let root = tree(&[(&["store", "postgres", "password"], "a"), (&["store", "postgres", "url-file"], "/none")]);
        let (_, problems) = found(&root, |reader| {
            let postgres = reader.section("store").section("postgres");
            (postgres.secret("password"), postgres.secret("url"))
        });
        assert_eq!(problems, ["f: `store.postgres.url-file` names a file that cannot be read: entity not found"]);

        // Both forms come from the same source, so `Node::set` keeps both.
        let root = tree(&[(&["store", "postgres", "password"], "a"), (&["store", "postgres", "password-file"], "/p")]);
        let (_, problems) = found(&root, |reader| reader.section("store").section("postgres").secret("password"));
        assert_eq!(
            problems,
            ["f: `store.postgres.password` is set in two forms: remove this or `store.postgres.password-file`"]
        );
    }
}
