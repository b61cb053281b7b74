//! Dependencies between the modules of a crate, read from the paths in its source.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Maximum number of re-exports that are followed from one path.
const MAX_REEXPORTS: usize = 8;

/// Path of a module or an item, from the root of the crate.
type Segments = Vec<String>;

/// Modules in one folder, the modules beside them that they depend on, and a path that makes each one depend.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// Modules of a crate and the paths that they contain, without test modules and documentation.
#[derive(Default)]
pub struct ModuleGraph {
    modules: BTreeSet<Segments>,
    test_modules: BTreeSet<Segments>,
    /// Names that the `use` items of a module bring into its scope, with the path of each.
    imports: BTreeMap<Segments, BTreeMap<String, Segments>>,
    /// Modules, each with a path that it contains.
    paths: BTreeSet<(Segments, Segments)>,
}

/// Modules of one folder that depend on each other.
#[derive(Debug)]
pub struct Circle {
    /// Folder of the modules, below the source folder.
    pub folder: String,
    /// One path for each step of the circle.
    pub steps: String,
}

impl ModuleGraph {
    /// Reads the files of a crate, each with its path below the source folder.
    pub fn read(files: &[(PathBuf, String)]) -> Self {
        let mut graph = Self::default();
        for (file, source) in files {
            let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let module = module_of(file);
            graph.modules.insert(module.clone());
            graph.scan(&module, tokens);
        }
        graph
    }

    fn scan(&mut self, module: &[String], tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [first, after @ ..] = rest {
            rest = after;
            match (first, after) {
                (TokenTree::Punct(hash), [TokenTree::Group(attribute), item @ ..])
                    if hash.as_char() == '#' && is_unbuilt(attribute.stream()) =>
                {
                    self.test_modules.extend(module_name(item).map(|name| [module, &[name]].concat()));
                    rest = after_item(item);
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), TokenTree::Group(body), item @ ..])
                    if word == "mod" =>
                {
                    let inner = [module, &[name.to_string()]].concat();
                    self.modules.insert(inner.clone());
                    self.scan(&inner, body.stream());
                    rest = item;
                }
                (TokenTree::Ident(word), item) if word == "use" && !is_punct(item.first(), '<') => {
                    let end = item.iter().position(|token| is_punct(Some(token), ';')).unwrap_or(item.len());
                    let (tree, item) = item.split_at(end);
                    for (name, path) in leaves(tree, &[]) {
                        self.import(module, name, &path);
                    }
                    rest = item;
                }
                (TokenTree::Ident(word), _) if word == "crate" || word == "super" => {
                    let mut path = vec![word.to_string()];
                    while let [one, other, TokenTree::Ident(segment), tail @ ..] = rest
                        && is_punct(Some(one), ':')
                        && is_punct(Some(other), ':')
                    {
                        path.push(segment.to_string());
                        rest = tail;
                    }
                    self.paths.extend(from_root(module, &path).map(|path| (module.to_vec(), path)));
                }
                (TokenTree::Group(group), _) => self.scan(module, group.stream()),
                _ => {}
            }
        }
    }

    fn import(&mut self, module: &[String], name: String, path: &[String]) {
        if let Some(path) = from_root(module, path) {
            self.paths.insert((module.to_vec(), path.clone()));
            self.imports.entry(module.to_vec()).or_default().insert(name, path);
        }
    }

    /// Returns the circles between modules side by side, at any depth. Each module that is in a circle is in one of
    /// those returned.
    pub fn circles(&self) -> Vec<Circle> {
        let mut folders: BTreeMap<Segments, Edges> = BTreeMap::new();
        for (module, path) in self.paths.iter().filter(|(module, _)| !self.is_test(module)) {
            let target = self.resolve(path);
            let depth = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
            let (folder, below) = module.split_at(depth);
            if let (Some(from), Some(to)) = (below.first(), target.get(depth)) {
                let edges = folders.entry(folder.to_vec()).or_default().entry(from.clone()).or_default();
                let step = format!("{} names crate::{}", module.join("::"), path.join("::"));
                edges.entry(to.clone()).or_insert(step);
            }
        }
        let circles = |(folder, edges): (&Segments, &Edges)| {
            let folder = folder.join("/");
            circles_among(edges).into_iter().map(move |steps| Circle { folder: folder.clone(), steps })
        };
        folders.iter().flat_map(circles).collect()
    }

    fn is_test(&self, module: &[String]) -> bool {
        self.test_modules.iter().any(|tests| module.starts_with(tests))
    }

    /// Returns the module that a path leads to, through re-exports.
    fn resolve(&self, path: &[String]) -> Segments {
        let mut path = path.to_vec();
        for _ in 0..MAX_REEXPORTS {
            let is_module = |depth: &usize| self.modules.contains(path.split_at(*depth).0);
            let (module, item) = path.split_at((0..=path.len()).rev().find(is_module).unwrap_or_default());
            let [name, inside @ ..] = item else { break };
            match self.imports.get(module).and_then(|imports| imports.get(name)) {
                Some(import) => path = [import.as_slice(), inside].concat(),
                None => return module.to_vec(),
            }
        }
        path
    }
}

fn module_of(file: &Path) -> Segments {
    let names = file.with_extension("");
    let mut module: Segments = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    module.pop_if(|last| ["lib", "main", "mod"].contains(&last.as_str()));
    module
}

/// Whether an attribute excludes its item from the product.
fn is_unbuilt(attribute: TokenStream) -> bool {
    ["cfg(test)", "cfg(doc)"].contains(&attribute.to_string().replace(' ', "").as_str())
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn ends_item(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace) || is_punct(Some(token), ';')
}

fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let end = tokens.iter().position(ends_item).map_or(tokens.len(), |end| end + 1);
    tokens.split_at(end).1
}

fn module_name(item: &[TokenTree]) -> Option<String> {
    let mut header = item.iter().take_while(|token| !ends_item(token)).map(ToString::to_string);
    header.find(|word| word == "mod").and_then(|_| header.next())
}

/// Returns the names that a `use` tree brings into scope, each with its path.
fn leaves(tree: &[TokenTree], prefix: &[String]) -> Vec<(String, Segments)> {
    let mut found = Vec::new();
    for branch in tree.split(|token| is_punct(Some(token), ',')) {
        let (mut path, mut name) = (prefix.to_vec(), None);
        let mut tokens = branch.iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    found.append(&mut leaves(&inner, &path));
                    path.clear();
                }
                TokenTree::Ident(word) if word == "as" => name = tokens.next().map(ToString::to_string),
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            found.push((name, path));
        }
    }
    found
}

/// Returns a path from the root of the crate. Paths into other crates look like paths into modules of this one, and
/// match none.
fn from_root(module: &[String], path: &[String]) -> Option<Segments> {
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    let (base, rest) = match path {
        [root, rest @ ..] if root == "crate" => (&[][..], rest),
        [here, rest @ ..] if here == "self" => (module, rest),
        _ => (module.get(..module.len().checked_sub(supers)?)?, path.get(supers..)?),
    };
    Some([base, rest].concat())
}

/// Returns a shortest circle through each module that is in no circle before.
fn circles_among(edges: &Edges) -> Vec<String> {
    let (mut seen, mut circles) = (BTreeSet::new(), Vec::new());
    for start in edges.keys() {
        if !seen.contains(start.as_str())
            && let Some(circle) = shortest_circle(edges, start)
        {
            seen.extend(circle.iter().map(|(module, _)| *module));
            circles.push(circle.iter().map(|(_, step)| *step).collect::<Vec<_>>().join(", "));
        }
    }
    circles
}

/// Returns the modules of a shortest circle through `start`, each with the step to the next.
fn shortest_circle<'e>(edges: &'e Edges, start: &'e str) -> Option<Vec<(&'e str, &'e str)>> {
    let mut reached = BTreeSet::new();
    let mut next = VecDeque::from([(start, Vec::new())]);
    while let Some((module, way)) = next.pop_front() {
        for (target, step) in edges.get(module).into_iter().flatten() {
            let way = [way.as_slice(), &[(module, step.as_str())]].concat();
            if target == start {
                return Some(way);
            }
            if reached.insert(target) {
                next.push_back((target, way));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<Circle> {
        let files: Vec<_> = files.iter().map(|(file, source)| (PathBuf::from(file), (*source).to_owned())).collect();
        ModuleGraph::read(&files).circles()
    }

    #[test]
    fn a_circle_is_found_through_folders_expressions_and_reexports() {
        let root = ("lib.rs", "mod a; mod b; mod c; pub use c::C;");
        let found = circles(&[
            root,
            ("a/mod.rs", "mod inner;"),
            ("a/inner.rs", "use crate::{b::{self, B as Other}};"),
            ("b.rs", "fn f() { super::C::new(&[crate::C]) }"),
            ("c.rs", "pub struct C(crate::a::inner::A);"),
        ]);
        let [Circle { folder, steps }] = &found[..] else { panic!("{found:?}") };
        assert_eq!(folder, "");
        assert_eq!(steps, "a::inner names crate::b, b names crate::C, c names crate::a::inner::A");
    }

    #[test]
    fn modules_within_a_folder_are_compared_too() {
        let found =
            circles(&[("a/mod.rs", "mod x; mod y;"), ("a/x.rs", "use super::y::Y;"), ("a/y.rs", "use super::x::X;")]);
        assert!(matches!(&found[..], [Circle { folder, .. }] if folder == "a"), "{found:?}");
    }

    #[test]
    fn tests_documentation_parents_and_captures_make_no_circle() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b; pub struct Root(a::A);"),
            ("a.rs", "use crate::Root; use crate::b::B; fn f() -> impl Iterator + use<'_> {}"),
            ("b.rs", "#[cfg(doc)] use crate::a::A; #[cfg(test)] mod tests;"),
            ("b/tests.rs", "use crate::a::A;"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
