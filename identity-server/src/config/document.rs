//! YAML documents: held against the list of keys, turned into a tree of texts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::environment::{self, Said};
use super::foreign;
use super::key::{self, Kind, Place, nearest};
use super::legacy::Facts;
use super::names::{canonical, variable};
use super::placeholder;
use super::problem::Collector;
use super::table::KEYS;
use super::tree::{Node, Origin, extend};
use super::yaml::{Content, Yaml};

/// What a document says.
#[derive(Default)]
pub(super) struct Read {
    /// What is configured.
    pub(super) tree: Node,
    /// What the user should know although it is no mistake.
    pub(super) warnings: Vec<String>,
    /// How callers authenticate, in the Orchestration Cluster's words.
    pub(super) method: Option<Said>,
    /// What is said in the replaced services' words.
    pub(super) facts: Facts,
    /// The variables that its placeholders name.
    pub(super) used: BTreeSet<String>,
    /// Files that it imports, and whether they must be there.
    pub(super) imports: Vec<(PathBuf, bool)>,
}

/// What the documents of a file have in common.
pub(super) struct Shared {
    /// The file's name.
    name: Arc<str>,
    /// Whether it is written in the replaced services' words, whose types are loose.
    lenient: bool,
    /// Values that placeholders may name, by path; a later document's wins.
    properties: BTreeMap<String, String>,
}

impl Shared {
    /// `documents` are those that apply.
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

/// Reads one document of a file. Parts that are not of the right shape are [`Node::Broken`].
pub(super) fn read(mut yaml: Yaml, file: &Shared, variables: &BTreeMap<String, String>, problems: &Collector) -> Read {
    let whole = Origin::File(Arc::clone(&file.name), 0);
    let used = fill(&mut yaml, &file.properties, variables);
    let said = foreign::take(&mut yaml, &file.name, file.lenient);
    let document = Document { name: Arc::clone(&file.name), lenient: file.lenient, problems };
    let mut tree = document.node("", "", yaml).unwrap_or_default();
    let mut facts = Facts::default();
    if file.lenient {
        facts.note_section(&tree, "keycloak");
    }
    let mut overlaid = environment::overlay_file(&mut tree, &said, &whole, problems);
    facts.add(std::mem::take(&mut overlaid.facts));
    let environment::Overlaid { warnings, method, imports, .. } = overlaid;
    Read { tree, warnings, method, facts, used, imports }
}

/// Fills in placeholders: from the environment, else from another value of the same file. Answers with the variables that
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
            // One level deep: a value that has placeholders of its own is filled in from the environment alone.
            let text = properties.get(&property(name))?;
            placeholder::fill(text, &environment).ok().map(|filled| filled.unwrap_or_else(|| text.clone()))
        })
    };
    yaml.fill(&lookup);
    used.into_inner()
}

/// A property's path, whatever its spelling.
fn property(path: &str) -> String {
    path.split('.').map(|part| part.replace(['-', '_'], "").to_lowercase()).collect::<Vec<_>>().join(".")
}

struct Document<'p> {
    name: Arc<str>,
    /// Whether it is written in the replaced services' words, whose types are loose.
    lenient: bool,
    problems: &'p Collector,
}

impl Document<'_> {
    /// `path` is where the value is, `shape` the same with ids and indices left open. `None` for nothing: YAML's null takes
    /// no place, so that the default holds.
    fn node(&self, path: &str, shape: &str, yaml: Yaml) -> Option<Node> {
        let empty = self.lenient && matches!(&yaml.content, Content::Text(text) if text.is_empty());
        if empty || yaml.is_nothing() {
            return None;
        }
        let origin = self.origin(yaml.line);
        let Some(place) = Place::of(shape) else {
            self.unknown(path, shape, &origin);
            return None;
        };
        let loose = yaml.filled || self.lenient;
        Some(match (place, yaml.content) {
            (_, Content::Unresolved(unresolved)) => self.broken(path, &origin, &unresolved.message()),
            (Place::Map, Content::Map(members)) => self.map(path, shape, members, false),
            (Place::Named, Content::Map(members)) => self.map(path, shape, members, true),
            (Place::List, Content::List(items)) => {
                let shape = format!("{shape}[]");
                let elements = items.into_iter().enumerate();
                let element = |(index, item): (usize, Yaml)| {
                    let (path, origin) = (format!("{path}[{index}]"), self.origin(item.line));
                    let node = self.node(&path, &shape, item);
                    (index, node.unwrap_or_else(|| self.broken(&path, &origin, "must not be empty")))
                };
                Node::List(elements.map(element).collect())
            }
            // A list of texts in one text, as Spring has it.
            (Place::List, Content::Text(text)) if loose => {
                let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
                let element = |(index, text): (usize, &str)| (index, Node::Text(text.to_owned(), origin.clone()));
                Node::List(texts.enumerate().map(element).collect())
            }
            (Place::Value(kind), content) => match text(kind, content, loose) {
                Some(text) => Node::Text(text, origin),
                None => self.broken(path, &origin, &format!("must be {}", kind.words())),
            },
            (Place::Map | Place::Named, _) if path.is_empty() => self.broken(path, &origin, "must be a map of keys"),
            (Place::Map | Place::Named, _) => self.broken(path, &origin, "must be a map"),
            (Place::List, _) => self.broken(path, &origin, "must be a list"),
        })
    }

    fn map(&self, path: &str, shape: &str, members: Vec<(String, Yaml)>, named: bool) -> Node {
        let mut parts: BTreeMap<String, Node> = BTreeMap::new();
        for (written, yaml) in members {
            let name = if named { written } else { key::spelled(shape, &written) };
            let (mut at, mut open) = (path.to_owned(), shape.to_owned());
            extend(&mut at, &name);
            extend(&mut open, if named { "<id>" } else { &name });
            let origin = self.origin(yaml.line);
            // Such a name would look like a path, and nobody would read it.
            if !named && (name.is_empty() || name.contains(['.', '[', '<'])) {
                self.problems.add(at, Some(&origin), "is not a key; write one name per level");
            } else if let Some(node) = self.node(&at, &open, yaml)
                && parts.insert(name, node).is_some()
            {
                self.problems.add(at, Some(&origin), "is given twice, in two spellings");
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
            // Or the right name in the wrong place.
            .or_else(|| paths.iter().find(|path| path.rsplit('.').next().is_some_and(|last| is_name(last, name))).cloned());
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.problems.add(path, Some(origin), format!("is not a key{hint}"));
    }
}

fn is_name(known: &str, written: &str) -> bool {
    canonical(known) == canonical(written)
}

/// The value as text, when it is of the right type. Loosely, a number and a flag may be in quotes, and a text may look like one.
fn text(kind: Kind, content: Content, loose: bool) -> Option<String> {
    match (kind, content) {
        (Kind::Flag, Content::Flag(flag)) => Some(flag.to_string()),
        (Kind::Number, Content::Number(number)) => Some(number),
        (Kind::Text | Kind::Secret | Kind::Duration | Kind::Choice(_), Content::Text(text)) => Some(text),
        (Kind::Flag | Kind::Number, Content::Text(text)) if loose => Some(text),
        (Kind::Text | Kind::Secret | Kind::Choice(_), Content::Number(text)) if loose => Some(text),
        (Kind::Text | Kind::Secret | Kind::Choice(_), Content::Flag(flag)) if loose => Some(flag.to_string()),
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
                let lenient = documents.iter().any(foreign::is_theirs);
                let file = Shared::new("f.yaml".into(), &documents, lenient);
                documents.into_iter().for_each(|document| _ = read(document, &file, &variables, &problems));
            }
            Err(message) => {
                problems.add("", Some(&Origin::File("f.yaml".into(), 0)), format!("is not yaml: {message}"))
            }
        }
        problems.problems().map(|all| all.0.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn every_wrong_shape_is_reported_with_its_line() {
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
                "f.yaml:7: `bootstrap.tenants[0].tenant-id` is given twice, in two spellings".to_owned(),
                "f.yaml:7: `bootstrap.tenants[0].tenant-id` is given twice, in two spellings".to_owned(),
                "f.yaml:7: `bootstrap.tenants[0].tennantid` is not a key; did you mean `bootstrap.tenants[0].tenant-id`?"
                    .to_owned(),
                "f.yaml:7: `bootstrap.tenants[1]` must not be empty".to_owned(),
                "f.yaml:8: `bootstrap.users` must be a list".to_owned(),
            ]
        );
    }

    #[test]
    fn spelling_is_loose() {
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
    fn placeholders_are_filled_in_our_own_words_too() {
        for text in ["server: {port: '${PORT}'}", "server: {port: '${MISSING:9}'}", "server: {port: '${MISSING:}'}"] {
            assert_eq!(problems(text), [""; 0], "{text}");
        }
        let missing = problems("a: &a 1\nserver:\n  public-url: https://${HOST}/x\n");
        assert_eq!(
            missing[1],
            "f.yaml:3: `server.public-url` holds the placeholder `${HOST}`, which has no value: set the environment \
             variable `HOST`, or write a default as in `${HOST:default}`"
        );
    }

    #[test]
    fn a_key_in_the_wrong_place_is_shown_the_right_one() {
        assert_eq!(problems("base-path: /x"), ["f.yaml:1: `base-path` is not a key; did you mean `server.base-path`?"]);
        assert_eq!(problems("nonsense: 1"), ["f.yaml:1: `nonsense` is not a key"]);
    }

    #[test]
    fn a_key_given_twice_is_refused_and_no_text_of_the_file_is_shown() {
        let found = problems("bootstrap:\n  users:\n  - password: hunter2\n    password: hunter3\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("f.yaml: is not yaml: ") && !found[0].contains("hunter"), "{found:?}");
        for text in
            ["bootstrap: [hunter2\nprofile: hunter2 }", "profile: !!int hunter2", "a: hunter2: b", "a: \"hunter2"]
        {
            let found = problems(text);
            assert!(found.len() == 1 && !found[0].contains("hunter"), "{found:?}");
        }
    }

    #[test]
    fn a_name_is_not_empty() {
        assert_eq!(problems("'': {profile: oidc}"), ["f.yaml:1: is not a key; write one name per level"]);
    }

    #[test]
    fn nothing_is_nothing() {
        for text in ["", "# only a comment\n", "---\n", "server:\n", "{}"] {
            assert_eq!(problems(text), [""; 0], "{text:?}");
        }
        assert_eq!(problems("- a"), ["f.yaml:1: must be a map of keys"]);
    }
}
