//! Properties of the replaced services in a YAML file: they mean what the environment variables of the same names mean.

use serde_json::{Map, Value};

use super::environment::{Place, Said};
use super::key::nearest;
use super::problem::Collector;
use super::table::{KEYS, UNUSED};
use super::tree::{Origin, extend};

fn properties() -> impl Iterator<Item = &'static str> {
    let aliases = KEYS.iter().flat_map(|key| key.aliases.iter().copied());
    aliases.chain(UNUSED.iter().map(|(name, _)| *name))
}

fn first(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

/// Whether a property belongs to the replaced services: it begins like theirs, and not like one of our keys.
fn is_foreign(name: &str) -> bool {
    let root = first(name);
    properties().any(|property| first(property) == root) && KEYS.iter().all(|key| first(key.path) != root)
}

/// Takes what is said in the replaced services' words out of a document.
pub(super) fn take(document: &mut Map<String, Value>, file: &Origin, problems: &Collector) -> Vec<Said> {
    let mut said = Vec::new();
    let names: Vec<String> = document.keys().filter(|name| is_foreign(name)).cloned().collect();
    for name in names {
        if let Some(value) = document.remove(&name) {
            flatten(&name, value, file, problems, &mut said);
        }
    }
    said
}

fn flatten(path: &str, value: Value, file: &Origin, problems: &Collector, said: &mut Vec<Said>) {
    let value = match value {
        Value::Null => return,
        Value::Object(members) => {
            for (name, value) in members {
                let mut path = path.to_owned();
                extend(&mut path, &name);
                flatten(&path, value, file, problems, said);
            }
            return;
        }
        Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                let path = format!("{path}[{index}]");
                if item.is_null() {
                    problems.add(path, Some(file), "must not be empty");
                } else {
                    flatten(&path, item, file, problems, said);
                }
            }
            return;
        }
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
    };
    said.push(Said { variable: variable(path), value, place: Place::File(file.clone(), path.to_owned()) });
}

/// The name of the variable that means the same (orchestration reference §6): `a.b-c[0].dE` is `A_B_C_0_DE`.
fn variable(path: &str) -> String {
    let letter = |letter| match letter {
        '.' | '-' | '[' => Some('_'),
        ']' => None,
        other => Some(other.to_ascii_uppercase()),
    };
    path.chars().filter_map(letter).collect()
}

/// The property that somebody who wrote `path` may have meant.
pub(super) fn suggestion(path: &str) -> Option<String> {
    let open: String = path.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    nearest(&open, properties().filter(|property| !property.ends_with('*'))).map(str::to_owned)
}
