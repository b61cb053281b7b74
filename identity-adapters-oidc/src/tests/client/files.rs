//! Files that change while they are in use.

use std::sync::{Arc, Mutex};

use identity_core::port::Clock;
use tempfile::TempDir;

use crate::client::files::Reloaded;
use crate::tests::support::*;
use crate::tests::telemetry::Lines;

/// A number that is read from a file, and a count of how often it was parsed.
struct Setup {
    folder: TempDir,
    number: Arc<Reloaded<u32>>,
    parsed: Arc<Mutex<usize>>,
    clock: Arc<FakeClock>,
}

impl Setup {
    fn new() -> Self {
        let (folder, clock, parsed) = (TempDir::new().unwrap(), FakeClock::new(), Arc::new(Mutex::new(0)));
        let file = folder.path().join("number");
        std::fs::write(&file, "1").unwrap();
        let count = Arc::clone(&parsed);
        let make = move |contents: &[Vec<u8>]| {
            *count.lock().unwrap() += 1;
            String::from_utf8_lossy(&contents[0]).parse().map_err(|_| "no number".to_owned())
        };
        let number = Reloaded::new(vec![file], Arc::clone(&clock) as Arc<dyn Clock>, make).unwrap();
        Self { folder, number: Arc::new(number), parsed, clock }
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("number"), text).unwrap();
    }

    async fn get(&self) -> u32 {
        *self.number.get().await
    }

    fn parsed(&self) -> usize {
        *self.parsed.lock().unwrap()
    }
}

#[tokio::test]
async fn what_changes_counts_at_once_and_what_does_not_is_not_read_again() {
    let setup = Setup::new();
    assert_eq!((setup.get().await, setup.get().await, setup.parsed()), (1, 1, 1));
    setup.write("2");
    assert_eq!((setup.get().await, setup.get().await, setup.parsed()), (2, 2, 2));
}

#[tokio::test]
async fn what_cannot_be_used_leaves_the_last_good_one() {
    let setup = Setup::new();
    setup.write("junk");
    assert_eq!(setup.get().await, 1);
    std::fs::remove_file(setup.folder.path().join("number")).unwrap();
    assert_eq!(setup.get().await, 1);
    setup.write("3");
    assert_eq!(setup.get().await, 3);
}

#[test]
fn operators_are_told_once_a_minute_and_not_what_is_inside() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, || {
        let setup = Setup::new();
        setup.write("secret-content");
        for _ in 0..7 {
            assert_eq!(*setup.number.reload(), 1);
            setup.clock.forward(10);
        }
    });
    let log = lines.text();
    assert_eq!(log.matches("WARN").count(), 2, "{log}");
    assert!(
        log.contains("no number") && log.contains("their previous contents remain in use") && !log.contains("secret"),
        "{log}"
    );
}

#[test]
fn the_first_one_must_be_good() {
    let folder = TempDir::new().unwrap();
    let made = |file: &str| {
        let file = folder.path().join(file);
        Reloaded::<u32>::new(vec![file], FakeClock::new(), |_| Err("never good".to_owned())).err().unwrap()
    };
    std::fs::write(folder.path().join("there"), "x").unwrap();
    assert_eq!(made("there"), "never good");
    assert!(made("missing").contains("missing"));
}
