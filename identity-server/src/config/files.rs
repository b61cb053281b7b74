//! The files of a configuration, in the order in which their documents apply: a file's documents one after the other, each followed
//! by what it imports, then the file's variants for active profiles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::activation::{self, Active};
use super::document::{self, Read, Shared};
use super::foreign;
use super::problem::Collector;
use super::tree::Origin;
use super::yaml::{self, Yaml};

/// The name of files that have variants: `application-oidc.yaml` beside `application.yaml`.
const STEM: &str = "application";
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// Reads the documents of files.
pub(super) struct Files<'a> {
    variables: &'a BTreeMap<String, String>,
    problems: &'a Collector,
    active: Active,
    queue: VecDeque<Item>,
    seen: BTreeSet<PathBuf>,
    /// Whether all files could be read.
    pub(super) readable: bool,
    /// Files that were read without being named, a line each.
    pub(super) warnings: Vec<String>,
}

enum Item {
    File { path: PathBuf, required: bool },
    Opened(Opened),
    Document(Yaml, Arc<Shared>),
}

/// A file whose documents were not read yet.
struct Opened {
    path: PathBuf,
    name: Arc<str>,
    documents: Vec<Yaml>,
}

impl<'a> Files<'a> {
    /// Opens files, which are to be there.
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
        let active = Active::new(variables, opened.iter().flat_map(|file| &file.documents));
        let queue = opened.into_iter().map(Item::Opened).collect();
        Self { variables, problems, active, queue, seen, readable, warnings: Vec::new() }
    }

    /// Reads files that a document names next, and whether each must be there.
    pub(super) fn import(&mut self, imports: Vec<(PathBuf, bool)>) {
        for (path, required) in imports.into_iter().rev() {
            self.queue.push_front(Item::File { path, required });
        }
    }

    /// Puts the documents of a file that apply in front of the queue, and after them the file's variants.
    fn unfold(&mut self, file: Opened) {
        let mut documents = Vec::new();
        // Types and unknown sections are judged alike in all of a file.
        let mut lenient = false;
        for mut document in file.documents {
            match activation::take(&mut document, self.variables, &self.active) {
                Ok(applies) => {
                    lenient |= foreign::is_theirs(&document);
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
            problems.add("", Some(&Origin::File(Arc::clone(&name), 0)), format!("is not yaml: {message}"));
        })
        .ok()?;
    Some(Opened { path: path.to_owned(), name, documents })
}

/// The variants of a file for profiles that are there.
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
