//! Allowed dependencies between crates and between modules, and the maximum length of a file (docs/architecture.md).

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod module_graph;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use module_graph::{Circle, ModuleGraph};

const CORE: &str = "identity-core";
const HTTP: &str = "identity-http";
const SQL: &str = "identity-adapters-sql";
const SQL_STORES: [&str; 2] = ["identity-adapters-postgres", "identity-adapters-sqlite"];
const SERVER: &str = "identity-server";
/// Layer, entry point and examples for services that embed this project. The server uses none of them.
const TOWER: &str = "identity-tower";
const FACADE: &str = "identity";
const EXAMPLES: &str = "identity-examples";

/// Runtimes and crates for network, SQL and web, each including the crates with its prefix (`tokio`, `tokio-util`). The
/// core must work with any of them.
const FOREIGN_TO_THE_CORE: &str = "actix async-io async-std axum diesel h2 http hyper libsqlite3 mio postgres quinn \
    reqwest rusqlite rustls smol socket2 sqlx tokio tower";

/// The process uses a single cryptography library, and it needs no system library.
const BANNED: [&str; 5] = ["native-tls", "openssl", "openssl-src", "openssl-sys", "ring"];

const MAX_LINES: usize = 400;

/// Files longer than [`MAX_LINES`], each with the reason why splitting it would reduce readability.
const LONG_FILES: [(&str, &str); 0] = [];

struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    fn load() -> Self {
        let mut command = MetadataCommand::new();
        let command = command.manifest_path(root().join("Cargo.toml")).no_deps();
        Self { metadata: command.exec().expect("cargo metadata") }
    }

    fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    fn member(&self, name: &str) -> &Package {
        self.members()
            .into_iter()
            .find(|package| package.name.as_str() == name)
            .unwrap_or_else(|| panic!("no crate {name}"))
    }

    /// Returns the workspace crates that `package` depends on, without development dependencies.
    fn siblings(&self, package: &Package) -> BTreeSet<String> {
        let members: BTreeSet<_> = self.members().into_iter().map(|member| member.name.to_string()).collect();
        let asked = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        asked.map(|dependency| dependency.name.clone()).filter(|name| members.contains(name)).collect()
    }
}

/// Returns the names of all crates that `selection` is built from on this platform. The graph of `cargo metadata` is
/// unsuitable, because it also contains dependencies of features that are never enabled.
fn built_from(selection: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(selection)
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).expect("cargo speaks UTF-8");
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root of the workspace")
}

fn is_product(package: &Package) -> bool {
    package.manifest_path.parent().and_then(|home| home.parent()).is_some_and(|above| above.as_std_path() == root())
}

#[test]
fn the_core_knows_no_runtime_network_database_or_web() {
    let used = built_from(&["--package", CORE, "--all-features", "--edges", "normal"]);
    assert!(used.contains("serde"), "the tree is read: {used:?}");
    let is_foreign = |name: &str| {
        let mut families = FOREIGN_TO_THE_CORE.split_whitespace();
        families.any(|family| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    };
    let foreign: Vec<_> = used.iter().filter(|name| is_foreign(name)).collect();
    assert!(foreign.is_empty(), "{foreign:?}: `cargo tree -p {CORE} -i NAME` says why");
}

#[test]
fn every_crate_knows_only_those_beneath_it() {
    let workspace = Workspace::load();
    for package in workspace.members().into_iter().filter(|package| is_product(package)) {
        let siblings = workspace.siblings(package);
        let allowed = match package.name.as_str() {
            CORE => BTreeSet::new(),
            SQL => BTreeSet::from([CORE.to_owned()]),
            name if SQL_STORES.contains(&name) => BTreeSet::from([CORE.to_owned(), SQL.to_owned()]),
            SERVER | FACADE => continue,
            EXAMPLES => BTreeSet::from([FACADE.to_owned()]),
            name if name == HTTP || name == TOWER || name.starts_with("identity-adapters-") => {
                BTreeSet::from([CORE.to_owned()])
            }
            name => panic!("{name} has no place in the architecture: give it one here"),
        };
        assert_eq!(siblings, allowed, "{}", package.name);
    }
}

#[test]
fn the_server_knows_all_and_nothing_but_tests_knows_the_server() {
    let workspace = Workspace::load();
    let unknown = [SERVER, SQL, TOWER, FACADE, EXAMPLES];
    let is_known = |package: &&Package| is_product(package) && !unknown.contains(&package.name.as_str());
    let all = workspace.members().into_iter().filter(is_known);
    assert_eq!(workspace.siblings(workspace.member(SERVER)), all.map(|package| package.name.to_string()).collect());
}

#[test]
fn features_that_are_off_remove_their_packages() {
    let with = |features: &str| built_from(&["--package", FACADE, "--features", features, "--edges", "normal"]);
    for (features, marks) in [
        ("", &[][..]),
        ("system", &["argon2", "tokio"]),
        ("oidc", &["openidconnect", "reqwest", "tokio"]),
        ("sqlite", &["sqlx-sqlite", "tokio"]),
        ("postgres", &["sqlx-postgres", "tokio"]),
        ("keycloak", &["reqwest", "tokio"]),
        ("actix", &["actix-web", "tokio"]),
        ("tower", &["identity-tower"]),
    ] {
        let used = with(features);
        assert!(used.contains(CORE), "the tree is read: {used:?}");
        let all = [
            "actix-web",
            "argon2",
            "identity-tower",
            "openidconnect",
            "reqwest",
            "sqlx-postgres",
            "sqlx-sqlite",
            "tokio",
        ];
        let found: Vec<&str> = all.into_iter().filter(|name| used.contains(*name)).collect();
        assert_eq!(found, marks, "feature `{features}`");
    }
}

#[test]
fn a_server_without_a_store_is_built_without_its_driver() {
    for (store, driver, other) in
        [("sqlite", "sqlx-sqlite", "sqlx-postgres"), ("postgres", "sqlx-postgres", "sqlx-sqlite")]
    {
        let features = format!("oidc,{store}");
        let used =
            built_from(&["--package", SERVER, "--no-default-features", "--features", &features, "--edges", "normal"]);
        assert_eq!((used.contains(driver), used.contains(other)), (true, false), "{store}");
    }
}

#[test]
fn a_server_is_built_without_the_clients_of_profiles_that_are_off() {
    let clients = ["identity-adapters-keycloak", "jsonwebtoken", "oauth2", "openidconnect", "reqwest"];
    for (profile, expected) in [("builtin", &[][..]), ("oidc", &clients[1..]), ("keycloak", &clients[..])] {
        let features = format!("{profile},sqlite");
        let used =
            built_from(&["--package", SERVER, "--no-default-features", "--features", &features, "--edges", "normal"]);
        assert!(used.contains(HTTP), "the tree is read: {used:?}");
        let found: Vec<&str> = clients.into_iter().filter(|name| used.contains(*name)).collect();
        assert_eq!(found, expected, "{profile}");
    }
}

#[test]
fn one_cryptography() {
    let used = built_from(&["--workspace", "--all-features", "--edges", "normal,build,dev"]);
    assert!(used.contains("aws-lc-rs"), "the tree is read: {used:?}");
    let banned: Vec<_> = BANNED.iter().filter(|name| used.contains(**name)).collect();
    assert!(banned.is_empty(), "{banned:?}: `cargo tree --workspace --all-features -i NAME` says why");
}

#[test]
fn lints_and_dependencies_are_the_workspaces() {
    for package in Workspace::load().members() {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        let mut section = "";
        let mut lints = false;
        for line in manifest.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            match line.strip_prefix('[') {
                Some(header) => section = header.trim_end_matches(']'),
                None if section == "lints" => lints |= line == "workspace = true",
                None if section.contains("dependencies") && !line.is_empty() => {
                    let inherited = [".workspace = true", "workspace = true,", r#"path = ".""#]
                        .iter()
                        .any(|way| line.contains(way));
                    assert!(inherited, "{}: `{line}` is not the workspace's", package.manifest_path);
                    assert!(!line.contains("version"), "{}: `{line}`", package.manifest_path);
                }
                None => {}
            }
            let table = section.contains("dependencies.");
            assert!(!table, "{}: [{section}]: a line per dependency suffices", package.manifest_path);
        }
        // Programs that show how to embed print their results.
        assert!(
            lints || package.name.as_str() == EXAMPLES,
            "{} does not say `[lints] workspace = true`",
            package.manifest_path
        );
    }
}

/// `cargo package` takes the published crates from `default-members`.
#[test]
fn default_members_are_the_published_crates() {
    let workspace = Workspace::load();
    let published = workspace.members().into_iter().filter(|package| package.publish.is_none());
    let published: BTreeSet<_> = published.map(|package| package.name.to_string()).collect();
    let default = workspace.metadata.workspace_default_packages().into_iter();
    assert_eq!(default.map(|package| package.name.to_string()).collect::<BTreeSet<_>>(), published);
}

/// A package contains only the files in the folder of its crate.
#[test]
fn published_crates_include_no_file_of_another_folder() {
    for package in Workspace::load().members().into_iter().filter(|package| package.publish.is_none()) {
        let home = package.manifest_path.parent().expect("a crate's folder").as_std_path();
        for file in rust_files(&home.join("src")) {
            let source = std::fs::read_to_string(&file).expect("a source file");
            // Documentation tests are not run from a package.
            let included = source.lines().filter(|line| !line.trim_start().starts_with("#[doc"));
            let included = included.filter_map(|line| line.split_once("include_str!(\"")?.1.split_once('"'));
            for (path, _) in included {
                let path = file.parent().expect("a folder").join(path).canonicalize().expect("an included file");
                assert!(path.starts_with(home), "{} includes {}", file.display(), path.display());
            }
        }
    }
}

#[test]
fn the_tests_run_with_the_oldest_supported_version_of_rust() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    let pinned = std::fs::read_to_string(root().join("rust-toolchain.toml")).expect("rust-toolchain.toml");
    let pinned = pinned.lines().any(|line| line == format!("channel = \"{oldest}\""));
    let current = Command::new("rustc").arg("--version").current_dir(root()).output().expect("rustc runs");
    let current = String::from_utf8(current.stdout).expect("rustc writes UTF-8");
    assert!(
        pinned || current.starts_with(&format!("rustc {oldest}.")),
        "`rust-version` is {oldest}, but the tests run with {current}: raise `rust-version` in Cargo.toml, or set \
         `channel = \"{oldest}\"` in rust-toolchain.toml"
    );
}

#[test]
fn files_stay_short() {
    let mut long = BTreeMap::new();
    for package in Workspace::load().members().into_iter().filter(|package| is_product(package)) {
        let sources = package.manifest_path.parent().expect("a crate's folder").join("src");
        for file in rust_files(sources.as_std_path()) {
            let lines = code_lines(&std::fs::read_to_string(&file).expect("a source file"));
            let name = file.strip_prefix(root()).expect("a file of this workspace").display().to_string();
            if lines > MAX_LINES {
                long.insert(name, lines);
            }
        }
    }
    for (file, reason) in LONG_FILES {
        assert!(!reason.is_empty(), "{file} is exempt without a reason");
        assert!(long.remove(file).is_some(), "{file} needs no exemption any more");
    }
    assert!(long.is_empty(), "longer than {MAX_LINES} lines, tests aside: {long:#?}");
}

#[test]
fn modules_side_by_side_do_not_depend_on_each_other_in_circles() {
    let mut circles = Vec::new();
    for package in Workspace::load().members().into_iter().filter(|package| is_product(package)) {
        let sources = package.manifest_path.parent().expect("a crate's folder").join("src");
        let read = |file: PathBuf| {
            let source = std::fs::read_to_string(&file).expect("a source file");
            (file.strip_prefix(&sources).expect("a file of this crate").to_owned(), source)
        };
        let files: Vec<_> = rust_files(sources.as_std_path()).into_iter().map(read).collect();
        for Circle { folder, steps } in ModuleGraph::read(&files).circles() {
            circles.push(format!("{} in `{folder}`: {steps}", package.name));
        }
    }
    assert!(circles.is_empty(), "move what closes the circle to a module that both may use:\n{}", circles.join("\n"));
}

#[test]
fn only_the_guard_clears_calls_to_keycloak() {
    let sources = root().join("identity-adapters-keycloak/src");
    let clears = |file: &PathBuf| std::fs::read_to_string(file).expect("a source file").contains("Cleared::by_guard(");
    let clearing: Vec<_> = rust_files(&sources).into_iter().filter(clears).collect();
    assert_eq!(clearing, [sources.join("guard/mod.rs")]);
}

/// Packages that the UI does not need are replaced by an empty package of this repository, never by a package of
/// another publisher.
#[test]
fn packages_of_the_ui_are_replaced_by_an_empty_one_of_this_repository_only() {
    let ui = root().join("identity-http/ui");
    let read = |name: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(ui.join(name)).expect("a file of the UI");
        serde_json::from_str(&text).expect("JSON")
    };
    let lock = read("package-lock.json");
    let packages = lock.get("packages").and_then(serde_json::Value::as_object).expect("packages");
    let mut replaced = BTreeSet::new();
    for (place, package) in packages.iter().filter(|(place, _)| place.starts_with("node_modules/")) {
        let alias = package.get("name");
        assert!(alias.is_none(), "{place} is another package, {alias:?}");
        if package.get("link").is_some() {
            assert_eq!(package.get("resolved"), Some(&"empty-package".into()), "{place}");
            replaced.insert(place.trim_start_matches("node_modules/"));
        }
    }
    let manifest = read("package.json");
    let overrides = manifest.get("overrides").and_then(serde_json::Value::as_object).expect("overrides");
    assert_eq!(overrides.keys().map(String::as_str).collect::<BTreeSet<_>>(), replaced);
    let files: Vec<_> = std::fs::read_dir(ui.join("empty-package")).expect("a folder").flatten().collect();
    assert_eq!(files.iter().map(std::fs::DirEntry::file_name).collect::<Vec<_>>(), ["package.json"]);
    assert!(read("empty-package/package.json").get("scripts").is_none());
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Returns the number of lines before the tests of the file.
fn code_lines(source: &str) -> usize {
    source.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
}
