//! Sign-in with username and password of a local user.

use identity_testkit::{Api, Browser, Reply};
use reqwest::Method;
use serde_json::json;

use super::{CSRF, SESSION, asks, at, hidden, sends, signs_out};
use crate::support::{Local, Store, column, done, refused, shows};

on_each_store!(
    a_person_signs_in_and_out,
    nobody_signs_in_with_what_another_site_sends,
    a_wrong_password_opens_nothing,
    a_changed_or_deleted_user_is_signed_out,
    sessions_are_seen_and_ended,
);

async fn form(browser: &mut Browser, server: &Api) -> Reply {
    browser.get(at(server, "/auth/login?return_to=/groups%3Fpage%3D2")).await.expect_status(200)
}

pub(super) async fn submit(browser: &mut Browser, server: &Api, username: &str, password: &str) -> Reply {
    let page = form(browser, server).await;
    let (csrf, return_to) = (hidden(&page, "_csrf"), hidden(&page, "return_to"));
    let fields = [("username", username), ("password", password), ("_csrf", &csrf), ("return_to", &return_to)];
    browser.submit(at(server, "/auth/login"), &fields).await
}

pub(super) async fn signed_in(server: &Api, username: &str, password: &str) -> Browser {
    let mut browser = Browser::default();
    _ = submit(&mut browser, server, username, password).await.expect_status(303);
    browser
}

async fn a_person_signs_in_and_out(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    let mut browser = Browser::default();
    let reply = submit(&mut browser, &server, "demo", "demo").await.expect_status(303);
    assert_eq!(reply.header("location"), Some("/groups?page=2"));
    let cookies: Vec<&str> =
        reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("it is there")).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with(SESSION)).expect("a session");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Max-Age") && !session.contains("Domain"), "{session}");
    assert!(browser.cookie(SESSION).is_some_and(|id| id.len() == 43), "256 bits");

    shows(asks(&mut browser, &server, "/api/me").await, &json!({"name": "Demo"}));
    shows(asks(&mut browser, &server, "/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    let me = asks(&mut browser, &server, "/v2/authentication/me").await.expect_status(200);
    assert_eq!(me.header(CSRF), browser.cookie(CSRF), "scripts learn the token");
    let group = json!({"name": "Sales"});
    _ = sends(&mut browser, &server, Method::POST, "/api/groups", Some(&group)).await.expect_status(201);

    let old = browser.clone();
    assert_eq!(signs_out(&mut browser, &server).await, "/auth/logged-out");
    assert!(browser.cookie(SESSION).is_none() && browser.cookie(CSRF).is_none());
    refused(&asks(&mut browser, &server, "/api/me").await, 401, "no_credentials");
    refused(&asks(&mut old.clone(), &server, "/api/me").await, 401, "session_ended");

    let records = local.audit().await;
    let of = |operation: &str| {
        let fits = |record: &&crate::support::store::AuditRecord| {
            record.entity_type == "SESSION" && record.operation == operation && record.result == "SUCCESS"
        };
        records.iter().filter(fits).map(|record| record.actor_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("CREATE"), [Some("demo".to_owned())]);
    assert_eq!(of("DELETE"), [Some("demo".to_owned())]);
    let id = old.cookie(SESSION).expect("it is there");
    assert!(records.iter().all(|record| !format!("{record:?}").contains(id)), "the record is no way in");
    assert!(!local.server.output().contains(id), "nor is the log");
}

async fn nobody_signs_in_with_what_another_site_sends(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    let login = at(&server, "/auth/login");
    let credentials = [("username", "demo"), ("password", "demo")];
    let mut browser = Browser::default();
    let no_token = browser.submit(login.clone(), &credentials).await;
    assert_eq!(no_token.status, 403);
    let token = hidden(&form(&mut browser, &server).await, "_csrf");
    let wrong = [credentials[0], credentials[1], ("_csrf", "x")];
    assert_eq!(browser.submit(login.clone(), &wrong).await.status, 403);
    let right = [credentials[0], credentials[1], ("_csrf", &token)];
    assert_eq!(Browser::default().submit(login.clone(), &right).await.status, 403, "without the form's cookie");
    for site in ["cross-site", "same-site"] {
        let request = browser.request(Method::POST, login.clone()).form(&right).header("sec-fetch-site", site);
        assert_eq!(browser.send(request).await.status, 403, "{site}");
    }
    assert!(browser.cookie(SESSION).is_none());

    // Requests of a browser with a session need the token as well.
    let mut browser = signed_in(&server, "demo", "demo").await;
    let group = json!({"name": "Evil"});
    let post = |browser: &Browser| browser.request(Method::POST, at(&server, "/api/groups")).json(&group);
    let other = signed_in(&server, "demo", "demo").await;
    let anothers = other.cookie(CSRF).expect("it is there").to_owned();
    let own = browser.cookie(CSRF).expect("it is there").to_owned();
    for request in [
        post(&browser),
        post(&browser).header(CSRF, "x"),
        post(&browser).header(CSRF, &anothers),
        post(&browser).header(CSRF, &own).header("sec-fetch-site", "cross-site"),
    ] {
        refused(&browser.send(request).await, 403, "csrf");
    }
    let logout = browser.request(Method::POST, at(&server, "/auth/logout"));
    refused(&browser.send(logout).await, 403, "csrf");
    // Credentials in a header are not cookies: another site cannot make a browser send them.
    let basic = post(&browser).basic_auth("demo", Some("demo"));
    _ = browser.send(basic).await.expect_status(201);
    shows(asks(&mut browser, &server, "/api/me").await, &json!({"name": "Demo"}));
    let denied = local.audit().await.into_iter().filter(|record| record.reason.as_deref() == Some("csrf"));
    // The first of the denials without a session, which come from one address, and each denial of the session.
    assert_eq!(denied.filter(|record| record.result == "DENIED").count(), 1 + 4);
}

async fn a_wrong_password_opens_nothing(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    let mut browser = Browser::default();
    for (username, password) in [("demo", "Demo"), ("nobody", "demo"), ("", "")] {
        let page = submit(&mut browser, &server, username, password).await.expect_status(401);
        assert!(
            page.text.contains("The username or password is incorrect, or the account is inactive."),
            "{}",
            page.text
        );
        assert!(browser.cookie(SESSION).is_none());
    }
    for target in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "%09//x"] {
        let reply = browser.get(at(&server, &format!("/auth/login?return_to={target}"))).await;
        assert_eq!((reply.status, super::code(&reply).as_str()), (400, "return_target"), "{target}");
        let token = hidden(&form(&mut browser, &server).await, "_csrf");
        let fields = [("username", "demo"), ("password", "demo"), ("_csrf", &*token), ("return_to", target)];
        let reply = browser.submit(at(&server, "/auth/login"), &fields).await;
        let goes_home = reply.status == 303 && reply.header("location").is_some_and(|to| to.starts_with("/%09"));
        assert!(reply.status == 400 || goes_home, "{target}: {reply:?}");
    }
    // A script receives JSON.
    let token = hidden(&form(&mut browser, &server).await, "_csrf");
    let fields = [("username", "demo"), ("password", "wrong")];
    let request = browser.request(Method::POST, at(&server, "/auth/login")).form(&fields);
    let reply = browser.send(request.header(CSRF, &token).header("accept", "application/json")).await;
    refused(&reply, 401, "password");
    let fields = [("username", "demo"), ("password", "demo")];
    let request = browser.request(Method::POST, at(&server, "/auth/login")).form(&fields);
    done(browser.send(request.header(CSRF, &token).header("accept", "application/json")).await);
    assert!(browser.cookie(SESSION).is_some());
}

async fn a_changed_or_deleted_user_is_signed_out(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    local.user("ann").await;
    local.user("bob").await;
    let (mut ann, mut bob) = (signed_in(&server, "ann", "secret").await, signed_in(&server, "bob", "secret").await);
    _ = asks(&mut ann, &server, "/api/me").await.expect_status(200);
    let changed = json!({"name": "Ann", "email": "ann@example.org", "password": "another"});
    _ = local.admin().put("/v2/users/ann", &changed).await.expect_status(200);
    refused(&asks(&mut ann, &server, "/api/me").await, 401, "session_ended");
    done(local.admin().delete("/v2/users/bob").await);
    refused(&asks(&mut bob, &server, "/api/me").await, 401, "session_ended");
    // An earlier session is not valid for a new user with the same name either.
    local.user("bob").await;
    refused(&asks(&mut bob, &server, "/api/me").await, 401, "session_ended");
}

async fn sessions_are_seen_and_ended(store: Store) {
    let local = Local::start(store).await;
    let server = local.anonymous();
    local.user("ann").await;
    let mut demo = signed_in(&server, "demo", "demo").await;
    let (mut one, mut two) = (signed_in(&server, "ann", "secret").await, signed_in(&server, "ann", "secret").await);

    let own = asks(&mut one, &server, "/api/me/sessions").await.expect_status(200);
    assert_eq!(own.header("x-total-count"), Some("2"));
    let current: Vec<bool> =
        own.json().as_array().expect("it is there").iter().map(|item| item["current"] == true).collect();
    assert_eq!(current.iter().filter(|current| **current).count(), 1);
    refused(&asks(&mut one, &server, "/api/sessions").await, 403, "forbidden");
    let all = asks(&mut demo, &server, "/api/sessions").await.expect_status(200).json();
    assert_eq!(column(&all, "username"), ["ann", "ann", "demo"]);
    let demos = column(&asks(&mut demo, &server, "/api/me/sessions").await.json(), "key").remove(0);
    let others = format!("/api/me/sessions/{demos}");
    refused(&sends(&mut one, &server, Method::DELETE, &others, None).await, 404, "missing");
    let foreign = format!("/api/sessions/{demos}");
    refused(&sends(&mut one, &server, Method::DELETE, &foreign, None).await, 403, "forbidden");

    done(sends(&mut one, &server, Method::DELETE, "/api/me/sessions", None).await);
    refused(&asks(&mut two, &server, "/api/me").await, 401, "session_ended");
    _ = asks(&mut one, &server, "/api/me").await.expect_status(200);
    done(sends(&mut demo, &server, Method::DELETE, "/api/sessions?username=ann", None).await);
    refused(&asks(&mut one, &server, "/api/me").await, 401, "session_ended");
    let key = column(&asks(&mut demo, &server, "/api/sessions?username=demo").await.json(), "key").remove(0);
    done(sends(&mut demo, &server, Method::DELETE, &format!("/api/sessions/{key}"), None).await);
    refused(&asks(&mut demo, &server, "/api/me").await, 401, "session_ended");
}

/// With HTTPS, other sites cannot set the cookies. With a base path, all paths and cookies are below it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_and_paths_follow_the_public_url() {
    let store = Store::sqlite();
    let launch = store
        .launch(&["dev"])
        .env("IDENTITY_SERVER_PUBLIC_URL", "https://platform.example/identity")
        .env("IDENTITY_SERVER_BASE_PATH", "/identity");
    let server = launch.start().await;
    let mut browser = Browser::default();
    let page = browser.get(at(server.http(), "/identity/auth/login")).await.expect_status(200);
    assert_eq!(hidden(&page, "return_to"), "/identity/");
    assert!(page.text.contains("action=\"/identity/auth/login\""), "{}", page.text);
    assert_eq!(page.header("strict-transport-security"), Some("max-age=31536000"));
    let policy = page.header("content-security-policy").expect("it is there");
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let token = hidden(&page, "_csrf");
    let fields = [("username", "demo"), ("password", "demo"), ("_csrf", &*token)];
    let reply = browser.submit(at(server.http(), "/identity/auth/login"), &fields).await.expect_status(303);
    assert_eq!(reply.header("location"), Some("/identity/"));
    let cookies: Vec<&str> =
        reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("it is there")).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-identity-session=")).expect("a session");
    assert!(session.contains("Secure") && session.contains("Path=/") && session.contains("HttpOnly"), "{session}");
    _ = asks(&mut browser, server.http(), "/identity/api/me").await.expect_status(200);
}
