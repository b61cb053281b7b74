//! Generates the tables of `docs/configuration.md` from the key list.

mod schema;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::key::{Key, Kind};
use super::names::Pattern;
use super::table::{FOREIGN, IN_FILES, KEYS, UNUSED};
use super::{datasource, imports, profiles};

const BEGIN: &str = "<!-- generated from identity-server/src/config/table.rs: begin -->\n";
const END: &str = "<!-- generated: end -->\n";

/// Hint in the failure message of a test whose document is outdated.
const UPDATE: &str = "run `UPDATE_DOCS=1 cargo test -p identity-server --lib docs`";

/// Whether to write the documents instead of comparing them.
fn is_update() -> bool {
    std::env::vars_os().any(|(name, _)| name == "UPDATE_DOCS")
}

fn in_docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

/// First example of `docs/configuration.md`.
fn example() -> String {
    let text = std::fs::read_to_string(in_docs("configuration.md")).unwrap();
    let (_, rest) = text.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Variables of the replaced services with a format of their own, and the keys that they set.
const COMPOUND: &[(&str, &str)] = &[
    (
        profiles::VARIABLE,
        "`profile`, by the names `keycloak` and `oidc`; other names only [select \
         documents](#several-documents-and-profiles)",
    ),
    (
        "SPRING_PROFILES_INCLUDE`, `SPRING_PROFILES_DEFAULT`, `SPRING_PROFILES_GROUP_<NAME>",
        "further [active profiles](#several-documents-and-profiles)",
    ),
    (
        imports::JSON,
        "properties of the replaced services, as [JSON](#files-of-the-replaced-services); they take precedence over \
         variables",
    ),
    ("SPRING_CONFIG_IMPORT", "names of YAML files that are read after the others"),
    (
        profiles::METHOD,
        "`profile`, if nothing else does: `basic` selects `builtin`, `oidc` selects `oidc`. It must not contradict \
         the profile",
    ),
    (
        datasource::VARIABLE,
        "`store.postgres.*`, by a `jdbc:postgresql:` URL. `jdbc:aws-wrapper:postgresql:` is equivalent, without the \
         plugins",
    ),
];

fn variable(property: &str) -> String {
    format!("`{}`", Pattern::new(property).name())
}

fn kind(kind: &Kind) -> String {
    let name = match kind {
        Kind::Text => "text",
        Kind::Secret(_) => "secret",
        Kind::Flag => "flag",
        Kind::Number(_) => "number",
        Kind::Duration(_) => "duration",
        Kind::DurationOrOff(_) => "`off` or duration",
        Kind::Choice(words) => return super::key::quoted(words),
    };
    kind.bounds().map_or_else(|| name.to_owned(), |bounds| format!("{name} {bounds}"))
}

fn row(key: &Key) -> String {
    let names: Vec<String> = std::iter::once(format!("identity.{}", key.path))
        .chain(key.aliases.iter().map(|alias| (*alias).to_owned()))
        .collect();
    let mut names: Vec<String> = names.iter().map(|name| variable(name)).collect();
    names.dedup();
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    format!("| `{}` | {} | {} | {default} | {} |\n", key.path, names.join(", "), kind(&key.kind), key.description)
}

fn tables() -> String {
    let mut text = String::new();
    let mut section = "";
    for key in KEYS {
        let mut words = key.path.split('.');
        let first = words.next().unwrap();
        if first != section {
            section = first;
            write!(
                text,
                "\n### `{section}`\n\n| Key | Environment | Type | Default | Description |\n|---|---|---|---|---|\n"
            )
            .unwrap();
        }
        text += &row(key);
    }
    text += "\n### Variables with a special format\n\n| Variable | Sets |\n|---|---|\n";
    for (name, description) in COMPOUND {
        writeln!(text, "| `{name}` | {description} |").unwrap();
    }
    text += "\n### Recognized variables without effect\n\n| Variable | Reason |\n|---|---|\n";
    for (name, reason) in UNUSED {
        writeln!(text, "| {} | {reason} |", variable(name)).unwrap();
    }
    text += "\nFurther properties without effect, in files only:\n\n| Property | Reason |\n|---|---|\n";
    for (name, reason) in IN_FILES {
        writeln!(text, "| `{name}` | {reason} |").unwrap();
    }
    let foreign: Vec<String> = FOREIGN.iter().map(|name| variable(name)).collect();
    write!(text, "\nThe following variables are not keys, but cause no error: {}.\n\n", foreign.join(", ")).unwrap();
    text
}

#[test]
fn documentation_matches_the_key_list() {
    let path = in_docs("configuration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the begin marker");
    let (_, after) = rest.split_once(END).expect("the end marker");
    let expected = format!("{before}{BEGIN}{}{END}{after}", tables());
    if is_update() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(text == expected, "docs/configuration.md is out of step: {UPDATE}");
    }
}

#[test]
fn the_example_loads() {
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let example = example().replace("/run/secrets/database-password", password.to_str().unwrap());
    let file = directory.path().join("identity.yaml");
    std::fs::write(&file, example).unwrap();
    super::Sources { files: vec![file], ..super::Sources::default() }.load().unwrap();
}

#[test]
fn every_key_is_described_once() {
    for (index, key) in KEYS.iter().enumerate() {
        assert!(key.description.ends_with('.') && !key.description.contains('|'), "{}", key.path);
        assert!(KEYS.iter().skip(index + 1).all(|other| other.path != key.path), "{} is listed twice", key.path);
    }
}
