//! Checks that files, links, headings, tests and endpoints in the documentation exist.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folder with the facts about replaced services and standards. Comments cite its pages by section.
const REFERENCE: &str = "docs/reference";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root of the workspace")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// Returns the paths of the documents, relative to the workspace root.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/adr", REFERENCE] {
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

/// Returns the lines outside fenced code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Returns the texts between backticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Returns whether a code span is a path in this repository.
fn is_repository_path(code: &str) -> bool {
    code.split_once('/').is_some_and(|(first, _)| {
        let ours = first.starts_with("identity-") || ["docs", "tests"].contains(&first);
        ours && !code.contains(char::is_whitespace)
    })
}

/// Returns the targets of links within this repository.
fn relative_links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// Returns the anchor of a heading, as code hosts generate it.
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

/// Collects paths and contents of the text files below a folder, without generated files.
fn text_files(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if ["target", "node_modules", "dist", ".git"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            text_files(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
}

fn all_text_files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    text_files(&root(), &mut found);
    found
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Returns the names of all functions in the sources.
fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, source) in all_text_files().iter().filter(|(path, _)| has_extension(path, "rs")) {
        let named = source.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
        found.extend(named.map(|(name, _)| name.to_owned()));
    }
    found
}

#[test]
fn what_security_claims_is_shown_by_tests_that_exist() {
    let known = functions();
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

/// Joins lines and removes comment markers, so that a wrapped citation can be matched.
fn unwrapped(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !["//", "///", "//!", "#", "*", "--"].contains(word));
    words.collect::<Vec<_>>().join(" ")
}

/// Splits a text after its longest prefix of characters that satisfy `is_part`.
fn leading(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

/// Returns the cited pages, each with its sections: `§1.2, §1.4 to §1.6`.
fn citations(unwrapped: &str) -> Vec<(&str, Vec<&str>)> {
    let of = |rest| {
        let (page, rest) = leading(rest, |c| c.is_ascii_lowercase() || c == '-');
        let mut rest = rest.strip_prefix(".md").unwrap_or(rest);
        let mut sections = Vec::new();
        let marks = [" §", ", §", " to §", " and §"];
        while let Some(next) = marks.iter().find_map(|mark| rest.strip_prefix(mark)) {
            let (section, after) = leading(next, |c| c.is_ascii_alphanumeric() || ".-".contains(c));
            sections.push(section.trim_end_matches('.'));
            rest = after;
        }
        (page, sections)
    };
    let folder = format!("{REFERENCE}/");
    unwrapped.split(&folder).skip(1).map(of).collect()
}

/// Returns the heading numbers of a page; empty if there is no such page.
fn sections(page: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(format!("{REFERENCE}/{page}.md"))).unwrap_or_default();
    let headings = prose(&text).filter(|line| line.starts_with('#'));
    headings.filter_map(|line| Some(line.split(' ').nth(1)?.trim_end_matches('.').to_owned())).collect()
}

/// Returns citations of a document by a name other than its path.
fn unresolvable(unwrapped: &str) -> Vec<String> {
    let text = unwrapped.to_lowercase();
    let named = ["management", "orchestration", "authzen"].map(|name| format!("{name} reference"));
    let numbered = ["reference", "reference's", "design"].map(|name| format!("{name} §"));
    named.into_iter().chain(numbered).filter(|form| text.contains(form)).collect()
}

#[test]
fn citations_of_the_reference_resolve() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for (path, text) in all_text_files() {
        let text = unwrapped(&text);
        broken.extend(unresolvable(&text).into_iter().map(|form| format!("{}: {form}", path.display())));
        for (page, cited) in citations(&text) {
            seen += cited.len();
            let known = sections(page);
            let missing: Vec<_> = cited.iter().filter(|section| !known.contains(**section)).collect();
            // Documents may also link to whole pages.
            if !missing.is_empty() || (cited.is_empty() && !has_extension(&path, "md")) {
                broken.push(format!("{}: {page} {missing:?}", path.display()));
            }
        }
    }
    assert!(seen > 100, "citations are recognised: {seen}");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_openapi_document_cites_no_reference() {
    assert!(!read("docs/openapi.json").contains(REFERENCE), "readers of the API do not have this repository");
}

/// Words and phrases that are replaced by terms of the field: user, client, caller, principal, operator, value.
const AVOIDED: [&str; 10] = [
    "whoever",
    "whosever",
    "whom",
    "somebody",
    "nobody",
    "it is none",
    "what is there",
    "is as good as",
    "the same, of",
    "somebody's",
];

/// Returns the avoided phrases of a sentence. Code spans and quotations may contain them.
fn avoided(sentence: &str) -> impl Iterator<Item = &'static str> {
    let outside = |quote| sentence.split(quote).step_by(2).collect::<Vec<_>>().join(" ");
    let texts = [outside('`'), outside('"')].map(|text| {
        let words = text.to_lowercase();
        format!(" {} ", words.split(|c: char| !c.is_alphanumeric() && c != ',').collect::<Vec<_>>().join(" "))
    });
    AVOIDED.into_iter().filter(move |phrase| texts.iter().all(|text| text.contains(&format!(" {phrase} "))))
}

/// Returns the comment of a line of code.
fn comment<'l>(path: &Path, line: &'l str) -> Option<&'l str> {
    let line = line.trim_start();
    let markers: &[&str] = match path.extension()?.to_str()? {
        "rs" | "ts" | "tsx" | "mjs" | "java" | "scss" => &["//", "* ", "/*"],
        "py" | "toml" | "yml" | "yaml" => &["#"],
        "md" => return Some(line),
        _ => return None,
    };
    markers.iter().any(|marker| line.starts_with(marker)).then_some(line)
}

#[test]
fn comments_documents_and_commit_subjects_are_in_plain_language() {
    let mut found = Vec::new();
    for (path, text) in all_text_files() {
        for (number, line) in text.lines().enumerate() {
            let phrases = comment(&path, line).into_iter().flat_map(avoided);
            found.extend(phrases.map(|phrase| format!("{}:{}: {phrase}", path.display(), number + 1)));
        }
    }
    let release = read("tests/previous-release");
    let range = format!("{}..HEAD", release.trim());
    let log = std::process::Command::new("git").args(["log", "--format=%s", &range]).current_dir(root()).output();
    // A copy without history, or with a part of it, has no subjects to check.
    let subjects = log.ok().filter(|log| log.status.success()).map(|log| log.stdout).unwrap_or_default();
    for subject in String::from_utf8_lossy(&subjects).lines() {
        found.extend(avoided(subject).map(|phrase| format!("commit {subject:?}: {phrase}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn avoided_phrases_are_found_in_comments_alone() {
    let phrases = |path: &str, line| comment(Path::new(path), line).into_iter().flat_map(avoided).collect::<Vec<_>>();
    assert_eq!(phrases("a.rs", "    /// Whoever asks, and nobody else."), ["whoever", "nobody"]);
    assert_eq!(phrases("a.md", "A text that is no id is the id of somebody."), ["somebody"]);
    assert!(phrases("a.rs", "let nobody = 1;").is_empty());
    assert!(phrases("a.md", "The user `nobody` of the system.").is_empty());
}

/// Test case for mapping rules: test, selector, value, claims, and whether each operator matches.
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

#[test]
fn every_operation_of_the_management_api_is_documented() {
    is_documented("docs/management-api.md", "/api/", 60);
}

#[test]
fn every_operation_of_the_cluster_api_is_documented() {
    is_documented("docs/cluster-api.md", "/v2/", 60);
}

#[test]
fn every_operation_of_the_decisions_api_is_documented() {
    is_documented("docs/decisions-api.md", "/access/v1/", 12);
}

/// Asserts that the tables of a page list the same operations below a path as the OpenAPI document.
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
