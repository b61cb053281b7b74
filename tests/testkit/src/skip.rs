//! Skipping of tests whose service is missing.

use std::io::Write;

/// Reports that the running test is skipped, and why; the test then returns. When `IDENTITY_TESTS_REQUIRE` is set, a
/// missing service fails the test instead. When `IDENTITY_TESTS_SKIPPED` names a file, the line is also appended there.
pub fn skip(reason: &str) {
    skip_unless(std::env::var_os("IDENTITY_TESTS_REQUIRE").is_some(), reason);
}

/// Skips like [`skip()`], for a service that some machines cannot have. `IDENTITY_TESTS_WITHOUT` lists the services
/// that could not be installed, separated by spaces.
pub fn skip_without(service: &str, reason: &str) {
    let without = std::env::var_os("IDENTITY_TESTS_WITHOUT").unwrap_or_default();
    let known = without.to_string_lossy().split_whitespace().any(|missing| missing == service);
    skip_unless(std::env::var_os("IDENTITY_TESTS_REQUIRE").is_some() && !known, reason);
}

fn skip_unless(required: bool, reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(!required, "{test} must not be skipped: {reason}");
    let line = format!("skipped: {test}: {reason}\n");
    // Writes directly to the stream: `eprint!` would be captured, and so hidden, because the test passes.
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
