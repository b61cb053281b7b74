//! Benchmark of `GET /v2/authentication/me` with HTTP Basic, compared with an actix-web handler that returns the same
//! body without authentication. Measures the complete server on loopback, with one worker each and one request in
//! flight per connection.

#![expect(clippy::expect_used, reason = "a benchmark reports by panicking")]

use std::net::{SocketAddr, TcpListener};

use actix_web::{App, HttpResponse, HttpServer, web};
use identity_bench::driver::Driver;
use identity_bench::measure::{Bench, Goal, asked_for, shown};
use identity_bench::report::record;
use identity_server::config::Sources;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const CONNECTIONS: usize = 32;
const ME: &str = "/v2/authentication/me";
/// `demo:demo`
const BASIC: &str = "Basic ZGVtbzpkZW1v";

/// The response body, as a typical handler defines it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    username: String,
    display_name: Option<String>,
    email: Option<String>,
    authorized_components: Vec<String>,
    tenants: Vec<Tenant>,
    groups: Vec<String>,
    roles: Vec<String>,
    sales_plan_type: Option<String>,
    c8_links: Value,
    can_logout: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    name: String,
    tenant_id: String,
    description: String,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Starts the complete server on a thread that ends with this process.
fn identity(directory: String) -> u16 {
    let port = free_port();
    let assumed = vec![
        ("profile", "builtin".to_owned()),
        ("server.address", "127.0.0.1".to_owned()),
        ("server.port", port.to_string()),
        ("server.management-port", "0".to_owned()),
        ("server.workers", "1".to_owned()),
        ("store.sqlite.data-dir", directory),
    ];
    let loaded = Sources { assumed, ..Sources::default() }.load().expect("a configuration");
    std::thread::spawn(move || identity_server::run::dev(loaded.config).expect("it runs"));
    port
}

/// A handler without copies and without authentication.
fn plain(me: Me) -> u16 {
    let port = free_port();
    let app = move || {
        let answer = web::Data::new(me.clone());
        let handler = |me: web::Data<Me>| async move { HttpResponse::Ok().json(me.as_ref()) };
        App::new().app_data(answer).route(ME, web::get().to(handler))
    };
    let server =
        move || HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", port)).expect("a port").run();
    std::thread::spawn(move || actix_web::rt::System::new().block_on(async move { server().await }));
    port
}

fn main() {
    if !asked_for() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let driver = |port| Driver::get(SocketAddr::from(([127, 0, 0, 1], port)), ME, BASIC, CONNECTIONS);
    let mut ours = driver(identity(directory.path().display().to_string()));
    // Also fills the cache of verified passwords.
    let body = ours.round();
    let mut floor = driver(plain(serde_json::from_slice(&body).expect("the caller")));
    assert_eq!(floor.round(), body, "both give the same answer");

    let (name, hand) =
        (format!("{CONNECTIONS} × me, by Basic"), format!("{CONNECTIONS} × the same by a plain handler"));
    let mut bench = Bench::new("The caller, over HTTP");
    bench.case(&*name, || ours.round());
    bench.case(&*hand, || floor.round());
    // 60 % of the throughput.
    bench.compare(&*name, &*hand, Some(Goal::AtMost(1.0 / 0.6)));
    let times = bench.report();
    let (ours, plain) = (times.of(&name), times.of(&hand));
    let note = format!("{} of {}, for {CONNECTIONS} requests", shown(plain), shown(ours));
    record("time of a plain handler, of `me` by Basic", plain / ours * 100.0, &note);
}
