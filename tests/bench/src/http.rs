//! Throughput of one request over HTTP, compared with a plain JSON handler in the same process, on one worker each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use async_trait::async_trait;
use identity_core::apply::{Command, apply, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Authority;
use identity_core::engine::Engine;
use identity_core::entity::{Container, Membership, Party, Principal, VerifiedToken};
use identity_core::fake::{FixedClock, MemoryPolicyStore, SequentialIds};
use identity_core::port::{Commit, Evidence, Inspection, KnownApis, PolicyStore, TokenError, TokenVerifier};
use identity_core::preset;
use identity_core::service::access::Access;
use identity_core::service::recent_callers::{KeptClaims, RecentCallers};
use identity_core::service::{Authentication, Authorizations, Authorizer, StoredGroups, Tenants};
use identity_core::value::{Claims, Revision, RoleId, Username, storable};
use identity_core::world::{Change, Sources, World};
use identity_http::{Decisions, Surfaces};
use time::OffsetDateTime;

/// Number of concurrent connections.
const CONNECTIONS: usize = 16;
/// Number of turns of each server.
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_secs(1);
const QUESTION: &str =
    r#"{"subject":{"type":"user","id":"root"},"action":{"name":"READ"},"resource":{"type":"ROLE","id":"admin"}}"#;

/// Two servers in this process.
pub struct Target {
    ours: SocketAddr,
    plain: SocketAddr,
}

/// A verifier that returns a fixed token, to exclude token verification from the measurement.
struct Known(Arc<VerifiedToken>);

#[async_trait]
impl TokenVerifier for Known {
    async fn verify(&self, _: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        Ok(Arc::clone(&self.0))
    }

    async fn verify_for_resolution(&self, _: &str, _: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError> {
        Ok(Arc::clone(&self.0))
    }

    async fn inspect<'e>(&self, _: Evidence<'e>) -> Inspection {
        Inspection::default()
    }
}

/// An engine with the defaults, the administrator `root`, and `rows`.
async fn engine(rows: Vec<Change>) -> Arc<Engine> {
    let sources = Sources::Provider { groups_claimed: false };
    let empty = World::new(sources, ResourceCatalog::standard());
    let root = Membership::new(
        Container::Role(RoleId::parse(preset::ADMIN_ROLE).unwrap()),
        Party::User(Username::parse("root").unwrap()),
    );
    let mut commands = missing_defaults(&empty);
    commands.push(Command::AddMember(root.unwrap()));
    let mut changes = apply(&empty, &commands, Authority::Server).unwrap().changes;
    changes.extend(rows);
    let store = MemoryPolicyStore::default();
    let commit = Commit { revision: Revision(1), at: OffsetDateTime::UNIX_EPOCH, changes, audit: vec![] };
    store.begin(Revision(0)).await.unwrap().commit(vec![commit]).await.unwrap();
    let audit = Arc::new(store.audit_log());
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    Arc::new(Engine::start(Arc::new(store), audit, clock, sources, ResourceCatalog::standard()).await.unwrap())
}

fn surfaces(engine: &Arc<Engine>) -> Surfaces {
    let root = Principal::user("root").unwrap();
    let claims = Claims::new(serde_json::json!({"sub": "root"})).unwrap();
    let token = VerifiedToken::new("https://issuer.example", root, &claims, OffsetDateTime::UNIX_EPOCH);
    let verifier: Arc<dyn TokenVerifier> = Arc::new(Known(Arc::new(token)));
    let logins = Arc::new(RecentCallers::new(1000, KeptClaims::Used(Duration::from_secs(604_800))));
    let audit = Arc::new(MemoryPolicyStore::default().audit_log());
    let authorizer = Authorizer::management(Arc::clone(engine));
    let authentication = Authentication::new(Arc::clone(engine), Some(Arc::clone(&verifier)), None);
    let authentication = Arc::new(authentication.noting(Arc::clone(&logins)));
    let access = Access::new(Arc::clone(engine), audit, Some(Arc::clone(&verifier)), Arc::clone(&logins), None);
    Surfaces {
        groups: Some(Arc::new(StoredGroups::new(authorizer.clone(), Arc::new(SequentialIds::default())))),
        tenants: Some(Arc::new(Tenants::new(authorizer.clone()))),
        authorizations: Some(Arc::new(Authorizations::new(authorizer))),
        decisions: Some(Decisions { access: Arc::new(access), identifier: None }),
        ..Surfaces::new(Arc::clone(engine), authentication, Arc::new(SequentialIds::default()))
    }
}

async fn plain(body: web::Json<serde_json::Value>) -> HttpResponse {
    let asked = body.get("subject").is_some_and(entity_like);
    HttpResponse::Ok().json(serde_json::json!({"decision": asked}))
}

fn entity_like(value: &serde_json::Value) -> bool {
    value.get("id").and_then(serde_json::Value::as_str).is_some_and(|id| storable(id) == id)
}

impl Target {
    /// Starts both servers, which run until the process ends.
    #[must_use]
    pub fn start() -> Self {
        let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (ours, theirs) = (listener(), listener());
        let target = Self { ours: ours.local_addr().unwrap(), plain: theirs.local_addr().unwrap() };
        serve(ours, Vec::new());
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = || App::new().route("/access/v1/evaluation", web::post().to(plain));
                HttpServer::new(app).workers(1).disable_signals().listen(theirs).unwrap().run().await
            })
        });
        target
    }
}

/// Serves the defaults and `rows` on one worker until the process ends. The token of every request belongs to an
/// administrator.
pub fn serve(listener: TcpListener, rows: Vec<Change>) {
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let surfaces = surfaces(&engine(rows).await);
            let app = move || App::new().configure(|config| surfaces.mount(config));
            let server = HttpServer::new(app).workers(1).disable_signals();
            // Connections stay idle until their case runs.
            let patient = server.client_request_timeout(Duration::ZERO).keep_alive(Duration::from_secs(3600));
            let prompt = patient.on_connect(|stream, _| {
                let _ = stream.downcast_ref::<actix_web::rt::net::TcpStream>().map(|stream| stream.set_nodelay(true));
            });
            prompt.listen(listener).unwrap().run().await
        })
    });
}

/// Sends requests in sequence on one connection until `stop` is set.
fn ask(address: SocketAddr, done: &AtomicU64, stop: &AtomicBool) {
    let request = format!(
        "POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{QUESTION}",
        QUESTION.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(request.as_bytes()).unwrap();
        let read = stream.read(&mut buffer).unwrap();
        let answer = buffer.get(..read).unwrap_or_default();
        assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"{\"decision\":true}"), "one answer, whole");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

fn per_second(address: SocketAddr) -> f64 {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| ask(address, &done, &stop));
        }
        std::thread::sleep(TURN);
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// Measures both servers in turns and prints the ratio.
pub fn drive(target: Target) {
    while TcpStream::connect(target.ours).is_err() || TcpStream::connect(target.plain).is_err() {
        std::thread::yield_now();
    }
    let mut ratios: Vec<(f64, f64, f64)> = (0..ROUNDS)
        .map(|_| (per_second(target.ours), per_second(target.plain)))
        .map(|(ours, plain)| (ours / plain, ours, plain))
        .collect();
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    if let Some((ratio, ours, plain)) = ratios.get(ROUNDS / 2) {
        let reached = if *ratio >= 0.6 { "ok" } else { "missed" };
        let mut out = std::io::stdout();
        let text = format!(
            "\n## Over HTTP\n\nan evaluation {ours:.0}/s, a plain JSON handler {plain:.0}/s: {:.0} % (goal 60 %: {reached})\n",
            ratio * 100.0
        );
        out.write_all(text.as_bytes()).unwrap();
    }
}
