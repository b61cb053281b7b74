//! Browser sign-in: by form, at a certified provider, at a malicious provider, and on several replicas.

mod accounts;
mod attacks;
mod forgery;
mod form;
mod id_tokens;
mod issuers;
mod many_sessions;
pub mod provider;
mod replicas;

use identity_testkit::{Api, Browser, Reply};
use reqwest::{Method, Url};
use serde_json::Value;

/// Session cookie of a server that is reached by plain HTTP.
pub const SESSION: &str = "identity-session";
/// Cookie and header with the CSRF token of unsafe requests.
pub const CSRF: &str = "X-CSRF-TOKEN";

/// Returns the URL of a path on the server.
pub fn at(server: &Api, path: &str) -> Url {
    Url::parse(&format!("{}{path}", server.base())).expect("a URL")
}

/// Requests a path of the API with a browser.
pub async fn asks(browser: &mut Browser, server: &Api, path: &str) -> Reply {
    browser.get(at(server, path)).await
}

/// Sends JSON like a script of a page, with the CSRF token from the browser's cookie.
pub async fn sends(browser: &mut Browser, server: &Api, method: Method, path: &str, body: Option<&Value>) -> Reply {
    let token = browser.cookie(CSRF).unwrap_or_default().to_owned();
    let request = browser.request(method, at(server, path)).header(CSRF, token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    browser.send(request).await
}

/// Signs out like a script of a page. Returns the URL that the browser opens next.
pub async fn signs_out(browser: &mut Browser, server: &Api) -> String {
    let token = browser.cookie(CSRF).unwrap_or_default().to_owned();
    let request = browser.request(Method::POST, at(server, "/auth/logout"));
    let reply = browser.send(request.header(CSRF, token).header("accept", "application/json")).await;
    reply.expect_status(200).json()["url"].as_str().expect("a url").to_owned()
}

/// Returns the error code on the page of a failed sign-in.
#[track_caller]
pub fn code(reply: &Reply) -> String {
    let (_, rest) = reply.text.split_once("<code>").unwrap_or_else(|| panic!("no code: {reply:?}"));
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// Returns the value of a hidden form field.
#[track_caller]
pub fn hidden(reply: &Reply, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = reply.text.split_once(&field).unwrap_or_else(|| panic!("no {name}: {reply:?}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}
