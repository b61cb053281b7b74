//! One session on two replicas.

use identity_testkit::{Api, Browser, OidcProvider, Proxy, Server};
use reqwest::{Method, Url};
use serde_json::json;

use super::provider::launch;
use super::{asks, at, hidden, sends, signs_out};
use crate::support::{AUDIENCE, Store, created, done, eventually, refused, rule, shows};

struct Pair {
    provider: OidcProvider,
    servers: [Server; 2],
    /// Public address, which leads to the first replica.
    _door: Proxy,
    _store: Store,
}

impl Pair {
    /// Starts a provider and two replicas. Returns `None` if the test is skipped.
    async fn start(token_seconds: u32) -> Option<Self> {
        let store = Store::postgres().await?;
        let door = Proxy::to_come().await;
        let public = format!("http://{}", door.address());
        let provider = OidcProvider::start(json!({
            "audience": AUDIENCE, "accessTokenTtl": token_seconds,
            "clients": [{
                "client_id": "identity", "client_secret": "s3cret",
                "redirect_uris": [format!("{public}/auth/login-callback")],
                "backchannel_logout_uri": format!("{public}/auth/back-channel-logout"),
                "backchannel_logout_session_required": true,
            }],
            "users": {"root": {"name": "Root"}, "ann": {"name": "Ann", "department": "sales"}},
        }))
        .await?;
        let (one, two) = (launch(&store, &provider, &public, &[]), launch(&store, &provider, &public, &[]));
        let (one, two) = tokio::join!(one.start(), two.start());
        door.lead_to(one.http().base().trim_start_matches("http://"));
        Some(Self { provider, servers: [one, two], _door: door, _store: store })
    }

    /// Signs in: starts at one replica and comes back to the other.
    async fn signed_in(&self, sub: &str) -> Browser {
        let [one, two] = &self.servers;
        let mut browser = Browser::default();
        let begin = browser.get(at(one.http(), "/auth/login")).await.expect_status(303);
        let back = self.provider.sign_in(&mut browser, begin.location().expect("a location"), sub).await;
        let path = format!("{}?{}", back.path(), back.query().expect("a query"));
        _ = browser.get(at(two.http(), &path)).await.expect_status(303);
        browser
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_the_same_everywhere_and_ends_everywhere_on_postgres() {
    let Some(pair) = Pair::start(300).await else { return };
    let [one, two] = [pair.servers[0].http(), pair.servers[1].http()];
    let mut browser = pair.signed_in("ann").await;
    for server in [one, two] {
        shows(asks(&mut browser, server, "/api/me").await, &json!({"name": "Ann"}));
    }
    let old = browser.clone();
    let _end = signs_out(&mut browser, two).await;
    for server in [one, two] {
        refused(&asks(&mut old.clone(), server, "/api/me").await, 401, "session_ended");
    }

    // A back-channel logout at one replica ends the session on the other.
    let mut browser = pair.signed_in("ann").await;
    let end = Url::parse(&format!("{}/session/end", pair.provider.issuer())).expect("a URL");
    let ask = browser.get(end).await.expect_status(200);
    let confirm = Url::parse(&format!("{}/session/end/confirm", pair.provider.issuer())).expect("a URL");
    let _confirmed = browser.submit(confirm, &[("xsrf", &hidden(&ask, "xsrf")), ("logout", "yes")]).await;
    eventually("the end of the session on the other replica", async || {
        let reply = asks(&mut browser, two, "/api/me").await;
        if reply.status == 401 { Ok(()) } else { Err(format!("{reply:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_on_one_is_gone_from_the_sessions_of_the_other_on_postgres() {
    let Some(pair) = Pair::start(300).await else { return };
    let [one, two] = [pair.servers[0].http(), pair.servers[1].http()];
    let (mut root, mut ann) = (pair.signed_in("root").await, pair.signed_in("ann").await);
    refused(&asks(&mut ann, two, "/api/roles").await, 403, "forbidden");
    let by_department = rule("sales administer", ("department", "sales"), "ROLE", &["admin"]);
    let made = super::sends(&mut root, one, reqwest::Method::POST, "/api/mapping-rules", Some(&by_department)).await;
    let id = created(made)["id"].as_str().expect("an id").to_owned();
    eventually("the grant on the other replica", async || {
        let reply = asks(&mut ann, two, "/api/roles").await;
        if reply.status == 200 { Ok(()) } else { Err(format!("{reply:?}")) }
    })
    .await;
    done(super::sends(&mut root, one, reqwest::Method::DELETE, &format!("/api/mapping-rules/{id}"), None).await);
    eventually("the revocation on the other replica", async || {
        let reply = asks(&mut ann, two, "/api/roles").await;
        if reply.status == 403 { Ok(()) } else { Err(format!("{reply:?}")) }
    })
    .await;
}

/// Refresh tokens are single-use: a provider that rotates them revokes the whole grant when one is reused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_do_not_renew_twice_on_postgres() {
    let Some(pair) = Pair::start(2).await else { return };
    let [one, two] = [pair.servers[0].http(), pair.servers[1].http()];
    let browser = pair.signed_in("ann").await;
    let ask = async |server| {
        let reply = asks(&mut browser.clone(), server, "/api/me/session").await.expect_status(200);
        reply.json()["claims"]["exp"]["value"].clone()
    };
    let first = ask(one).await;
    eventually("a renewal while both are asked at once", async || {
        let (a, b, c, d) = tokio::join!(ask(one), ask(two), ask(one), ask(two));
        if [a, b, c, d].iter().all(|exp| *exp != first) { Ok(()) } else { Err(first.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_replica_decides_by_the_session_and_then_by_the_last_sign_in_on_postgres() {
    let Some(pair) = Pair::start(300).await else { return };
    let [one, two] = [pair.servers[0].http(), pair.servers[1].http()];
    let mut root = pair.signed_in("root").await;
    let sales = rule("sales", ("department", "sales"), "ROLE", &["readonly-admin"]);
    created(sends(&mut root, one, Method::POST, "/api/mapping-rules", Some(&sales)).await);
    let about = |who: &str, action: &str| {
        json!({"subject": {"type": "user", "id": who}, "action": {"name": action},
            "resource": {"type": "api", "id": "camunda-identity-resource-server"}})
    };
    let mut explains = async |server: &Api, who: &str, action: &str| {
        let body = about(who, action);
        let evaluated = sends(&mut root, server, Method::POST, "/access/v1/evaluation", Some(&body)).await;
        let explained = sends(&mut root, server, Method::POST, "/access/v1/explain", Some(&body)).await;
        let (evaluated, explained) = (evaluated.expect_status(200).json(), explained.expect_status(200).json());
        assert_eq!(evaluated["decision"], explained["decision"]);
        assert_eq!(evaluated["context"]["reason"], explained["reason"]);
        explained
    };
    let unknown = explains(one, "bob", "read").await;
    assert_eq!((&unknown["reason"], &unknown["subject"]["basis"]), (&json!("token_required"), &json!("STORED")));
    assert_eq!(unknown.get("explanation"), None, "no remedies for what is not known: {unknown}");

    let mut ann = pair.signed_in("ann").await;
    for server in [one, two] {
        let allowed = explains(server, "ann", "read").await;
        assert_eq!((&allowed["decision"], &allowed["subject"]["basis"]), (&json!(true), &json!("SESSION")));
        let denied = explains(server, "ann", "write").await;
        assert_eq!((&denied["decision"], denied.get("reason")), (&json!(false), None));
        assert!(denied["explanation"]["because"].is_array(), "{denied}");
    }
    shows(asks(&mut ann, two, "/api/me").await, &json!({"name": "Ann"}));
    let _end = signs_out(&mut ann, two).await;
    for server in [one, two] {
        let allowed = eventually("the last sign-in", async || {
            let said = explains(server, "ann", "read").await;
            if said["subject"]["basis"] == "LAST_SIGN_IN" { Ok(said) } else { Err(said.to_string()) }
        });
        let allowed = allowed.await;
        assert_eq!(allowed["decision"], true, "{allowed}");
        assert!(allowed["subject"]["basisAt"].is_string(), "{allowed}");
    }
    let path = "/access/v1/review/administrators?format=csv";
    assert_eq!(asks(&mut root, one, path).await.header("x-identity-incomplete"), Some("members_by_token"));
}
