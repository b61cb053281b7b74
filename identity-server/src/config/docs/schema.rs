//! Generates `configuration.schema.json`, the JSON schema of files, from the key list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::config::key::{FILE_SUFFIX, Key, Kind};
use crate::config::legacy_names::properties;
use crate::config::lookup::{NodeKind, find};
use crate::config::table::KEYS;
use crate::config::tests::every_key::{document, samples};
use crate::config::tree::extend;
use crate::config::yaml::{self, Content, Yaml};

/// Pattern of texts with a placeholder, which may replace a value of any type.
const PLACEHOLDER: &str = r"\$\{";

/// Pattern of durations. Their bounds are part of the description, because JSON Schema cannot express them.
const DURATION: &str = "([Pp][Tt])?([0-9]+([Mm][Ss]|[Ss]|[Mm]|[Hh]))+";

/// Schema of a configuration file. A top-level section that exists only in the replaced services makes spelling and
/// types flexible in the whole file. The schema then accepts any content.
fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of identity-server",
        "$defs": { "placeholder": { "type": "string", "pattern": PLACEHOLDER } },
        "type": "object",
        "if": { "propertyNames": { "not": { "pattern": pattern(&legacy_names("")) } } },
        "then": map(""),
    })
}

/// Schema of the node at a path as the key list writes it, with `<id>` and `[]`.
fn node(shape: &str) -> Value {
    let mut schema = match NodeKind::of(shape).unwrap() {
        NodeKind::Value(kind) => value(kind),
        NodeKind::Map => map(shape),
        NodeKind::Named => json!({ "type": "object", "additionalProperties": node(&format!("{shape}.<id>")) }),
        NodeKind::List => json!({
            "type": ["array", "string"],
            "items": node(&format!("{shape}[]")),
            "pattern": PLACEHOLDER,
        }),
    };
    // The description and default of a list of values are those of the list, not of its elements.
    let key = find(shape).filter(|_| !shape.ends_with("[]")).or_else(|| find(&format!("{shape}[]")));
    if let Some(key) = key {
        merge(&mut schema, annotations(key));
    } else if let Some(secret) = shape.strip_suffix(FILE_SUFFIX).filter(|secret| find(secret).is_some()) {
        let name = secret.rsplit('.').next().unwrap();
        merge(&mut schema, json!({ "description": format!("File that contains `{name}`.") }));
    }
    schema
}

/// Schema of a map with fixed keys, and with properties of the replaced services.
fn map(shape: &str) -> Value {
    let properties = names(shape).into_iter().map(|name| {
        let mut shape = shape.to_owned();
        extend(&mut shape, &name);
        (name, node(&shape))
    });
    let mut schema = json!({
        "type": "object",
        "properties": properties.collect::<BTreeMap<_, _>>(),
        "additionalProperties": false,
    });
    let legacy = legacy_names(shape);
    if !legacy.is_empty() {
        let description = "Property of the replaced services, which this schema does not check.";
        merge(&mut schema, json!({ "patternProperties": { pattern(&legacy): { "description": description } } }));
    }
    schema
}

/// Names of the keys and sections in a section.
fn names(shape: &str) -> BTreeSet<String> {
    KEYS.iter().flat_map(Key::paths).filter_map(|path| child(shape, &path)).collect()
}

/// Names in a section that only the replaced services have.
fn legacy_names(shape: &str) -> BTreeSet<String> {
    let all: BTreeSet<String> = properties().filter_map(|path| child(shape, path)).collect();
    &all - &names(shape)
}

/// Pattern that matches each of `names`, alone or as the beginning of a dotted name.
fn pattern(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!(r"^({})(\.|\[|$)", names.join("|"))
}

/// Name of the part of the section `shape` that contains `path`.
fn child(shape: &str, path: &str) -> Option<String> {
    let rest = if shape.is_empty() { path } else { path.strip_prefix(shape)?.strip_prefix('.')? };
    rest.split(['.', '[']).next().map(str::to_owned)
}

fn value(kind: &Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Secret(min) => json!({
            "type": "string",
            "anyOf": [{ "minLength": min }, { "$ref": "#/$defs/placeholder" }],
        }),
        Kind::Flag => json!({ "type": ["boolean", "string"], "pattern": PLACEHOLDER }),
        Kind::Number(bounds) => json!({
            "type": ["integer", "string"],
            "minimum": bounds.start(),
            "maximum": bounds.end(),
            "pattern": PLACEHOLDER,
        }),
        Kind::Duration(_) => json!({ "type": "string", "pattern": format!("^{DURATION}$|{PLACEHOLDER}") }),
        Kind::DurationOrOff(_) => json!({ "type": "string", "pattern": format!("^off$|^{DURATION}$|{PLACEHOLDER}") }),
        Kind::Choice(words) => json!({ "anyOf": [{ "enum": words }, { "$ref": "#/$defs/placeholder" }] }),
    }
}

fn annotations(key: &Key) -> Value {
    let bounds = match &key.kind {
        Kind::Duration(_) | Kind::DurationOrOff(_) => key.kind.bounds().map(|bounds| format!(" Accepted: {bounds}.")),
        _ => None,
    };
    let mut all = json!({ "description": format!("{}{}", key.description, bounds.unwrap_or_default()) });
    if !key.default.is_empty() {
        let default = match &key.kind {
            _ if key.path.ends_with("[]") => json!(key.default.split(',').collect::<Vec<_>>()),
            Kind::Flag | Kind::Number(_) => serde_json::from_str(key.default).unwrap(),
            _ => json!(key.default),
        };
        merge(&mut all, json!({ "default": default }));
    }
    all
}

fn merge(schema: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("not an object") };
    schema.as_object_mut().unwrap().extend(more);
}

#[test]
fn schema_matches_the_key_list() {
    // In the folder of the crate, whose package contains it.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configuration.schema.json");
    let expected = schema();
    if super::is_update() {
        std::fs::write(&path, serde_json::to_string_pretty(&expected).unwrap() + "\n").unwrap();
    } else {
        let current: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(current == expected, "configuration.schema.json is out of step: {}", super::UPDATE);
    }
}

struct Validator(boon::Schemas, boon::SchemaIndex);

impl Validator {
    fn new() -> Self {
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("configuration.schema.json", schema()).unwrap();
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile("configuration.schema.json", &mut schemas).unwrap();
        Self(schemas, index)
    }

    fn accepts(&self, document: &Value) -> Result<(), String> {
        self.0.validate(document, self.1).map_err(|error| error.to_string())
    }

    fn accepts_file(&self, text: &str) -> Result<(), String> {
        yaml::parse(text).unwrap().iter().try_for_each(|document| self.accepts(&json_of(document)))
    }
}

fn json_of(yaml: &Yaml) -> Value {
    match &yaml.content {
        Content::Null => Value::Null,
        Content::Flag(flag) => json!(flag),
        Content::Number(text) => serde_json::from_str(text).unwrap(),
        Content::Text(text) => json!(text),
        Content::Unresolved(_) => panic!("placeholders are not filled in"),
        Content::List(items) => items.iter().map(json_of).collect(),
        Content::Map(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), json_of(value))).collect())
        }
    }
}

#[test]
fn accepts_the_example_and_files_of_the_replaced_services() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/tests/samples");
    let samples = std::fs::read_dir(samples).unwrap();
    let samples = samples.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let validator = Validator::new();
    for text in samples.chain([super::example()]) {
        assert_eq!(validator.accepts_file(&text), Ok(()), "{text}");
    }
}

#[test]
fn accepts_every_key_and_default() {
    let validator = Validator::new();
    for key in KEYS {
        let default = match key.default {
            "" => Vec::new(),
            list if key.path.ends_with("[]") => list.split(',').map(str::to_owned).collect(),
            value => vec![value.to_owned()],
        };
        for sample in samples(key).into_iter().chain(default) {
            // The schema contains words only in the spelling of the key list; the server ignores case.
            let word = match &key.kind {
                Kind::Choice(words) => words.iter().find(|word| word.eq_ignore_ascii_case(&sample)).copied(),
                _ => None,
            };
            let document = document(key, word.unwrap_or(&sample));
            assert_eq!(validator.accepts(&document), Ok(()), "{document}");
        }
    }
}

#[test]
fn rejects_invalid_values() {
    let validator = Validator::new();
    for text in [
        "server: {port: 0, workers: 1024, base-path: '${BASE}', body-timeout: PT1M30S}",
        "server: {port: '${PORT:8080}', local-names-only: '${LOCAL:true}', trusted-proxies: '${PROXIES}'}",
        "server: {servlet: {context-path: /identity}, ssl: {enabled: false}}",
        "{consistency: {max-age: off}, log: {format: json}}",
        "authentication: {providers: {main: {client-secret-file: /run/secrets/x, algorithms: [RS256]}}}",
        "keycloak: {clients: [{secret: '${S}'}]}",
        "spring.profiles.active: oidc",
    ] {
        assert_eq!(validator.accepts_file(text), Ok(()), "{text}");
    }
    for text in [
        "server: {port: 65536}",
        "server: {port: '8080'}",
        "server: {prot: 8080}",
        "server: {port-file: /run/secrets/x}",
        "server: {body-timeout: 60}",
        "server: {body-timeout: 60s5}",
        "server: {local-names-only: 'yes'}",
        "server: {trusted-proxies: 10.0.0.0/8}",
        "{consistency: {max-age: never}}",
        "log: {format: xml}",
        "authentication: {providers: [main]}",
        "authentication: {providers: {main: {client-secret: ''}}}",
        "authentication: {providers: {main: {secret: x}}}",
        "keycloak: {clients: [{secret: short}]}",
        "sever: {port: 8080}",
    ] {
        assert!(validator.accepts_file(text).is_err(), "{text}");
    }
}
