//! Delivery of the admin UI.

use identity_testkit::{Api, Reply};
use reqwest::Method;

use crate::support::{Local, Store, refused};

/// Requests a page like a browser that navigates to it.
async fn navigates(api: &Api, path: &str, cookie: &str) -> Reply {
    let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    api.send(api.request(Method::GET, path).header("accept", accept).header("cookie", cookie)).await
}

/// Cookie that only indicates a possible session.
const SOME_SESSION: &str = "identity-session=x";

/// Returns the paths of the assets that the page loads.
fn assets(page: &Reply) -> Vec<String> {
    let named = page.text.split(['"', '\'']).filter(|text| text.starts_with("./assets/"));
    named.map(|path| path.trim_start_matches('.').to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_asked_for_each_time_and_what_it_loads_once() {
    let local = Local::shared().await;
    let api = local.anonymous();
    let page = navigates(&api, "/", SOME_SESSION).await.expect_status(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.text.contains("<style") && !page.text.contains("style="), "{}", page.text);
    assert!(!page.text.contains("<script>"), "{}", page.text);

    let assets = assets(&page);
    assert!(assets.len() > 2, "{}", page.text);
    for asset in &assets {
        let plain = api.send(api.request(Method::GET, asset)).await.expect_status(200);
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"), "{asset}");
        assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
        assert_eq!(plain.header("content-encoding"), None);
        let small = api.send(api.request(Method::GET, asset).header("accept-encoding", "br, gzip;q=0.5")).await;
        assert_eq!(small.header("content-encoding"), Some("gzip"), "{asset}");
        let refuses = api.send(api.request(Method::GET, asset).header("accept-encoding", "gzip;q=0")).await;
        assert_eq!(refuses.header("content-encoding"), None, "{asset}");
    }
    let head = api.send(api.request(Method::HEAD, "/").header("cookie", SOME_SESSION)).await.expect_status(200);
    assert_eq!((head.header("cache-control"), &*head.text), (Some("no-cache"), ""));
    refused(&api.send(api.request(Method::POST, "/")).await, 405, "no_such_method");
    let _ = api.get("/favicon.svg").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_shown_at_their_addresses_and_nothing_else_is() {
    let local = Local::shared().await;
    let api = local.anonymous();
    for path in ["/groups", "/roles/Web%20Modeler", "/tenants/%3Cdefault%3E", "/audit-log?result=DENIED", "/nothing"] {
        let page = navigates(&api, path, SOME_SESSION).await.expect_status(200);
        assert!(page.text.contains(r#"<base href="/">"#), "{}", page.text);
        // Other clients receive 404.
        refused(&api.get(path).await, 404, "no_such_path");
    }
    for path in ["/auth/nothing", "/actuator/health", "/.well-known/nothing", "/assets/nothing.js", "/access/nothing"] {
        refused(&navigates(&api, path, SOME_SESSION).await, 404, "no_such_path");
    }
    for path in ["/api/nothing", "/v2/nothing"] {
        let reply = navigates(&api, path, "").await;
        assert_eq!(reply.status, 401, "{path} is the API's: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_sign_in_first_and_come_back() {
    let local = Local::shared().await;
    let reply = navigates(&local.anonymous(), "/groups?q=a", "").await.expect_status(303);
    assert_eq!(reply.header("location"), Some("/auth/login?return_to=%2Fgroups%3Fq%3Da"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_below_the_base_path() {
    let launch = Store::sqlite().launch(&["dev"]).env("IDENTITY_SERVER_BASE_PATH", "/identity");
    let server = launch.start().await;
    let api = server.http();
    for path in ["/identity", "/identity/", "/identity/groups"] {
        let page = navigates(api, path, SOME_SESSION).await.expect_status(200);
        assert!(page.text.contains(r#"<base href="/identity/">"#), "{}", page.text);
        for asset in assets(&page) {
            let _ = api.get(&format!("/identity{asset}")).await.expect_status(200);
        }
    }
    refused(&navigates(api, "/", SOME_SESSION).await, 404, "no_such_path");
    let reply = navigates(api, "/identity/groups", "").await.expect_status(303);
    assert_eq!(reply.header("location"), Some("/identity/auth/login?return_to=%2Fidentity%2Fgroups"));
}

/// A challenge would make a browser open its own dialog, and the page's script would wait indefinitely.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_are_not_challenged() {
    let local = Local::shared().await;
    let api = local.anonymous();
    let request = api.request(Method::GET, "/api/capabilities").header("x-requested-with", "XMLHttpRequest");
    let reply = api.send(request).await;
    refused(&reply, 401, "no_credentials");
    assert_eq!(reply.header("www-authenticate"), None);
    assert!(api.get("/api/capabilities").await.header("www-authenticate").is_some());
}
