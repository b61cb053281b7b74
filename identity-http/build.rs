//! Builds the admin UI and generates the file table served by `src/ui/mod.rs`.
//!
//! Builds `ui/dist` with npm if its sources are newer. Without npm, an existing `ui/dist` is used as is. Without
//! `ui/dist`, the table is empty, and the server shows a page with instructions for obtaining the UI.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// Sources of the UI, relative to `ui`.
const SOURCES: [&str; 8] = [
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "empty-package",
    "vite.config.ts",
    "tsconfig.json",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let mut files = Vec::new();
    if std::env::var_os("CARGO_FEATURE_UI").is_some() {
        for source in SOURCES {
            println!("cargo::rerun-if-changed=ui/{source}");
        }
        let ui = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?).join("ui");
        for page in documentation(&ui)? {
            println!("cargo::rerun-if-changed={}", page.display());
        }
        if let Err(reason) = build(&ui)? {
            println!("cargo::warning=the server is built without its admin UI: {reason}");
        }
        // A private copy, so that later changes of `ui/dist` have no effect.
        let copy = out.join("ui");
        if copy.exists() {
            fs::remove_dir_all(&copy)?;
        }
        collect(&ui.join("dist"), &copy, "", &mut files)?;
    }
    files.sort();
    fs::write(out.join("ui.rs"), table(&files)?)?;
    Ok(())
}

/// Builds `ui/dist` unless it is newer than its sources. Missing tools are not an error: the inner `Err` is the reason
/// for the missing UI.
fn build(ui: &Path) -> Result<Result<(), String>, Box<dyn Error>> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in SOURCES {
        newest = newest.max(changed(&ui.join(source))?);
    }
    for page in documentation(ui)? {
        newest = newest.max(changed(&page)?);
    }
    let built = fs::metadata(ui.join("dist/index.html")).and_then(|metadata| metadata.modified());
    if built.as_ref().is_ok_and(|built| *built >= newest) {
        return Ok(Ok(()));
    }
    let has_npm = Command::new("npm").arg("--version").output().is_ok_and(|ran| ran.status.success());
    if !has_npm {
        return Ok(if built.is_ok() { Ok(()) } else { Err("there is no npm".to_owned()) });
    }
    // `tests/run` writes the same file: a copy of the installed lock file.
    let (lock, installed) = (ui.join("package-lock.json"), ui.join("node_modules/.installed"));
    if fs::read(&lock).ok() != fs::read(&installed).ok() {
        if let Err(said) = npm(ui, &["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]) {
            return Ok(Err(format!("`npm ci` failed: {said}")));
        }
        fs::copy(&lock, &installed)?;
    }
    npm(ui, &["run", "build"]).map_err(|said| format!("the admin UI cannot be built:\n{said}"))?;
    Ok(Ok(()))
}

/// Returns the pages of the documentation, which the UI shows. A published package has none.
fn documentation(ui: &Path) -> std::io::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(ui.join("../../docs")) else { return Ok(Vec::new()) };
    let mut pages = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(pages)
}

/// Time of the last modification of a file, or of the newest entry of a directory.
fn changed(path: &Path) -> std::io::Result<SystemTime> {
    let metadata = fs::metadata(path)?;
    let mut newest = metadata.modified()?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(changed(&entry?.path())?);
        }
    }
    Ok(newest)
}

fn npm(ui: &Path, arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new("npm").args(arguments).current_dir(ui).output().map_err(|error| error.to_string())?;
    if ran.status.success() {
        return Ok(());
    }
    let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(said.trim().lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("; "))
}

/// Copies a directory and collects the relative paths of its files.
fn collect(from: &Path, to: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    if !from.exists() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{} is no text", name.display()))?;
        let path = format!("{below}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &to.join(&name), &format!("{path}/"), files)?;
        } else {
            fs::copy(entry.path(), to.join(&name))?;
            files.push(path);
        }
    }
    Ok(())
}

fn table(files: &[String]) -> Result<String, Box<dyn Error>> {
    let mut table =
        "/// The files of the admin UI by their paths; compressed ones beside those that they are of.\n".to_owned();
    table.push_str("static FILES: &[File] = &[\n");
    for path in files.iter().filter(|path| !path.ends_with(".gz")) {
        let bytes = |path: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/ui/{path}\"))");
        let compressed = format!("{path}.gz");
        let compressed =
            if files.contains(&compressed) { format!("Some({})", bytes(&compressed)) } else { "None".to_owned() };
        writeln!(table, "    File {{ path: {path:?}, plain: {}, gzip: {compressed} }},", bytes(path))?;
    }
    table.push_str("];\n");
    Ok(table)
}
