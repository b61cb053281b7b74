//! Reading of YAML documents: validation against the key list, and conversion to a tree of texts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::assignment::Assignment;
use super::environment;
use super::facts::Facts;
use super::key::{Kind, nearest};
use super::legacy_names;
use super::lookup::{NodeKind, spelled};
use super::names::{canonical, variable};
use super::placeholder;
use super::problem::Collector;
use super::table::KEYS;
use super::tree::{Node, Origin, extend};
use super::yaml::{Content, Yaml};

/// Result of reading one document of a configuration file.
#[derive(Default)]
pub(super) struct Read {
    /// Values that the document sets, as a tree with their origins.
    pub(super) tree: Node,
    /// Warnings for the log, one line each.
    pub(super) warnings: Vec<String>,
    /// Assignment of the Orchestration Cluster's authentication method, if the document contains one.
    pub(super) method: Option<Assignment>,
    /// Record of the properties of the replaced services in the document.
    pub(super) facts: Facts,
    /// Environment variables from which placeholders in the document were filled in.
    pub(super) used: BTreeSet<String>,
    /// Imported files, each with a flag whether it is required.
    pub(super) imports: Vec<(PathBuf, bool)>,
}

/// State shared by the documents of one file.
pub(super) struct Shared {
    /// Name of the file, for the origins of values in messages.
    name: Arc<str>,
    /// Whether the file uses properties of the replaced services. If so, values may have other types, such as a quoted
    /// number.
    lenient: bool,
    /// Values that placeholders may refer to, by path; later documents take precedence.
    properties: BTreeMap<String, String>,
}

impl Shared {
    /// Collects the values that placeholders may refer to. `documents` must contain only those documents of the file
    /// whose conditions are met.
    pub(super) fn new(name: Arc<str>, documents: &[Yaml], lenient: bool) -> Self {
        let mut properties = BTreeMap::new();
        for document in documents.iter().rev() {
            document.scalars("", &mut |path, text| {
                properties.entry(property(path)).or_insert_with(|| text.to_owned());
            });
        }
        Self { name, lenient, properties }
    }
}

/// Reads one document of a file. Invalid parts are reported, and become [`Node::Broken`].
pub(super) fn read(mut yaml: Yaml, file: &Shared, variables: &BTreeMap<String, String>, problems: &Collector) -> Read {
    let whole = Origin::File(Arc::clone(&file.name), 0);
    let used = fill(&mut yaml, &file.properties, variables);
    let assignments = legacy_names::take(&mut yaml, &file.name, file.lenient);
    let document = Document { name: Arc::clone(&file.name), lenient: file.lenient, problems };
    let mut tree = document.node("", "", yaml).unwrap_or_default();
    let mut facts = Facts::default();
    if file.lenient {
        facts.note_section(&tree, "keycloak");
    }
    let mut overlaid = environment::overlay_file(&mut tree, &assignments, &whole, problems);
    facts.add(std::mem::take(&mut overlaid.facts));
    let environment::Overlaid { warnings, method, imports, .. } = overlaid;
    Read { tree, warnings, method, facts, used, imports }
}

/// Fills in placeholders from the environment, else from another value of the same file. Returns the variables that
/// were used.
fn fill(
    yaml: &mut Yaml,
    properties: &BTreeMap<String, String>,
    variables: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let used = RefCell::new(BTreeSet::new());
    let environment = |name: &str| {
        let (name, value) = variables.get_key_value(name).or_else(|| variables.get_key_value(&variable(name)))?;
        used.borrow_mut().insert(name.clone());
        Some(value.clone())
    };
    let lookup = |name: &str| {
        environment(name).or_else(|| {
            // One level deep: placeholders within the referenced value are filled in from the environment only.
            let text = properties.get(&property(name))?;
            placeholder::fill(text, &environment).ok().map(|filled| filled.unwrap_or_else(|| text.clone()))
        })
    };
    yaml.fill(&lookup);
    used.into_inner()
}

/// Normalizes the spelling of a property path: lower case, without dashes and underscores.
fn property(path: &str) -> String {
    path.split('.').map(|part| part.replace(['-', '_'], "").to_lowercase()).collect::<Vec<_>>().join(".")
}

struct Document<'p> {
    name: Arc<str>,
    /// Whether the file uses properties of the replaced services. If so, values may have other types, such as a quoted
    /// number.
    lenient: bool,
    problems: &'p Collector,
}

impl Document<'_> {
    /// Converts the value at `path` to a node. `shape` is the path as the key list writes it, with `<id>` and `[]` in
    /// place of user-defined names and indices. Returns `None` for null, so that the default applies, and for unknown
    /// keys, which are reported.
    fn node(&self, path: &str, shape: &str, yaml: Yaml) -> Option<Node> {
        let empty = self.lenient && matches!(&yaml.content, Content::Text(text) if text.is_empty());
        if empty || yaml.is_nothing() {
            return None;
        }
        let origin = self.origin(yaml.line);
        let Some(expected) = NodeKind::of(shape) else {
            self.unknown(path, shape, &origin);
            return None;
        };
        let loose = yaml.filled || self.lenient;
        Some(match (expected, yaml.content) {
            (_, Content::Unresolved(unresolved)) => self.broken(path, &origin, &unresolved.message()),
            (NodeKind::Map, Content::Map(members)) => self.map(path, shape, members, false),
            (NodeKind::Named, Content::Map(members)) => self.map(path, shape, members, true),
            (NodeKind::List, Content::List(items)) => {
                let shape = format!("{shape}[]");
                let elements = items.into_iter().enumerate();
                let element = |(index, item): (usize, Yaml)| {
                    let (path, origin) = (format!("{path}[{index}]"), self.origin(item.line));
                    let node = self.node(&path, &shape, item);
                    (index, node.unwrap_or_else(|| self.broken(&path, &origin, "must not be empty")))
                };
                Node::List(elements.map(element).collect())
            }
            // A comma-separated list in one text, as in Spring.
            (NodeKind::List, Content::Text(text)) if loose => {
                let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
                let element = |(index, text): (usize, &str)| (index, Node::Text(text.to_owned(), origin.clone()));
                Node::List(texts.enumerate().map(element).collect())
            }
            (NodeKind::Value(kind), content) => match text(kind, content, loose) {
                Some(text) => Node::Text(text, origin),
                None => self.broken(path, &origin, &format!("must be {}", kind.expected())),
            },
            (NodeKind::Map | NodeKind::Named, _) if path.is_empty() => {
                self.broken(path, &origin, "must be a map of keys")
            }
            (NodeKind::Map | NodeKind::Named, _) => self.broken(path, &origin, "must be a map"),
            (NodeKind::List, _) => self.broken(path, &origin, "must be a list"),
        })
    }

    fn map(&self, path: &str, shape: &str, members: Vec<(String, Yaml)>, named: bool) -> Node {
        let mut parts: BTreeMap<String, Node> = BTreeMap::new();
        for (written, yaml) in members {
            let name = if named { written } else { spelled(shape, &written) };
            let (mut at, mut open) = (path.to_owned(), shape.to_owned());
            extend(&mut at, &name);
            extend(&mut open, if named { "<id>" } else { &name });
            let origin = self.origin(yaml.line);
            // A name with these characters would look like a longer path, which readers do not look up.
            if !named && (name.is_empty() || name.contains(['.', '[', '<'])) {
                self.problems.add(at, Some(&origin), "is not a key; write one name per level");
            } else if let Some(node) = self.node(&at, &open, yaml)
                && parts.insert(name, node).is_some()
            {
                self.problems.add(at, Some(&origin), "is set twice, in two spellings");
            }
        }
        Node::Map(parts)
    }

    fn origin(&self, line: u64) -> Origin {
        Origin::File(Arc::clone(&self.name), line)
    }

    fn broken(&self, path: &str, origin: &Origin, message: &str) -> Node {
        self.problems.add(path, Some(origin), message);
        Node::Broken
    }

    fn unknown(&self, path: &str, shape: &str, origin: &Origin) {
        let paths: Vec<String> = KEYS.iter().flat_map(super::key::Key::paths).collect();
        let (parent, name) = shape.rsplit_once('.').unwrap_or(("", shape));
        let siblings = paths.iter().filter_map(|path| {
            let rest = if parent.is_empty() { path } else { path.strip_prefix(parent)?.strip_prefix('.')? };
            rest.split(['.', '[']).next()
        });
        let near = nearest(name, siblings.filter(|sibling| *sibling != "<id>"))
            .map(|sibling| path.strip_suffix(name).unwrap_or_default().to_owned() + sibling)
            // Otherwise, suggests a key with this name on another level.
            .or_else(|| paths.iter().find(|path| path.rsplit('.').next().is_some_and(|last| is_name(last, name))).cloned());
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.problems.add(path, Some(origin), format!("is not a key{hint}"));
    }
}

fn is_name(known: &str, written: &str) -> bool {
    canonical(known) == canonical(written)
}

/// Returns a value as text, if it has the right type. With `loose`, numbers and flags may be quoted, and texts
/// unquoted.
fn text(kind: &Kind, content: Content, loose: bool) -> Option<String> {
    match (kind, content) {
        (Kind::Flag, Content::Flag(flag)) => Some(flag.to_string()),
        (Kind::Number(_), Content::Number(number)) => Some(number),
        (Kind::Flag | Kind::Number(_), Content::Text(text)) if loose => Some(text),
        (Kind::Flag | Kind::Number(_), _) => None,
        (_, Content::Text(text)) => Some(text),
        (Kind::Text | Kind::Secret(_) | Kind::Choice(_), Content::Number(text)) if loose => Some(text),
        (Kind::Text | Kind::Secret(_) | Kind::Choice(_), Content::Flag(flag)) if loose => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let problems = Collector::default();
        let variables = BTreeMap::from([("PORT".to_owned(), "7".to_owned())]);
        match yaml::parse(text) {
            Ok(documents) => {
                let lenient = documents.iter().any(legacy_names::is_legacy);
                let file = Shared::new("f.yaml".into(), &documents, lenient);
                documents.into_iter().for_each(|document| _ = read(document, &file, &variables, &problems));
            }
            Err(message) => {
                problems.add("", Some(&Origin::File("f.yaml".into(), 0)), format!("is not valid YAML: {message}"))
            }
        }
        problems.problems().map(|all| all.0.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn reports_each_wrong_type_with_its_line() {
        let text = "
profile: [oidc]
server: {port: '8080', prot: 1}
features: yes
authentication: {providers: []}
bootstrap:
  tenants: [{tenant-id: 7, tenantid: a, tenantId: b, tennantid: c}, ~]
  users: {}
";
        let quotes = "must be a whole number, without quotes";
        assert_eq!(
            problems(text),
            [
                "f.yaml:2: `profile` must be one of `keycloak`, `oidc`, `builtin`".to_owned(),
                format!("f.yaml:3: `server.port` {quotes}"),
                "f.yaml:3: `server.prot` is not a key; did you mean `server.port`?".to_owned(),
                "f.yaml:4: `features` must be a map".to_owned(),
                "f.yaml:5: `authentication.providers` must be a map".to_owned(),
                "f.yaml:7: `bootstrap.tenants[0].tenant-id` must be text; put it in quotes".to_owned(),
                "f.yaml:7: `bootstrap.tenants[0].tenant-id` is set twice, in two spellings".to_owned(),
                "f.yaml:7: `bootstrap.tenants[0].tenant-id` is set twice, in two spellings".to_owned(),
                "f.yaml:7: `bootstrap.tenants[0].tennantid` is not a key; did you mean `bootstrap.tenants[0].tenant-id`?"
                    .to_owned(),
                "f.yaml:7: `bootstrap.tenants[1]` must not be empty".to_owned(),
                "f.yaml:8: `bootstrap.users` must be a list".to_owned(),
            ]
        );
    }

    #[test]
    fn accepts_other_spellings_of_keys() {
        for text in [
            "bootstrap: {initial-claim: {value: v}}",
            "bootstrap: {initialClaim: {value: v}}",
            "bootstrap: {initial_claim: {VALUE: v}}",
            "Bootstrap: {INITIAL_CLAIM: {Value: v}}",
            "bootstrap.initialClaim.value: v",
        ] {
            assert_eq!(problems(text), [""; 0], "{text}");
        }
        assert_eq!(problems("server: {port: 1}\nserver.Port: 2").len(), 1);
    }

    #[test]
    fn fills_placeholders_in_own_keys() {
        for text in ["server: {port: '${PORT}'}", "server: {port: '${MISSING:9}'}", "server: {port: '${MISSING:}'}"] {
            assert_eq!(problems(text), [""; 0], "{text}");
        }
        let missing = problems("a: &a 1\nserver:\n  public-url: https://${HOST}/x\n");
        assert_eq!(
            missing[1],
            "f.yaml:3: `server.public-url` contains the placeholder `${HOST}`, which has no value: set the environment \
             variable `HOST`, or write a default as in `${HOST:default}`"
        );
    }

    #[test]
    fn suggests_the_section_of_a_misplaced_key() {
        assert_eq!(problems("base-path: /x"), ["f.yaml:1: `base-path` is not a key; did you mean `server.base-path`?"]);
        assert_eq!(problems("nonsense: 1"), ["f.yaml:1: `nonsense` is not a key"]);
    }

    #[test]
    fn rejects_duplicate_keys_without_quoting_the_file() {
        let found = problems("bootstrap:\n  users:\n  - password: hunter2\n    password: hunter3\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("f.yaml: is not valid YAML: ") && !found[0].contains("hunter"), "{found:?}");
        for text in
            ["bootstrap: [hunter2\nprofile: hunter2 }", "profile: !!int hunter2", "a: hunter2: b", "a: \"hunter2"]
        {
            let found = problems(text);
            assert!(found.len() == 1 && !found[0].contains("hunter"), "{found:?}");
        }
    }

    #[test]
    fn rejects_empty_names() {
        assert_eq!(problems("'': {profile: oidc}"), ["f.yaml:1: is not a key; write one name per level"]);
    }

    #[test]
    fn accepts_empty_documents() {
        for text in ["", "# only a comment\n", "---\n", "server:\n", "{}"] {
            assert_eq!(problems(text), [""; 0], "{text:?}");
        }
        assert_eq!(problems("- a"), ["f.yaml:1: must be a map of keys"]);
    }
}
