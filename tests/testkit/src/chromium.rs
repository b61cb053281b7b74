//! Real browser, driven by `tests/clients/browser`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::sync::Mutex;

use crate::{skip, skip_without};

/// Locations of the browser executable in common distributions.
const PROGRAMS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Allows one browser at a time, because each uses all CPU time it can get.
static TURN: Mutex<()> = Mutex::const_new(());

/// Runs a task of `tests/clients/browser/FILE.mjs` against a server. [Skips](skip()) the test when no browser is
/// installed.
///
/// # Panics
/// When the task fails. The message contains its output.
pub async fn in_a_browser(file: &str, task: &str, url: &str) {
    output_in_a_browser(file, task, url).await;
}

/// Runs a task as [`in_a_browser`], and returns what it prints; `None` when no browser is installed.
///
/// # Panics
/// When the task fails. The message contains its output.
pub async fn output_in_a_browser(file: &str, task: &str, url: &str) -> Option<String> {
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/browser"));
    if !home.join("node_modules/playwright-core").exists() {
        skip("what drives the browser is not installed: run `npm ci` in tests/clients/browser");
        return None;
    }
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let Some(program) = named.into_iter().chain(PROGRAMS.map(PathBuf::from)).find(|path| path.exists()) else {
        skip_without("CHROMIUM", "there is no Chromium: install the distribution's, or name one in CHROMIUM");
        return None;
    };
    let _turn = TURN.lock().await;
    let mut node = Command::new("node");
    node.args(["run.mjs", file, task]).current_dir(home).env("IDENTITY_URL", url).env("CHROMIUM", program);
    let ended = tokio::task::spawn_blocking(move || node.output()).await.expect("nobody panics there");
    let ended = ended.expect("node starts");
    let said = String::from_utf8_lossy(&ended.stdout);
    let failed = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.ends_with("done\n"), "{task}: {said}{failed}");
    Some(said.into_owned())
}
