//! HTTP relay that records requests, and can delay them, answer them or withhold their responses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Method};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::http::client;

/// Forwards HTTP/1.1 requests, one at a time per connection, and records them. It ends with the runtime that it was
/// created on.
pub struct Relay {
    base: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: String,
    client: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: Vec<Passed>,
    delay: Duration,
    answers: Vec<(String, u16, u32)>,
    kept: Vec<(String, oneshot::Sender<()>)>,
}

/// Recorded request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header names in lower case, in order.
    pub headers: Vec<String>,
    pub body: String,
}

impl Relay {
    /// Creates a relay to `target`, such as `http://127.0.0.1:8080`.
    pub async fn to(target: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let shared = Arc::new(Shared { target: target.into(), client: client(), state: Mutex::default() });
        let passing = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let passing = Arc::clone(&passing);
                tokio::spawn(async move { pass(stream, &passing).await });
            }
        });
        Self { base, shared }
    }

    /// Returns the base URL, `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns the requests recorded since the last call.
    pub fn take(&self) -> Vec<Passed> {
        std::mem::take(&mut self.shared.state().passed)
    }

    /// Delays every request.
    pub fn delay(&self, delay: Duration) {
        self.shared.state().delay = delay;
    }

    /// Answers the next `times` requests whose `METHOD path` starts with `request` with a status, without forwarding
    /// them.
    pub fn answer(&self, request: &str, status: u16, times: u32) {
        self.shared.state().answers.push((request.to_owned(), status, times));
    }

    /// Forwards the next request whose `METHOD path` starts with `request` and never delivers its response. The
    /// returned future completes when the response has arrived.
    pub fn keep_answer(&self, request: &str) -> impl Future<Output = ()> + use<> {
        let (answered, answer) = oneshot::channel();
        self.shared.state().kept.push((request.to_owned(), answered));
        async { answer.await.expect("the relay is there") }
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own_answer(&self, request: &str) -> Option<u16> {
        let mut state = self.state();
        let (_, status, left) =
            state.answers.iter_mut().find(|(wanted, _, left)| *left > 0 && request.starts_with(wanted.as_str()))?;
        *left -= 1;
        Some(*status)
    }

    fn keeper(&self, request: &str) -> Option<oneshot::Sender<()>> {
        let kept = &mut self.state().kept;
        let place = kept.iter().position(|(wanted, _)| request.starts_with(wanted.as_str()))?;
        Some(kept.remove(place).1)
    }
}

async fn pass(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        read.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            read.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)];
        read.read_exact(&mut body).await.ok()?;
        let names = headers.iter().map(|(name, _)| name.clone()).collect();
        let text = String::from_utf8_lossy(&body).into_owned();
        let delay = {
            let mut state = shared.state();
            state.passed.push(Passed { method: method.clone(), target: target.clone(), headers: names, body: text });
            state.delay
        };
        tokio::time::sleep(delay).await;
        let request = format!("{method} {target}");
        let (status, kept, body) = match shared.own_answer(&request) {
            Some(status) => (status, String::new(), Vec::new()),
            None => forward(shared, &method, &target, &headers, body).await?,
        };
        if let Some(answered) = shared.keeper(&request) {
            answered.send(()).ok()?;
            std::future::pending::<()>().await;
        }
        let head = format!("HTTP/1.1 {status} Relayed\r\n{kept}content-length: {}\r\n\r\n", body.len());
        write.write_all(head.as_bytes()).await.ok()?;
        write.write_all(&body).await.ok()?;
    }
}

async fn forward(
    shared: &Shared,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> Option<(u16, String, Vec<u8>)> {
    let mut request =
        shared.client.request(Method::from_bytes(method.as_bytes()).ok()?, shared.target.clone() + target);
    for (name, value) in headers.iter().filter(|(name, _)| !hop(name)) {
        request = request.header(name, value);
    }
    let response = request.body(body).send().await.ok()?;
    let status = response.status().as_u16();
    let mut kept = String::new();
    for (name, value) in response.headers().iter().filter(|(name, _)| !hop(name.as_str())) {
        kept.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    Some((status, kept, response.bytes().await.ok()?.to_vec()))
}

/// Returns whether a header is hop-by-hop.
fn hop(name: &str) -> bool {
    matches!(
        name,
        "connection" | "keep-alive" | "transfer-encoding" | "content-length" | "upgrade" | "te" | "http2-settings"
    )
}
