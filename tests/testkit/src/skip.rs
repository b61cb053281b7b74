//! Tests whose service is missing.

use std::io::Write;

/// Says that the running test is skipped, and why; the test then returns. With `IDENTITY_TESTS_REQUIRE` set a missing
/// service is a failure instead, and where `IDENTITY_TESTS_SKIPPED` names a file the line is appended there as well.
pub fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(std::env::var_os("IDENTITY_TESTS_REQUIRE").is_none(), "{test} must not be skipped: {reason}");
    let line = format!("skipped: {test}: {reason}\n");
    // Straight to the stream: `eprint!` would be captured, and so hidden, as the test passes.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("IDENTITY_TESTS_SKIPPED") {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("the file named by IDENTITY_TESTS_SKIPPED is writable");
    }
}
