//! Policy documents from files: YAML or JSON, with the place of each value.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Spanned, UserMessageFormatter};

use super::ClientError;

/// Maximum size of a file in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Maximum depth of a document. Each level is a recursive call, so the limit protects the stack.
const MAX_DEPTH: usize = 16;

/// A document that was read from files.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The document, without passwords.
    pub(super) document: Value,
    /// References to the passwords of users, by username.
    pub(super) passwords: BTreeMap<String, Reference>,
    /// Places of all values, by JSON pointer.
    places: BTreeMap<String, Place>,
}

/// Place of a value in a file. Line and column start at 1.
#[derive(Clone, Debug)]
struct Place {
    file: PathBuf,
    line: u64,
    column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Place of a secret outside of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Environment variable.
    Variable(String),
    /// File, relative to the working directory. White space at its end is ignored.
    File(PathBuf),
}

impl Reference {
    /// Parses `env:NAME` or `file:PATH`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("env", name) if !name.is_empty() => Some(Self::Variable(name.to_owned())),
            ("file", path) if !path.is_empty() => Some(Self::File(PathBuf::from(path))),
            _ => None,
        }
    }

    /// Returns the JSON schema of references.
    pub(super) fn schema() -> Value {
        let description = "Place of the password of a new user: `env:NAME` or `file:PATH`.";
        json!({"type": "string", "pattern": "^(env|file):.", "description": description})
    }

    /// Returns the secret, or a message why it is missing.
    pub(super) fn resolve(&self, environment: &BTreeMap<String, String>) -> Result<String, String> {
        match self {
            Self::Variable(name) => {
                let given = environment.get(name).filter(|text| !text.is_empty()).cloned();
                given.ok_or_else(|| format!("the variable {name} is not set"))
            }
            Self::File(path) => match text_of(path) {
                Ok(text) => Ok(text.trim_end().to_owned()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl Sources {
    /// Reads files that together are one document. Lists of the same section follow each other.
    ///
    /// # Errors
    /// If a file cannot be read, or with all faults of the form, one line each.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, ClientError> {
        let mut sources = Self { document: Value::Object(Map::new()), ..Self::default() };
        let mut faults = Vec::new();
        for path in files {
            let text = text_of(path).map_err(|error| ClientError::File(path.clone(), error))?;
            match parse(&text) {
                Ok(documents) => {
                    for document in documents {
                        sources.add(path, document, &mut faults);
                    }
                }
                Err(message) => faults.push(format!("{}: {message}", path.display())),
            }
        }
        sources.take_passwords(&mut faults);
        if faults.is_empty() { Ok(sources) } else { Err(ClientError::Refused(faults)) }
    }

    /// A document that was not read from files.
    pub(super) fn without_places(document: Value, passwords: BTreeMap<String, Reference>) -> Self {
        Self { document, passwords, places: BTreeMap::new() }
    }

    /// Returns the place of a value, or of the nearest one around it. Without such a place, returns the pointer.
    pub(super) fn place(&self, pointer: &str) -> String {
        let mut around = pointer;
        loop {
            if let Some(place) = self.places.get(around) {
                return place.to_string();
            }
            match around.rfind('/') {
                Some(end) => around = around.get(..end).unwrap_or_default(),
                None => return format!("`{pointer}`"),
            }
        }
    }

    fn add(&mut self, file: &Path, document: Node, faults: &mut Vec<String>) {
        let place = document.place(file);
        let Content::Map(sections) = document.content else {
            if !matches!(document.content, Content::Null) {
                faults.push(format!("{place}: must be an object"));
            }
            return;
        };
        for (name, section) in sections {
            let pointer = format!("/{}", escaped(&name));
            let place = section.place(file);
            let Value::Object(whole) = &mut self.document else { return };
            let mut places = BTreeMap::new();
            match (whole.get_mut(&name), section.content) {
                (Some(Value::Array(list)), Content::List(items)) => {
                    for item in items {
                        let at = format!("{pointer}/{}", list.len());
                        list.push(item.value(file, &at, &mut places));
                    }
                }
                (Some(Value::Object(entries)), Content::Map(members)) => {
                    for (name, entry) in members {
                        let at = format!("{pointer}/{}", escaped(&name));
                        if entries.contains_key(&name) {
                            faults.push(format!("{}: `{at}` is defined twice", entry.place(file)));
                        }
                        let value = entry.value(file, &at, &mut places);
                        entries.insert(name, value);
                    }
                }
                (Some(_), _) => faults.push(format!("{place}: `{pointer}` differs in form from that of another file")),
                (None, content) => {
                    let section = Node { content, line: place.line, column: place.column };
                    let value = section.value(file, &pointer, &mut places);
                    whole.insert(name, value);
                }
            }
            self.places.append(&mut places);
        }
    }

    /// Takes the references to passwords out of the document, which the server never receives.
    fn take_passwords(&mut self, faults: &mut Vec<String>) {
        let Some(Value::Array(users)) = self.document.get_mut("users") else { return };
        for (index, user) in users.iter_mut().enumerate() {
            let Some(password) = user.as_object_mut().and_then(|user| user.remove("password")) else { continue };
            let pointer = format!("/users/{index}/password");
            let username = user.get("username").and_then(Value::as_str);
            match (username, password.as_str().and_then(Reference::parse)) {
                (Some(username), Some(reference)) => {
                    self.passwords.insert(username.to_owned(), reference);
                }
                (None, Some(_)) => {}
                (_, None) => {
                    let place = self.places.get(&pointer).map(Place::to_string).unwrap_or_default();
                    faults.push(format!("{place}: must be a reference to the password: `env:NAME` or `file:PATH`"));
                }
            }
        }
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().take(MAX_BYTES + 1).read_to_string(&mut text)?
    } else {
        File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?
    };
    if u64::try_from(read).is_ok_and(|read| read > MAX_BYTES) {
        let limit = format!("exceeds {} MiB", MAX_BYTES / 1024 / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, limit));
    }
    Ok(text)
}

fn parse(text: &str) -> Result<Vec<Node>, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let message = error.render_with_formatter(&UserMessageFormatter);
        message.lines().next().unwrap_or_default().to_owned()
    })
}

/// Escapes a name for a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Value of a YAML document, with its position.
struct Node {
    line: u64,
    column: u64,
    content: Content,
}

enum Content {
    Null,
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    fn place(&self, file: &Path) -> Place {
        Place { file: file.to_owned(), line: self.line, column: self.column }
    }

    /// Converts the node to a JSON value, and notes the places of all of its values.
    fn value(self, file: &Path, pointer: &str, places: &mut BTreeMap<String, Place>) -> Value {
        places.insert(pointer.to_owned(), self.place(file));
        match self.content {
            Content::Null => Value::Null,
            Content::Scalar(value) => value,
            Content::List(items) => {
                let value = |(index, item): (usize, Self)| item.value(file, &format!("{pointer}/{index}"), places);
                Value::Array(items.into_iter().enumerate().map(value).collect())
            }
            Content::Map(members) => {
                let value = |(name, node): (String, Self)| {
                    let value = node.value(file, &format!("{pointer}/{}", escaped(&name)), places);
                    (name, value)
                };
                Value::Object(members.into_iter().map(value).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { line: referenced.line(), column: referenced.column(), content: value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Content, E> {
        Ok(Content::Scalar(flag.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Scalar(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Scalar(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Content, E> {
        Ok(Content::Scalar(Number::from_f64(number).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Scalar(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Content::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Sources, ClientError> {
        let directory = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = files.iter().map(|(name, _)| directory.path().join(name)).collect();
        for (path, (_, text)) in paths.iter().zip(files) {
            std::fs::write(path, text).unwrap();
        }
        Sources::read(&paths)
    }

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        let Err(ClientError::Refused(faults)) = read(files) else { panic!("faults") };
        faults
    }

    #[test]
    fn files_are_one_document_with_the_place_of_each_value() {
        let sources = read(&[
            ("a.yaml", "# ours\ngroups:\n  - group-id: a\n    name: A\ndefault-roles:\n  admin: {users: [ann]}\n"),
            (
                "b.json",
                "{\"groups\": [\n  {\"group-id\": \"b\", \"name\": \"B\"}],\n \"default-roles\": {\"rpa\": {}}}",
            ),
        ])
        .unwrap();
        assert_eq!(sources.document["groups"].as_array().unwrap().len(), 2);
        assert_eq!(sources.document["default-roles"].as_object().unwrap().len(), 2);
        let ends =
            |pointer: &str, end: &str| assert!(sources.place(pointer).ends_with(end), "{}", sources.place(pointer));
        ends("/groups/0/name", "a.yaml:4:11");
        ends("/groups/1/name", "b.json:2:29");
        ends("/groups/1/description", "b.json:2:3");
        assert_eq!(sources.place("/roles/0"), "`/roles/0`");
    }

    #[test]
    fn passwords_are_references_and_not_part_of_the_document() {
        let sources =
            read(&[("a.yaml", "users:\n- {username: ann, password: 'env:ANN'}\n- {username: bob}\n")]).unwrap();
        assert_eq!(sources.passwords, BTreeMap::from([("ann".to_owned(), Reference::Variable("ANN".to_owned()))]));
        assert!(!sources.document.to_string().contains("ANN"));
        let found = faults(&[("a.yaml", "users:\n- username: ann\n  password: secret\n")]);
        assert!(found[0].contains("a.yaml:3:13: must be a reference") && !found[0].contains("secret"), "{found:?}");
        let environment = BTreeMap::from([("ANN".to_owned(), "horse".to_owned())]);
        assert_eq!(sources.passwords["ann"].resolve(&environment).unwrap(), "horse");
        assert!(sources.passwords["ann"].resolve(&BTreeMap::new()).is_err());
    }

    #[test]
    fn bad_input_is_refused_within_bounds() {
        let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned()
            + &(1..9)
                .fold((String::new(), "a".to_owned()), |(text, last), level| {
                    let name = format!("a{level}");
                    let list = vec![format!("*{last}"); 9].join(", ");
                    (format!("{text}{name}: &{name} [{list}]\n"), name)
                })
                .0;
        for text in ["a: [", "a: 1\na: 2", "\"x", &"[".repeat(100), &bomb] {
            assert_eq!(faults(&[("a.yaml", text)]).len(), 1);
        }
        assert!(faults(&[("a.yaml", "[]"), ("b.yaml", "text")]).len() == 2);
        let twice = "default-roles: {admin: {users: [ann]}}";
        assert_eq!(faults(&[("a.yaml", twice), ("b.yaml", twice)]).len(), 1);
    }
}
