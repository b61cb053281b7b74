//! Mutated requests from a committed corpus: no response is a server error, and each arrives in time. Covers the
//! parsers of bodies, filters, cursors, page tokens and queries.

use std::time::Duration;

use identity_fuzz::fuzz;
use reqwest::Method;

use crate::support::{Local, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn almost_right_requests_are_answered() {
    let local = Local::start(Store::sqlite()).await;
    let api = local.admin();
    assert_eq!(api.get("/api/me").await.status, 200);
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        fuzz("request", |input| {
            // Method and path, then the body after the first line break.
            let text = String::from_utf8_lossy(input);
            let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
            let (method, path) = head.split_once(' ').unwrap_or(("POST", head));
            let method = if method == "GET" { Method::GET } else { Method::POST };
            let in_path = |c: char| c.is_ascii_graphic() && !matches!(c, '#' | '\\');
            let path: String = path.chars().filter(|c| in_path(*c)).take(2000).collect();
            let path = path.strip_prefix('/').unwrap_or(&path);
            let request = api.request(method, &format!("/{path}")).header("content-type", "application/json");
            let request = request.body(body.to_owned()).timeout(Duration::from_secs(10));
            let reply = runtime.block_on(api.send(request));
            assert!(reply.status < 500, "{} said {}", reply.url, reply.text);
        });
    });
    done.await.expect("every input is answered");
    drop(local);
}
