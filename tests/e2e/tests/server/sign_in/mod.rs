//! Sign-in of browsers: by form, at a certified provider, at a hostile one, on several replicas.

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

/// The session cookie of a server that is reached by plain HTTP.
pub const SESSION: &str = "identity-session";
/// The cookie and header with the token for unsafe requests.
pub const CSRF: &str = "X-CSRF-TOKEN";

/// A path of a server.
pub fn at(server: &Api, path: &str) -> Url {
    Url::parse(&format!("{}{path}", server.base())).expect("a URL")
}

/// What the API answers to a browser.
pub async fn asks(browser: &mut Browser, server: &Api, path: &str) -> Reply {
    browser.get(at(server, path)).await
}

/// Sends JSON as a page's script does: with the token that the browser's cookie says.
pub async fn sends(browser: &mut Browser, server: &Api, method: Method, path: &str, body: Option<&Value>) -> Reply {
    let token = browser.cookie(CSRF).unwrap_or_default().to_owned();
    let request = browser.request(method, at(server, path)).header(CSRF, token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    browser.send(request).await
}

/// Signs out as a page's script does; where the browser goes next.
pub async fn signs_out(browser: &mut Browser, server: &Api) -> String {
    let token = browser.cookie(CSRF).unwrap_or_default().to_owned();
    let request = browser.request(Method::POST, at(server, "/auth/logout"));
    let reply = browser.send(request.header(CSRF, token).header("accept", "application/json")).await;
    reply.expect_status(200).json()["url"].as_str().expect("a url").to_owned()
}

/// The code on a page that says why nobody is signed in.
#[track_caller]
pub fn code(reply: &Reply) -> String {
    let (_, rest) = reply.text.split_once("<code>").unwrap_or_else(|| panic!("no code: {reply:?}"));
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// The value of a hidden field of a page's form.
#[track_caller]
pub fn hidden(reply: &Reply, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = reply.text.split_once(&field).unwrap_or_else(|| panic!("no {name}: {reply:?}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}
