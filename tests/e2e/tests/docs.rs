//! What the documentation names exists: files, links, headings, tests, endpoints.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root of the workspace")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// The documents, by their paths from the root.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/adr"] {
        for entry in std::fs::read_dir(root().join(folder)).expect(folder) {
            let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
            if name.ends_with(".md") {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found.sort();
    found
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The texts between back-ticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Whether a piece of code is meant as a path in this repository.
fn is_repository_path(code: &str) -> bool {
    code.split_once('/').is_some_and(|(first, _)| {
        let ours = first.starts_with("identity-") || ["docs", "tests"].contains(&first);
        ours && !code.contains(char::is_whitespace)
    })
}

/// The targets of the links to other places in this repository.
fn relative_links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// A heading's anchor, as code hosts make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn paths_exist() {
    let mut missing = Vec::new();
    let mut seen = 0;
    for document in documents() {
        for path in prose(&read(&document)).flat_map(code_spans).filter(|code| is_repository_path(code)) {
            seen += 1;
            if !root().join(path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(seen > 20, "paths are recognised");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for document in documents() {
        let text = read(&document);
        for link in prose(&text).flat_map(relative_links) {
            seen += 1;
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let here = Path::new(&document).parent().expect("a folder");
            let target = if path.is_empty() { PathBuf::from(&document) } else { here.join(path) };
            let target = root().join(target);
            let headed = || {
                let text = std::fs::read_to_string(&target).unwrap_or_default();
                prose(&text)
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line.trim_start_matches('#')) == fragment)
            };
            if !target.exists() || (!fragment.is_empty() && !headed()) {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(seen > 20, "links are recognised");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_decision_is_in_the_index() {
    let index = read("docs/adr/README.md");
    let decisions =
        documents().into_iter().filter_map(|path| path.strip_prefix("docs/adr/0").map(|name| format!("0{name}")));
    let unlisted: Vec<_> = decisions.filter(|name| !index.contains(&format!("({name})"))).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

/// The names of functions in the sources.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["target", "node_modules", ".git"].contains(&name) {
            functions(&path, found);
        } else if name.ends_with(".rs") {
            let source = std::fs::read_to_string(&path).expect("a source file");
            let named = source.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
            found.extend(named.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn what_security_claims_is_shown_by_tests_that_exist() {
    let mut known = BTreeSet::new();
    functions(&root(), &mut known);
    let text = read("docs/security.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")).filter(|row| row.contains("_"));
    let named: Vec<&str> = rows
        .filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "))
        .map(|(_, last)| last)
        .flat_map(code_spans)
        .collect();
    assert!(named.len() > 40, "the tests are read: {named:?}");
    let missing: Vec<_> = named.into_iter().filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// One case of the semantics of mapping rules: test, selector, value, claims, and whether each operator matches.
type Case<'t> = [&'t str; 6];

fn case_of_the_test(line: &str) -> Option<Case<'_>> {
    let (name, rest) = line.trim().split_once(": \"")?;
    let (selector, rest) = rest.split_once("\" \"")?;
    let (value, rest) = rest.split_once("\" ")?;
    let (claims, outcome) = rest.split_once(" => ")?;
    let (equals, contains) = outcome.strip_suffix(',')?.split_once(' ')?;
    Some([name, selector, value, claims, equals, contains])
}

fn case_of_the_document(line: &str) -> Option<Case<'_>> {
    let cells: Vec<&str> = line.strip_prefix("| `{")?.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    let [_, selector, value, equals, contains, name, _] = cells[..] else { return None };
    let claims = line.split('`').nth(1)?;
    let outcome = |word| if word == "yes" { "true" } else { "false" };
    Some([name, selector, value, claims, outcome(equals), outcome(contains)])
}

#[test]
fn the_semantics_of_mapping_rules_are_tests() {
    let source = read("identity-core/src/world/rules/tests.rs");
    let rows = source.split_once("rows! {\n").and_then(|(_, rest)| rest.split_once("\n}")).expect("the rows").0;
    let tested: BTreeSet<_> = rows.lines().filter_map(case_of_the_test).collect();
    assert_eq!(tested.len(), rows.lines().count(), "every row is read");
    let text = read("docs/mapping-rules.md");
    let documented: BTreeSet<_> = text.lines().filter_map(case_of_the_document).collect();
    assert_eq!(documented, tested);
}

/// Method and path of each operation that the handlers of the management API describe.
fn operations() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("identity-http/src/management")).expect("the handlers") {
        let source = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source file");
        for attribute in source.split("#[utoipa::path(").skip(1) {
            let method = attribute.split(',').next().expect("a method");
            let path = attribute.split('"').nth(1).expect("a path");
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    found
}

#[test]
fn every_operation_of_the_management_api_is_documented() {
    let text = read("docs/management-api.md");
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<String> = cells.filter(|cell| cell.contains(" /api/")).map(str::to_owned).collect();
    let operations = operations();
    assert!(operations.len() > 30, "the handlers are read: {operations:?}");
    assert_eq!(documented, operations);
}

#[test]
fn every_operation_of_the_cluster_api_is_documented() {
    is_documented("docs/cluster-api.md", "/v2/", 60);
}

#[test]
fn every_operation_of_the_decisions_api_is_documented() {
    is_documented("docs/decisions-api.md", "/access/v1/", 12);
}

/// Whether a page's tables have the operations below a path that the OpenAPI document has.
fn is_documented(page: &str, below: &str, least: usize) {
    let text = read(page);
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<String> =
        cells.filter(|cell| cell.contains(&format!(" {below}"))).map(str::to_owned).collect();
    let document: serde_json::Value = serde_json::from_str(&read("docs/openapi.json")).expect("JSON");
    let paths = document
        .get("paths")
        .and_then(|paths| paths.as_object())
        .expect("paths")
        .iter()
        .filter(|(path, _)| path.starts_with(below));
    let methods = |item: &serde_json::Value| item.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
    let operations: BTreeSet<String> = paths
        .flat_map(|(path, item)| {
            methods(item).into_iter().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    assert!(operations.len() > least, "the operations are read: {operations:?}");
    assert_eq!(documented, operations);
}
