//! YAML documents: parsed, held against the list of keys, turned into a tree of texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use serde_saphyr::UserMessageFormatter;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::environment::{self, Said};
use super::foreign;
use super::key::{Kind, Place, nearest};
use super::problem::Collector;
use super::table::KEYS;
use super::tree::{Node, Origin, extend};

/// What a document says.
#[derive(Default)]
pub(super) struct Read {
    /// What is configured.
    pub(super) tree: Node,
    /// What the user should know although it is no mistake.
    pub(super) warnings: Vec<String>,
    /// How callers authenticate, in the Orchestration Cluster's words.
    pub(super) method: Option<Said>,
}

/// Reads one document. `None` when it is not YAML; parts that are not of the right shape are [`Node::Broken`].
pub(super) fn read(name: &str, text: &str, problems: &Collector) -> Option<Read> {
    let origin = Origin::File(Arc::from(name));
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Value>(text, options) {
        // A document of nothing but comments.
        Ok(Value::Null) => Some(Read::default()),
        Ok(mut value) => {
            let theirs = value.as_object_mut().map(|members| foreign::take(members, &origin, problems));
            let mut tree = Document { origin: origin.clone(), problems }.node("", "", value)?;
            let theirs = theirs.unwrap_or_default();
            let (warnings, method) = environment::overlay_file(&mut tree, &theirs, &origin, problems);
            Some(Read { tree, warnings, method })
        }
        Err(error) => {
            let message = error.render_with_formatter(&UserMessageFormatter);
            problems.add("", Some(&origin), format!("is not yaml: {}", message.lines().next().unwrap_or_default()));
            None
        }
    }
}

struct Document<'p> {
    origin: Origin,
    problems: &'p Collector,
}

impl Document<'_> {
    /// `path` is where the value is, `shape` the same with ids and indices left open. `None` for nothing: YAML's null takes
    /// no place, so that the default holds.
    fn node(&self, path: &str, shape: &str, value: Value) -> Option<Node> {
        if value.is_null() {
            return None;
        }
        let Some(place) = Place::of(shape) else {
            self.unknown(path, shape);
            return None;
        };
        Some(match (place, value) {
            (Place::Map, Value::Object(members)) => self.map(path, shape, members, false),
            (Place::Named, Value::Object(members)) => self.map(path, shape, members, true),
            (Place::List, Value::Array(values)) => {
                let shape = format!("{shape}[]");
                let elements = values.into_iter().enumerate();
                let element = |(index, value)| {
                    let path = format!("{path}[{index}]");
                    (index, self.node(&path, &shape, value).unwrap_or_else(|| self.broken(&path, "must not be empty")))
                };
                Node::List(elements.map(element).collect())
            }
            (Place::Value(kind), value) => match text(kind, value) {
                Some(text) => Node::Text(text, self.origin.clone()),
                None => self.broken(path, &format!("must be {}", kind.words())),
            },
            (Place::Map | Place::Named, _) if path.is_empty() => self.broken(path, "must be a map of keys"),
            (Place::Map | Place::Named, _) => self.broken(path, "must be a map"),
            (Place::List, _) => self.broken(path, "must be a list"),
        })
    }

    fn map(&self, path: &str, shape: &str, members: Map<String, Value>, named: bool) -> Node {
        let mut parts = BTreeMap::new();
        for (name, value) in members {
            let (mut path, mut shape) = (path.to_owned(), shape.to_owned());
            extend(&mut path, &name);
            extend(&mut shape, if named { "<id>" } else { &name });
            // Such a name would look like a path, and nobody would read it.
            if !named && (name.is_empty() || name.contains(['.', '[', '<'])) {
                self.problems.add(path, Some(&self.origin), "is not a key; write one name per level");
            } else if let Some(node) = self.node(&path, &shape, value) {
                parts.insert(name, node);
            }
        }
        Node::Map(parts)
    }

    fn broken(&self, path: &str, message: &str) -> Node {
        self.problems.add(path, Some(&self.origin), message);
        Node::Broken
    }

    fn unknown(&self, path: &str, shape: &str) {
        let paths: Vec<String> = KEYS.iter().flat_map(super::key::Key::paths).collect();
        let (parent, name) = shape.rsplit_once('.').unwrap_or(("", shape));
        let siblings = paths.iter().filter_map(|path| {
            let rest = if parent.is_empty() { path } else { path.strip_prefix(parent)?.strip_prefix('.')? };
            rest.split(['.', '[']).next()
        });
        let near = nearest(name, siblings.filter(|sibling| *sibling != "<id>"))
            .map(|sibling| path.strip_suffix(name).unwrap_or_default().to_owned() + sibling)
            // Or the right name in the wrong place.
            .or_else(|| paths.iter().find(|path| path.rsplit('.').next() == Some(name)).cloned());
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.problems.add(path, Some(&self.origin), format!("is not a key{hint}"));
    }
}

/// The value as text, when it is of the right type.
fn text(kind: Kind, value: Value) -> Option<String> {
    match (kind, value) {
        (Kind::Flag, Value::Bool(flag)) => Some(flag.to_string()),
        (Kind::Number, Value::Number(number)) => Some(number.to_string()),
        (Kind::Text | Kind::Secret | Kind::Duration | Kind::Choice(_), Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let problems = Collector::default();
        read("f.yaml", text, &problems);
        problems.problems().map(|all| all.0.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn every_wrong_shape_is_reported() {
        let text = "
profile: [oidc]
server: {port: '8080', prot: 1}
features: yes
authentication: {providers: [], token-cache-entries: 1.5}
bootstrap: {tenants: [{tenant-id: 7, tenantid: a}, ~], users: {}}
";
        let quotes = "must be a whole number, without quotes";
        assert_eq!(
            problems(text),
            [
                "f.yaml: `authentication.providers` must be a map".to_owned(),
                "f.yaml: `bootstrap.tenants[0].tenant-id` must be text; put it in quotes".to_owned(),
                "f.yaml: `bootstrap.tenants[0].tenantid` is not a key; did you mean `bootstrap.tenants[0].tenant-id`?"
                    .to_owned(),
                "f.yaml: `bootstrap.tenants[1]` must not be empty".to_owned(),
                "f.yaml: `bootstrap.users` must be a list".to_owned(),
                "f.yaml: `features` must be a map".to_owned(),
                "f.yaml: `profile` must be one of `keycloak`, `oidc`, `builtin`".to_owned(),
                format!("f.yaml: `server.port` {quotes}"),
                "f.yaml: `server.prot` is not a key; did you mean `server.port`?".to_owned(),
            ]
        );
    }

    #[test]
    fn a_key_in_the_wrong_place_is_shown_the_right_one() {
        assert_eq!(problems("base-path: /x"), ["f.yaml: `base-path` is not a key; did you mean `server.base-path`?"]);
        assert_eq!(problems("nonsense: 1"), ["f.yaml: `nonsense` is not a key"]);
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
    fn a_path_is_not_a_name() {
        for (text, path) in [
            ("server.port: 1", "`server.port` "),
            ("bootstrap: {'tenants[]': {}}", "`bootstrap.tenants[]` "),
            ("authentication: {providers.<id>: {issuer: x}}", "`authentication.providers.<id>` "),
            ("'': {profile: oidc}", ""),
        ] {
            assert_eq!(problems(text), [format!("f.yaml: {path}is not a key; write one name per level")]);
        }
    }

    #[test]
    fn nothing_is_nothing() {
        for text in ["", "# only a comment\n", "---\n", "server:\n", "{}"] {
            assert_eq!(problems(text), [""; 0], "{text:?}");
        }
        assert_eq!(problems("- a"), ["f.yaml: must be a map of keys"]);
    }
}
