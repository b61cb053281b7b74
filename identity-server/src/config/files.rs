//! Configuration files, in the order in which their documents apply: the documents of a file in sequence, each followed
//! by its imports, then the file's variants for active profiles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::activation::{self, Active};
use super::document::{self, Read, Shared};
use super::imports::JSON;
use super::legacy_names;
use super::names::variable;
use super::problem::Collector;
use super::tree::Origin;
use super::yaml::{self, Yaml};

/// Stem of files that have variants by profile: `application-oidc.yaml` beside `application.yaml`.
const STEM: &str = "application";
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// Iterator over the documents of all files, in the order in which they apply.
pub(super) struct Files<'a> {
    variables: &'a BTreeMap<String, String>,
    problems: &'a Collector,
    active: Active,
    json: Option<Yaml>,
    queue: VecDeque<Item>,
    seen: BTreeSet<PathBuf>,
    /// Whether all files read so far could be read and parsed.
    pub(super) readable: bool,
    /// Warnings about files that were read without being named, one line each.
    pub(super) warnings: Vec<String>,
}

enum Item {
    File { path: PathBuf, required: bool },
    Opened(Opened),
    Document(Yaml, Arc<Shared>),
}

/// Error marker: a source could not be parsed. The problem has already been reported.
struct Unreadable;

/// Parsed file whose documents have not been read.
struct Opened {
    path: PathBuf,
    name: Arc<str>,
    documents: Vec<Yaml>,
}

impl<'a> Files<'a> {
    /// Opens the given files, which must exist, and determines the active profiles.
    pub(super) fn open(paths: &[PathBuf], variables: &'a BTreeMap<String, String>, problems: &'a Collector) -> Self {
        let (mut seen, mut opened, mut readable) = (BTreeSet::new(), Vec::new(), true);
        for path in paths {
            if seen.insert(path.clone()) {
                match open(path, problems) {
                    Some(file) => opened.push(file),
                    None => readable = false,
                }
            }
        }
        let json = json(variables, problems).unwrap_or_else(|Unreadable| {
            readable = false;
            None
        });
        let active = Active::new(variables, json.as_ref(), opened.iter().flat_map(|file| &file.documents));
        let queue = opened.into_iter().map(Item::Opened).collect();
        Self { variables, problems, active, json, queue, seen, readable, warnings: Vec::new() }
    }

    /// Returns the active Spring profiles.
    pub(super) fn profiles(&self) -> &[String] {
        &self.active.profiles
    }

    /// Reads the document in the variable [`JSON`]. Further calls return `None`.
    pub(super) fn take_json(&mut self) -> Option<Read> {
        let json = self.json.take()?;
        let shared = Shared::new(JSON.into(), std::slice::from_ref(&json), true);
        Some(document::read(json, &shared, self.variables, self.problems))
    }

    /// Queues files after all others, each with a flag whether it is required.
    pub(super) fn append(&mut self, imports: Vec<(PathBuf, bool)>) {
        self.queue.extend(imports.into_iter().map(|(path, required)| Item::File { path, required }));
    }

    /// Queues the imports of a document next, each with a flag whether it is required.
    pub(super) fn import(&mut self, imports: Vec<(PathBuf, bool)>) {
        for (path, required) in imports.into_iter().rev() {
            self.queue.push_front(Item::File { path, required });
        }
    }

    /// Puts the active documents of a file in front of the queue, followed by the file's variants.
    fn unfold(&mut self, file: Opened) {
        let mut documents = Vec::new();
        // If one document uses properties of the replaced services, all documents of the file are read leniently.
        let mut lenient = false;
        for mut document in file.documents {
            match activation::take(&mut document, self.variables, &self.active) {
                Ok(applies) => {
                    lenient |= legacy_names::is_legacy(&document);
                    documents.extend(applies.then_some(document));
                }
                Err((line, key, message)) => {
                    self.problems.add(key, Some(&Origin::File(Arc::clone(&file.name), line)), message);
                }
            }
        }
        let shared = Arc::new(Shared::new(Arc::clone(&file.name), &documents, lenient));
        for variant in variants(&file.path, &self.active.profiles).into_iter().rev() {
            if !self.seen.contains(&variant) {
                self.warnings.push(format!("{}: read, as its profile is active", variant.display()));
                self.queue.push_front(Item::File { path: variant, required: false });
            }
        }
        for document in documents.into_iter().rev() {
            self.queue.push_front(Item::Document(document, Arc::clone(&shared)));
        }
    }
}

impl Iterator for Files<'_> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        loop {
            match self.queue.pop_front()? {
                Item::Opened(file) => self.unfold(file),
                Item::File { path, required } => {
                    if (required || path.exists()) && self.seen.insert(path.clone()) {
                        match open(&path, self.problems) {
                            Some(file) => self.unfold(file),
                            None => self.readable = false,
                        }
                    }
                }
                Item::Document(document, shared) => {
                    return Some(document::read(document, &shared, self.variables, self.problems));
                }
            }
        }
    }
}

fn open(path: &Path, problems: &Collector) -> Option<Opened> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| problems.add("", None, format!("{name}: cannot be read: {}", error.kind())))
        .ok()?;
    let name: Arc<str> = name.into();
    let documents = yaml::parse(&text)
        .map_err(|message| {
            problems.add("", Some(&Origin::File(Arc::clone(&name), 0)), format!("is not valid YAML: {message}"));
        })
        .ok()?;
    Some(Opened { path: path.to_owned(), name, documents })
}

/// Parses the JSON properties as YAML, of which JSON is a subset (YAML 1.2.2 §1.2).
fn json(variables: &BTreeMap<String, String>, problems: &Collector) -> Result<Option<Yaml>, Unreadable> {
    let given = variables.iter().find(|(name, value)| variable(name) == JSON && !value.is_empty());
    let Some((_, text)) = given else { return Ok(None) };
    match yaml::parse(text) {
        Ok(documents) => Ok(documents.into_iter().next()),
        Err(message) => {
            problems.add("", Some(&Origin::File(JSON.into(), 0)), format!("is not valid JSON: {message}"));
            Err(Unreadable)
        }
    }
}

/// Returns the existing variants of a file for the active profiles, such as `application-oidc.yaml`.
fn variants(path: &Path, profiles: &[String]) -> Vec<PathBuf> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    if path.file_stem().is_none_or(|stem| stem != STEM) || extension.is_none_or(|found| !EXTENSIONS.contains(&found)) {
        return Vec::new();
    }
    let plain = |profile: &&String| !profile.contains(['/', '\\']);
    let named =
        |profile: &String| EXTENSIONS.map(|extension| path.with_file_name(format!("{STEM}-{profile}.{extension}")));
    profiles.iter().filter(plain).flat_map(named).filter(|variant| variant.is_file()).collect()
}
