//! Many wrong passwords: memory use stays bounded, and neither administrators nor users at a known address wait behind
//! unknown addresses.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_testkit::{Api, Launch, Raw, Server};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Store, created};

const MIB: u64 = 1024 * 1024;

/// Memory bound from docs/operations.md: one work area per core.
fn work_areas() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64) * 19 * MIB
}

fn nth(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 10, number])
}

/// Returns the status of a sign-in attempt from an address.
async fn attempt(api: &Api, from: IpAddr, user: &str, password: &str) -> u16 {
    let mut connection = Raw::connect(api, from).await.expect("a connection");
    let credentials = STANDARD.encode(format!("{user}:{password}"));
    let head = format!(
        "GET /v2/authentication/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Basic {credentials}\r\n\r\n"
    );
    connection.send(head).await;
    let answer = connection.until_closed().await;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    assert!(status != 503 || answer.contains("retry-after: "), "{answer}");
    status
}

fn dev() -> Launch {
    // Without the cache, every request costs a password hash.
    Store::sqlite().launch(&["dev"]).env("IDENTITY_AUTHENTICATION_BASIC_CACHE_TTL", "0s")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_take_no_more_memory_than_the_work_areas() {
    let server = dev().start().await;
    assert_eq!(attempt(server.http(), Ipv4Addr::LOCALHOST.into(), "demo", "demo").await, 200);
    let before = server.resident_bytes();
    let mut attempts = JoinSet::new();
    for number in 0..100_u8 {
        let api = server.http().clone();
        attempts.spawn(async move { attempt(&api, nth(number / 2 + 1), &format!("user-{number}"), "wrong").await });
    }
    let statuses = attempts.join_all().await;
    assert!(statuses.iter().all(|status| [401, 503].contains(status)), "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 401).count() >= 16, "{statuses:?}");
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < work_areas() + 16 * MIB, "{} MiB", grown / MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_the_configuration_take_no_more_memory_than_the_work_areas() {
    async fn resident(users: usize) -> u64 {
        let mut launch = Store::sqlite().launch(&["serve"]).env("IDENTITY_PROFILE", "builtin");
        for number in 0..users {
            let key = |name| format!("IDENTITY_BOOTSTRAP_USERS_{number}_{name}");
            launch = launch.env(&key("USERNAME"), format!("user-{number}")).env(&key("PASSWORD"), "secret");
        }
        launch.start().await.resident_bytes()
    }
    let (none, many) = (resident(0).await, resident(15).await);
    let grown = many.saturating_sub(none);
    assert!(grown < work_areas() + 16 * MIB, "{} MiB", grown / MIB);
}

/// Clients that guess passwords without pause, each from a different address, until this is dropped.
struct Strangers {
    ended: Arc<AtomicBool>,
    busy: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Strangers {
    fn of(server: &Server) -> Self {
        let (ended, busy) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for number in 1..=120_u8 {
            let (api, ended, busy) = (server.http().clone(), Arc::clone(&ended), Arc::clone(&busy));
            tasks.spawn(async move {
                let mut guess = 0;
                while !ended.load(Ordering::Relaxed) {
                    guess += 1;
                    let status = attempt(&api, nth(number), &format!("user-{number}-{guess}"), "wrong").await;
                    busy.fetch_add(usize::from(status == 503), Ordering::Relaxed);
                }
            });
        }
        Self { ended, busy, _tasks: tasks }
    }

    /// Waits until guesses are rejected because the queue is full, or for 10 seconds, in which an unbounded queue would
    /// grow.
    async fn fill_the_queue(&self) {
        let start = Instant::now();
        while self.busy.load(Ordering::Relaxed) < 5 && start.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn were_refused(&self) -> bool {
        self.busy.load(Ordering::Relaxed) >= 5
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_familiar_administrator_does_not_wait_for_strangers() {
    let server = dev().start().await;
    let admin = server.http().basic("demo", "demo");
    assert_eq!(admin.get("/v2/authentication/me").await.status, 200);
    let strangers = Strangers::of(&server);
    strangers.fill_the_queue().await;
    let start = Instant::now();
    for number in 0..5 {
        // Each request verifies the administrator's password and hashes the new user's password.
        let body = json!({"username": format!("new-{number}"), "password": "secret"});
        created(admin.post("/v2/users", &body).await);
    }
    // If they were queued behind the guesses, each request would take three seconds or more.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(strangers.were_refused(), "their queue has a bound");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_familiar_at_the_usual_address_after_a_restart() {
    let launch = dev();
    let home = nth(250);
    let server = launch.start().await;
    assert_eq!(attempt(server.http(), home, "demo", "demo").await, 200);
    server.terminate().await;
    let server = launch.start().await;
    let strangers = Strangers::of(&server);
    strangers.fill_the_queue().await;
    let start = Instant::now();
    for _ in 0..10 {
        assert_eq!(attempt(server.http(), home, "demo", "demo").await, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(strangers.were_refused(), "their queue has a bound");
}
