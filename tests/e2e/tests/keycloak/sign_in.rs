//! Sign-in at Keycloak.

use std::time::Duration;

use identity_testkit::{Browser, Keycloak, Proxy, Reply};
use reqwest::Url;
use serde_json::json;

use crate::support::{DEMO, MACHINE, creating};

/// Returns the target URL of the form on Keycloak's page.
pub fn form(page: &Reply) -> Url {
    let action = page.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    let action = action.unwrap_or_else(|| panic!("no form: {page:?}")).replace("&amp;", "&");
    page.url.join(&action).unwrap_or_else(|error| panic!("{action}: {error}"))
}

/// Begins sign-ins until Keycloak shows its page. Keycloak answers a logout before the end of its session is committed.
async fn sign_in_form(browser: &mut Browser, login: &Url) -> Reply {
    let start = tokio::time::Instant::now();
    loop {
        let begin = browser.get(login.clone()).await.expect_status(303);
        let page = browser.get(begin.location().unwrap_or_else(|| panic!("no way to Keycloak: {begin:?}"))).await;
        if page.status == 200 {
            return page;
        }
        let answer = format!("{} to {:?}", page.status, page.location().map(|url| url.path().to_owned()));
        assert!(start.elapsed() < Duration::from_secs(30), "Keycloak does not ask for credentials: {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_and_out_at_keycloak() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let door = Proxy::to_come().await;
    let public = format!("http://{}", door.address());
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(keycloak.base(), &realm.name).env("IDENTITY_SERVER_PUBLIC_URL", &public);
    let server = launch.start().await;
    door.lead_to(server.http().base().trim_start_matches("http://"));
    let at = |path: &str| Url::parse(&format!("{public}{path}")).expect("a URL");

    let mut browser = Browser::default();
    let begin = browser.get(at("/auth/login?return_to=/users")).await.expect_status(303);
    let page = browser.get(begin.location().expect("the way to Keycloak")).await.expect_status(200);
    let credentials = [("username", DEMO.0), ("password", DEMO.1), ("credentialId", "")];
    let back = browser.submit(form(&page), &credentials).await.location().expect("the way back");
    assert!(back.as_str().starts_with(&format!("{public}/auth/login-callback?")), "{back}");
    let reply = browser.get(back).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/users")), "{}", reply.text);

    // A session has the permissions and groups that the user's tokens would have.
    let permissions = browser.get(at("/api/me/permissions")).await.expect_status(200).json();
    assert_eq!(permissions, json!(["read", "read:secrets", "read:users", "write"]));
    let groups = browser.get(at("/api/groups/for-token")).await.expect_status(200).json();
    assert_eq!(groups.as_array().map(Vec::len), Some(1), "{groups}");
    let users = browser.get(at("/api/users?search=demo")).await.expect_status(200).json();
    assert_eq!(users[0]["username"], "demo", "{users}");

    // A logout by a Keycloak administrator ends the session.
    let id = users[0]["id"].as_str().expect("an id").to_owned();
    let mut other = browser.clone();
    _ = realm.api().await.post(&format!("/users/{id}/logout"), &json!({})).await.expect_status(204);
    let start = tokio::time::Instant::now();
    while other.get(at("/api/me")).await.status != 401 {
        assert!(start.elapsed() < Duration::from_secs(30), "the session has not ended; {}", server.output());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // The other direction: disabling the user here ends the session, and a logout here ends the session at Keycloak.
    let page = sign_in_form(&mut browser, &at("/auth/login")).await;
    let back = browser.submit(form(&page), &credentials).await.location().expect("the way back");
    assert_eq!(browser.get(back).await.status, 303);
    let signs_in_again = async |browser: &mut Browser| {
        let begin = browser.get(at("/auth/login")).await.expect_status(303);
        let page = browser.get(begin.location().unwrap_or_else(|| panic!("no way to Keycloak: {begin:?}"))).await;
        // The browser may still have a session at Keycloak.
        let back = match page.status {
            200 => browser.submit(form(&page), &credentials).await.location(),
            _ => page.location(),
        };
        assert_eq!(browser.get(back.expect("the way back")).await.status, 303);
    };
    let machine = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    let path = format!("/api/users/{id}");
    _ = machine.put(&path, &json!({"enabled": false})).await.expect_status(204);
    assert_eq!(browser.get(at("/api/me")).await.status, 401, "who is disabled here is signed out at once");
    _ = machine.put(&path, &json!({"enabled": true})).await.expect_status(204);
    signs_in_again(&mut browser).await;

    let token = browser.cookie("X-CSRF-TOKEN").expect("a token").to_owned();
    let request = browser.request(reqwest::Method::POST, at("/auth/logout"));
    let out = browser.send(request.header("X-CSRF-TOKEN", token).header("accept", "application/json")).await;
    let end = Url::parse(out.expect_status(200).json()["url"].as_str().expect("a url")).expect("a URL");
    let home = browser.get(end).await.location().expect("Keycloak sends browsers back without a question");
    assert!(home.as_str().starts_with(&format!("{public}/auth/logged-out?state=")), "{home}");
    let page = sign_in_form(&mut browser, &at("/auth/login")).await;
    assert!(page.text.contains("action=\""), "Keycloak asks for credentials again");
}
