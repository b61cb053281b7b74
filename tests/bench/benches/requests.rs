//! CPU time of the complete server for each request, compared with an actix-web handler that parses the body
//! as JSON and returns the same bytes.
//!
//! The callers have distinct tokens of an OpenID Connect provider, which are verified before the measurement, and the
//! policies contain 100,000 authorizations. Half of the callers have no memberships, the others have 30. Only the
//! threads of the servers are counted, not the client. An argument, such as `me`, selects the cases with that name.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark reports by printing and panicking"
)]

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use identity_adapters_sqlite::SqliteStores;
use identity_adapters_system::SystemClock;
use identity_bench::cpu::Threads;
use identity_bench::driver::{Driver, request, wait_for};
use identity_bench::measure::{asked_for, resident_kb, shown};
use identity_bench::policies::{Policies, Size, resource_id, username};
use identity_bench::provider::{Algorithm, Provider, serve_bytes};
use identity_bench::report::record;
use identity_core::entity::{Authorization, Container, Membership, Party, Scope, Tenant};
use identity_core::port::{Clock as _, Commit, PolicyStore as _};
use identity_core::value::{
    AuthorizationKey, Name, PermissionName, ResourceId, ResourceTypeName, Revision, TenantId, Username,
};
use identity_core::world::Change;
use identity_server::config::Sources;
use serde_json::{Value, json};

const CALLERS: usize = 1000;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_millis(250);
/// Least share of the CPU time that the plain handler must need, and most CPU time with memberships, compared with none.
const LEAST_SHARE: f64 = 0.55;
const MOST_GROWTH: f64 = 1.15;
/// Most memory of a cached token, in kB.
const TOKEN_SIZE: f64 = 1.5;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Starts the complete server on a thread that ends with this process.
fn identity(directory: String, issuer: &str) -> SocketAddr {
    let port = free_port();
    let environment = [
        ("PROFILE", "oidc"),
        ("SERVER_ADDRESS", "127.0.0.1"),
        ("SERVER_PORT", &port.to_string()),
        ("SERVER_MANAGEMENT_PORT", "0"),
        ("SERVER_WORKERS", "1"),
        ("SERVER_MAX_CONNECTIONS_PER_ADDRESS", "1000"),
        ("STORE_SQLITE_DATA_DIR", &directory),
        ("AUTHENTICATION_PROVIDERS_DEFAULT_ISSUER", issuer),
        ("AUTHENTICATION_PROVIDERS_DEFAULT_AUDIENCES_0", "identity"),
        ("AUTHENTICATION_PROVIDERS_DEFAULT_ALGORITHMS_0", "ES256"),
    ];
    let environment = environment.map(|(name, value)| (format!("IDENTITY_{name}"), value.to_owned())).into();
    let loaded = Sources { environment, ..Sources::default() }.load().expect("a configuration");
    std::thread::spawn(move || identity_server::run::serve(loaded.config).expect("it runs"));
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A caller without memberships.
fn easy(number: usize) -> Username {
    Username::parse(&format!("easy-{number}@example.com")).unwrap()
}

/// Policies in which each caller has ten authorizations of its own, may request decisions, and is in two tenants.
async fn store(directory: &std::path::Path) {
    let policies = Policies::generate(Size::w2(100_000));
    let tenants = ["a", "b"].map(|id| TenantId::parse(id).unwrap());
    let mut rows: Vec<Change> = policies.rows().collect();
    rows.extend(tenants.iter().map(|id| Change::TenantPut(Tenant::new(id.clone(), Name::parse("Tenant").unwrap()))));
    let mut key = 1_000_000;
    let callers = policies.people.iter().map(|person| username(person.user)).chain((0..CALLERS).map(easy));
    for caller in callers {
        let party = Party::User(caller);
        let member = |id: &TenantId| Membership::new(Container::Tenant(id.clone()), party.clone()).unwrap();
        rows.extend(tenants.iter().map(|id| Change::MemberAdded(member(id))));
        let own = (0..10)
            .map(|number| ("process-definition", Scope::Id(ResourceId::parse(&resource_id(number)).unwrap()), "READ"));
        for (resource_type, scope, permission) in own.chain([("POLICY_DECISION", Scope::Any, "EVALUATE")]) {
            key += 1;
            rows.push(Change::AuthorizationPut(Authorization {
                key: AuthorizationKey(key),
                owner: party.clone(),
                resource_type: ResourceTypeName::parse(resource_type).unwrap(),
                scope,
                permissions: [PermissionName::parse(permission).unwrap()].into(),
                condition: None,
            }));
        }
    }
    let stores = SqliteStores::open(directory.join("identity.db")).await.expect("a store");
    let mut known = Revision(0);
    for changes in rows.chunks(20_000) {
        let next = Revision(known.0 + 1);
        let commit = Commit { revision: next, at: SystemClock.now(), changes: changes.to_vec(), audit: vec![] };
        stores.policy.begin(known).await.expect("a turn").commit(vec![commit]).await.expect("a commit");
        known = next;
    }
}

/// A kind of request.
struct Case {
    name: &'static str,
    /// The measures of the report: the share of a plain handler, and the growth with memberships.
    share: &'static str,
    growth: &'static str,
    method: &'static str,
    path: &'static str,
    /// The body for a caller.
    body: Option<fn(&str) -> String>,
}

const CASES: [Case; 5] = [
    Case {
        name: "authorizations of a token",
        share: "CPU of a plain handler, of `authorizations/for-token`",
        growth: "growth with 30 memberships, `authorizations/for-token`",
        method: "GET",
        path: "/api/authorizations/for-token",
        body: None,
    },
    Case {
        name: "tenants of a token",
        share: "CPU of a plain handler, of `tenants/for-token`",
        growth: "growth with 30 memberships, `tenants/for-token`",
        method: "GET",
        path: "/api/tenants/for-token",
        body: None,
    },
    Case {
        name: "an evaluation",
        share: "CPU of a plain handler, of an evaluation",
        growth: "growth with 30 memberships, an evaluation",
        method: "POST",
        path: "/access/v1/evaluation",
        body: Some(|user| question(user, 0).to_string()),
    },
    Case {
        name: "a batch of 100",
        share: "CPU of a plain handler, of a batch of 100",
        growth: "growth with 30 memberships, a batch of 100",
        method: "POST",
        path: "/access/v1/evaluations",
        body: Some(|user| {
            json!({"evaluations": (0..100).map(|id| question(user, id)).collect::<Vec<_>>()}).to_string()
        }),
    },
    Case {
        name: "me",
        share: "CPU of a plain handler, of `me` by bearer token",
        growth: "growth with 30 memberships, `me` by bearer token",
        method: "GET",
        path: "/v2/authentication/me",
        body: None,
    },
];

fn question(user: &str, id: usize) -> Value {
    json!({
        "subject": {"type": "user", "id": user}, "action": {"name": "READ_PROCESS_DEFINITION"},
        "resource": {"type": "PROCESS_DEFINITION", "id": resource_id(id)},
    })
}

fn requests(case: &Case, callers: &[(String, String)]) -> Vec<Vec<u8>> {
    let of = |(user, token): &(String, String)| {
        let body = case.body.map(|body| body(user));
        request(case.method, case.path, &format!("Bearer {token}"), body.as_deref())
    };
    callers.iter().map(of).collect()
}

/// A server under measurement: its threads, and the connections with their requests.
struct Measured {
    driver: Driver,
    samples: Vec<f64>,
}

impl Measured {
    fn new(driver: Driver) -> Self {
        Self { driver, samples: Vec::new() }
    }

    fn turn(&mut self, threads: &Threads) {
        let before = threads.used();
        let sent = self.driver.rounds(TURN);
        self.samples.push((threads.used() - before).as_secs_f64() / sent as f64);
    }

    fn median(&mut self) -> f64 {
        self.samples.sort_by(f64::total_cmp);
        self.samples[self.samples.len() / 2]
    }
}

/// Growth of this process for each of many further tokens, in kB.
fn size_of_a_token(address: SocketAddr, provider: &Provider) -> f64 {
    const TOKENS: usize = 7_500;
    let tokens = (CALLERS..CALLERS + TOKENS).map(|number| provider.token(Algorithm::Es256, &easy(number)));
    let requests = tokens.map(|token| request("GET", "/api/tenants/for-token", &format!("Bearer {token}"), None));
    let mut driver = Driver::new(address, requests.collect(), 1);
    let before = resident_kb();
    for _ in 0..TOKENS {
        _ = driver.round();
    }
    (resident_kb() - before) / TOKENS as f64
}

/// Growth of this process over a million requests without a token, in MB. Metrics are not scraped.
fn growth_without_scrape(address: SocketAddr) -> f64 {
    const REQUESTS: usize = 1_000_000;
    let anonymous = b"GET /api/me HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    let mut driver = Driver::new(address, vec![anonymous], CONNECTIONS).expecting(401);
    let mut send = |requests: usize| (0..requests / CONNECTIONS).for_each(|_| _ = driver.round());
    send(REQUESTS / 4);
    let before = resident_kb();
    send(REQUESTS);
    (resident_kb() - before) / 1024.0
}

fn report_memory(address: SocketAddr, provider: &Provider) {
    let size = size_of_a_token(address, provider);
    println!("\n### Memory\n\nA cached token: {size:.1} kB (goal ≤ {TOKEN_SIZE} kB)");
    record("a cached token", size, "resident growth for each of 7,500 tokens");
    let grown = growth_without_scrape(address);
    println!("A million refused requests: {grown:.1} MB");
    record(
        "growth over a million refused requests without a scrape of metrics",
        grown,
        "resident growth after 250,000 requests",
    );
}

fn main() {
    if !asked_for() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(store(directory.path()));
    let provider = Provider::start(Arc::new(SystemClock));
    let of = |username: Username| (username.to_string(), provider.token(Algorithm::Es256, &username));
    let easy: Vec<_> = (0..CALLERS).map(easy).map(of).collect();
    let loaded: Vec<_> = (0..CALLERS).map(|number| username(number * 100)).map(of).collect();

    let (threads, address) = Threads::started_by(|| {
        let address = identity(directory.path().display().to_string(), &provider.issuer);
        wait_for(address, &request("GET", "/api/me", &format!("Bearer {}", easy[0].1), None));
        address
    });
    let names: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_chosen = |case: &&Case| names.is_empty() || names.iter().any(|name| name == case.name);
    let cases: Vec<&Case> = CASES.iter().filter(is_chosen).collect();
    let mut ours: Vec<[Measured; 2]> = Vec::new();
    let mut answers = BTreeMap::new();
    for case in &cases {
        let mut drivers = [&easy, &loaded].map(|callers| Driver::new(address, requests(case, callers), CONNECTIONS));
        let bodies = drivers.each_mut().map(|driver| {
            // Verifies all tokens.
            (0..CALLERS.div_ceil(CONNECTIONS)).map(|_| driver.round()).next_back().expect("an answer")
        });
        answers.insert(case.path.to_owned(), bodies[0].clone());
        ours.push(drivers.map(Measured::new));
    }
    let (plain_threads, mut plain) = Threads::started_by(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        serve_bytes(listener, answers);
        let driver = |case: &Case| Driver::new(address, requests(case, &easy), CONNECTIONS);
        cases
            .iter()
            .map(|case| Measured::new(driver(case)))
            .map(|mut plain| {
                _ = plain.driver.round();
                plain
            })
            .collect::<Vec<_>>()
    });
    for _ in 0..ROUNDS {
        for ([easy, loaded], plain) in ours.iter_mut().zip(&mut plain) {
            easy.turn(&threads);
            loaded.turn(&threads);
            plain.turn(&plain_threads);
        }
    }
    if names.is_empty() {
        report_memory(address, &provider);
    }
    println!("\n### CPU time of a request\n");
    println!("| request | server | plain handler | share | goal | with 30 memberships | growth | goal |");
    println!("|---|---|---|---|---|---|---|---|");
    for ((case, [easy, loaded]), plain) in cases.iter().zip(&mut ours).zip(&mut plain) {
        let [easy, loaded, plain] = [easy, loaded, plain].map(Measured::median);
        let (share, growth) = (plain / easy, loaded / easy);
        record(case.share, share * 100.0, &format!("{} of {}", shown(plain), shown(easy)));
        record(case.growth, growth, &format!("{} against {}", shown(loaded), shown(easy)));
        let verdict = |reached: bool| if reached { "ok" } else { "**missed**" };
        println!(
            "| {} | {:.1} µs | {:.1} µs | {:.0} % | ≥ {:.0} %: {} | {:.1} µs | {growth:.2} | ≤ {MOST_GROWTH}: {} |",
            case.name,
            easy * 1e6,
            plain * 1e6,
            share * 100.0,
            LEAST_SHARE * 100.0,
            verdict(share >= LEAST_SHARE),
            loaded * 1e6,
            verdict(growth <= MOST_GROWTH),
        );
    }
}
