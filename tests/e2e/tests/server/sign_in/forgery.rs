//! Requests that another site, or a page on a host name that resolves to this server, makes a browser send.

use identity_testkit::Browser;
use reqwest::Method;
use serde_json::json;

use super::{SESSION, at, hidden};
use crate::support::{Local, Store, refused, shows};

on_each_store!(a_form_needs_a_token_that_this_server_made);

const FORM: &str = "identity-sign-in-form";

async fn a_form_needs_a_token_that_this_server_made(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    let login = at(&server, "/auth/login");
    let chosen = "A".repeat(43);
    // Cookie and field set by an attacker, through a sibling host or over plain HTTP.
    for (cookie, field) in [("", ""), ("x", "x"), (&*chosen, &*chosen), ("", &*chosen), (&*chosen, "")] {
        let mut browser = Browser::default();
        browser.set_cookie(FORM, cookie);
        let fields = [("username", "demo"), ("password", "demo"), ("_csrf", field)];
        let reply = browser.submit(login.clone(), &fields).await;
        assert_eq!(reply.status, 403, "{cookie:?} {field:?}");
        assert!(browser.cookie(SESSION).is_none(), "{cookie:?} {field:?}");
    }
    // The form's own pair is accepted, also after a restart, because the key is stored beside the embedded database.
    let mut browser = Browser::default();
    let page = browser.get(login.clone()).await.expect_status(200);
    let token = hidden(&page, "_csrf");
    assert_ne!(browser.cookie(FORM), Some(&*token), "the cookie alone does not say the token");
    let fields = [("username", "demo"), ("password", "demo"), ("_csrf", &*token)];
    let _in = browser.submit(login, &fields).await.expect_status(303);
}

/// Browsers add a remembered password to requests that another site triggers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_password_is_not_taken_from_another_site() {
    let local = Local::shared().await;
    let demo = local.admin();
    for path in ["/api/me", "/v2/authentication/me"] {
        for site in ["cross-site", "same-site"] {
            let reply = demo.send(demo.request(Method::GET, path).header("sec-fetch-site", site)).await;
            assert_eq!(reply.status, 403, "{path} {site}: {reply:?}");
        }
        for site in ["same-origin", "none"] {
            let reply = demo.send(demo.request(Method::GET, path).header("sec-fetch-site", site)).await;
            assert_eq!(reply.status, 200, "{path} {site}: {reply:?}");
        }
    }
    let body = json!({"name": "Evil"});
    let post = demo.request(Method::POST, "/api/groups").json(&body).header("sec-fetch-site", "cross-site");
    refused(&demo.send(post).await, 403, "csrf");
    assert_eq!(demo.get("/api/me").await.status, 200, "who sends no such header is no browser");
}

/// A challenge makes a browser open its own dialog and remember the password for all later requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_not_asked_for_a_password_by_a_challenge() {
    let local = Local::shared().await;
    let api = local.anonymous();
    for (name, value) in
        [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none"), ("accept", "text/html,application/xhtml+xml")]
    {
        for api in [api.clone(), local.anonymous().basic("demo", "wrong")] {
            let reply = api.send(api.request(Method::GET, "/api/roles").header(name, value)).await;
            assert_eq!((reply.status, reply.header("www-authenticate")), (401, None), "{name}: {value}");
        }
    }
    let plain = api.get("/api/roles").await;
    assert_eq!(plain.header("www-authenticate"), Some(r#"Basic realm="identity", charset="UTF-8""#));
}

/// DNS rebinding: a page whose host name resolves to this machine is same-origin with its requests here, so such host
/// names are rejected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_answers_names_of_its_own_machine_only() {
    let local = Local::shared().await;
    let demo = local.admin();
    for path in ["/api/me", "/", "/auth/login", "/api/openapi.json", "/v2/topology"] {
        let reply = demo.send(demo.request(Method::GET, path).header("host", "evil.example:8080")).await;
        assert_eq!(reply.status, 421, "{path}: {reply:?}");
    }
    let problem = demo.send(demo.request(Method::GET, "/api/me").header("host", "127.0.0.1.evil.example")).await;
    refused(&problem, 421, "host");
    for host in ["localhost:1", "identity.localhost", "[::1]:8080", "127.0.0.1"] {
        shows(demo.send(demo.request(Method::GET, "/api/me").header("host", host)).await, &json!({"name": "Demo"}));
    }
    let management = local.server.management();
    let metrics = management.request(Method::GET, "/actuator/prometheus").header("host", "evil.example");
    assert_eq!(management.send(metrics).await.status, 421);
}

/// Names with invisible characters are rejected by every API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_without_hidden_characters_only() {
    let local = Local::shared().await;
    let admin = local.admin();
    let hidden = "ad\u{202E}nim";
    for (path, body) in [
        ("/api/groups", json!({"name": hidden})),
        ("/api/roles", json!({"name": "seen-1", "description": hidden})),
        ("/api/tenants", json!({"tenantId": "seen-1", "name": hidden})),
    ] {
        refused(&admin.post(path, &body).await, 400, "hidden_characters");
    }
    let user = json!({"username": "seen-1", "password": "secret", "name": hidden});
    assert_eq!(admin.post("/v2/users", &user).await.status, 400);
    let group = json!({"groupId": "seen-1", "name": "Seen", "description": hidden});
    assert_eq!(admin.post("/v2/groups", &group).await.status, 400);
}
