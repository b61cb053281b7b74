//! The tables of `docs/configuration.md`, made from the list of keys.

use std::fmt::Write as _;
use std::path::Path;

use super::key::{Key, Kind};
use super::names::Pattern;
use super::table::{FOREIGN, IN_FILES, KEYS, UNUSED};
use super::{datasource, profiles};

const BEGIN: &str = "<!-- generated from identity-server/src/config/table.rs: begin -->\n";
const END: &str = "<!-- generated: end -->\n";

/// Variables of the replaced service that are read by code of their own, and what they say.
const COMPOUND: &[(&str, &str)] = &[
    (
        profiles::VARIABLE,
        "`profile`; names other than `keycloak` and `oidc` [select documents](#several-documents-and-profiles) alone",
    ),
    (
        profiles::METHOD,
        "`profile`, when nothing else does: `basic` is `builtin`, `oidc` is `oidc`; it must fit the profile",
    ),
    (
        datasource::VARIABLE,
        "`store.postgres.*`, from a `jdbc:postgresql:` URL; `jdbc:aws-wrapper:postgresql:` counts as such, without its plugins",
    ),
];

fn variable(property: &str) -> String {
    format!("`{}`", Pattern::new(property).name())
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::Flag => "flag".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::Choice(words) => super::key::quoted(words),
    }
}

fn row(key: &Key) -> String {
    let names: Vec<String> = std::iter::once(format!("identity.{}", key.path))
        .chain(key.aliases.iter().map(|alias| (*alias).to_owned()))
        .collect();
    let mut names: Vec<String> = names.iter().map(|name| variable(name)).collect();
    names.dedup();
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    format!("| `{}` | {} | {} | {default} | {} |\n", key.path, names.join(", "), kind(key.kind), key.meaning)
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
                "\n### `{section}`\n\n| Key | Environment | Type | Default | Meaning |\n|---|---|---|---|---|\n"
            )
            .unwrap();
        }
        text += &row(key);
    }
    text += "\n### Variables with a meaning of their own\n\n| Variable | Sets |\n|---|---|\n";
    for (name, meaning) in COMPOUND {
        writeln!(text, "| `{name}` | {meaning} |").unwrap();
    }
    text += "\n### Understood, without effect\n\n| Variable | Why |\n|---|---|\n";
    for (name, why) in UNUSED {
        writeln!(text, "| {} | {why} |", variable(name)).unwrap();
    }
    text +=
        "\nThe same in files alone, where a whole section is another program's:\n\n| Properties | Why |\n|---|---|\n";
    for (name, why) in IN_FILES {
        writeln!(text, "| `{name}` | {why} |").unwrap();
    }
    let foreign: Vec<String> = FOREIGN.iter().map(|name| variable(name)).collect();
    write!(text, "\nNot keys either, and no mistake: {}.\n\n", foreign.join(", ")).unwrap();
    text
}

#[test]
fn the_documentation_is_in_step_with_the_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the begin marker");
    let (_, after) = rest.split_once(END).expect("the end marker");
    let expected = format!("{before}{BEGIN}{}{END}{after}", tables());
    if std::env::vars_os().any(|(name, _)| name == "UPDATE_DOCS") {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(
            text == expected,
            "docs/configuration.md is out of step: run `UPDATE_DOCS=1 cargo test -p identity-server`"
        );
    }
}

#[test]
fn the_example_is_a_configuration() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md")).unwrap();
    let (example, _) = text.split_once("```yaml\n").unwrap().1.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let example = example.replace("/run/secrets/database-password", password.to_str().unwrap());
    let file = directory.path().join("identity.yaml");
    std::fs::write(&file, example).unwrap();
    super::Sources { files: vec![file], ..super::Sources::default() }.load().unwrap();
}

#[test]
fn every_key_is_described_once() {
    for (place, key) in KEYS.iter().enumerate() {
        assert!(key.meaning.ends_with('.') && !key.meaning.contains('|'), "{}", key.path);
        assert!(KEYS.iter().skip(place + 1).all(|other| other.path != key.path), "{} is there twice", key.path);
    }
}
