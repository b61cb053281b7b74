//! Sign-in at a certified OpenID provider.

use identity_testkit::{Browser, Launch, OidcProvider, Proxy, Server};
use reqwest::Url;
use serde_json::{Value, json};

use super::{SESSION, asks, at, code, hidden, signs_out};
use crate::support::{AUDIENCE, Store, eventually, oidc, refused, shows};

on_each_store!(somebody_signs_in_stays_and_signs_out, the_providers_word_ends_sessions,);

/// Provider, and a server whose public URL both know before either starts.
pub struct Site {
    pub provider: OidcProvider,
    pub launch: Launch,
    pub server: Server,
    pub store: Store,
    door: Proxy,
}

/// Settings of a site that a test changes.
#[derive(Clone)]
pub struct Wishes {
    /// Configuration of the provider.
    pub provider: Value,
    /// Additional environment variables of the server.
    pub environment: &'static [(&'static str, &'static str)],
}

impl Default for Wishes {
    fn default() -> Self {
        Self { provider: json!({"audience": AUDIENCE}), environment: &[] }
    }
}

impl Site {
    /// Starts a provider and a server. Returns `None` if the test is skipped.
    pub async fn start(store: Store, wishes: Wishes) -> Option<Self> {
        let door = Proxy::to_come().await;
        let public = format!("http://{}", door.address());
        let mut config = wishes.provider;
        config["clients"] = json!([{
            "client_id": "identity", "client_secret": "s3cret",
            "redirect_uris": [format!("{public}/auth/login-callback")],
            "post_logout_redirect_uris": [format!("{public}/auth/logged-out")],
            "backchannel_logout_uri": format!("{public}/auth/back-channel-logout"),
            "backchannel_logout_session_required": true,
        }]);
        config["users"] = json!({
            "root": {"name": "Root", "email": "root@example.org"},
            "ann": {"name": "Ann", "email": "ann@example.org", "department": "sales"},
        });
        let provider = OidcProvider::start(config).await?;
        let launch = launch(&store, &provider, &public, wishes.environment);
        let server = launch.start().await;
        door.lead_to(server.http().base().trim_start_matches("http://"));
        Some(Self { provider, launch, server, store, door })
    }

    /// Returns the public URL of the server.
    pub fn public(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// Signs in up to the redirect back from the provider. Returns its URL without following it.
    pub async fn to_the_way_back(&self, browser: &mut Browser, sub: &str, query: &str) -> Url {
        let reply = browser.get(at(self.server.http(), &format!("/auth/login{query}"))).await.expect_status(303);
        let authorize = reply.location().expect("a location");
        let back = self.provider.sign_in(browser, authorize, sub).await;
        assert!(back.as_str().starts_with(&format!("{}/auth/login-callback?", self.public())), "{back}");
        back
    }

    pub async fn signed_in(&self, sub: &str) -> Browser {
        let mut browser = Browser::default();
        let back = self.to_the_way_back(&mut browser, sub, "").await;
        let reply = browser.get(back).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        browser
    }
}

/// Returns the launch configuration of a server that is a client of the provider.
pub fn launch(store: &Store, provider: &OidcProvider, public: &str, more: &[(&str, &str)]) -> Launch {
    let of_provider = |key: &str| format!("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_{key}");
    let launch = oidc(store, provider.issuer(), "root")
        .env("IDENTITY_SERVER_PUBLIC_URL", public)
        .env(&of_provider("DISPLAY_NAME"), "The Main Provider");
    more.iter().fold(launch, |launch, (name, value)| launch.env(name, *value))
}

#[tokio::test]
async fn tabs_that_are_restored_together_all_sign_in() {
    let Some(site) = Site::start(Store::sqlite(), Wishes::default()).await else { return };
    let server = site.server.http();
    let mut browser = Browser::default();
    let mut authorize = Vec::new();
    for tab in 0..12 {
        let begin = browser.get(at(server, &format!("/auth/login?return_to=/tab/{tab}"))).await.expect_status(303);
        authorize.push(begin.location().expect("a location"));
    }
    for (tab, authorize) in authorize.into_iter().enumerate() {
        let back = site.provider.sign_in(&mut browser, authorize, "ann").await;
        let reply = browser.get(back).await.expect_status(303);
        assert_eq!(reply.header("location"), Some(&*format!("/tab/{tab}")));
    }
    for _ in 0..40 {
        assert_eq!(browser.get(at(server, "/auth/login")).await.status, 303);
    }
    assert_eq!(browser.cookies().filter(|(name, _)| name.starts_with("identity-sign-in-")).count(), 16);
}

async fn somebody_signs_in_stays_and_signs_out(store: Store) {
    let Some(site) = Site::start(store, Wishes::default()).await else { return };
    let server = site.server.http();
    let mut browser = Browser::default();
    let begin = browser.get(at(server, "/auth/login?return_to=/groups")).await.expect_status(303);
    let authorize = begin.location().expect("a location");
    let query: std::collections::BTreeMap<_, _> = authorize.query_pairs().into_owned().collect();
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["redirect_uri"], format!("{}/auth/login-callback", site.public()));
    for random in ["state", "nonce", "code_challenge"] {
        assert_eq!(query[random].len(), 43, "{random} is 256 bits");
    }
    assert!(query["scope"].split(' ').any(|scope| scope == "openid"));

    let back = site.provider.sign_in(&mut browser, authorize, "root").await;
    let reply = browser.get(back.clone()).await.expect_status(303);
    assert_eq!(reply.header("location"), Some("/groups"));
    assert!(!browser.cookies().any(|(name, _)| name.starts_with("identity-sign-in-")), "nothing of it is left");
    shows(asks(&mut browser, server, "/api/me").await, &json!({"name": "Root"}));
    shows(asks(&mut browser, server, "/api/me/permissions").await, &json!(["read", "read:users", "write"]));

    // Rules match the provider's claims, each with its source.
    let claims = asks(&mut browser, server, "/api/me/session").await.expect_status(200).json()["claims"].clone();
    assert_eq!(claims["sub"]["value"], "root");
    assert_eq!(claims["email"]["value"], "root@example.org");
    assert_eq!(claims["aud"]["source"], "ACCESS_TOKEN");
    assert!(claims.get("nonce").is_none());

    // No part of a token reaches the browser or the log.
    for secret in ["eyJ", "refresh"] {
        assert!(
            browser.cookies().filter(|(name, _)| name.contains("identity")).all(|(_, value)| !value.contains(secret))
        );
        assert!(!site.server.output().contains(secret), "{}", site.server.output());
    }

    // Replays the authorization response: in the same browser, which is signed in, and in another.
    assert_eq!(browser.get(back.clone()).await.expect_status(303).header("location"), Some("/"));
    let mut other = Browser::default();
    assert_eq!(code(&other.get(back).await.expect_status(400)), "sign_in_not_begun_here");
    assert!(other.cookie(SESSION).is_none());
    asks(&mut browser, server, "/api/me").await.expect_status(200).json();

    // Sessions survive a restart.
    let Site { provider, launch, server, store, door } = site;
    let _exited = server.terminate().await;
    let server = launch.start().await;
    door.lead_to(server.http().base().trim_start_matches("http://"));
    let site = Site { provider, launch, server, store, door };
    let server = site.server.http();
    shows(asks(&mut browser, server, "/api/me").await, &json!({"name": "Root"}));

    let old = browser.clone();
    let end = Url::parse(&signs_out(&mut browser, server).await).expect("the provider's URL");
    refused(&asks(&mut old.clone(), server, "/api/me").await, 401, "session_ended");
    let query: std::collections::BTreeMap<_, _> = end.query_pairs().into_owned().collect();
    assert!(query.contains_key("id_token_hint") && query.contains_key("state"), "{end}");
    assert_eq!(query["post_logout_redirect_uri"], format!("{}/auth/logged-out", site.public()));
    let ask = browser.get(end).await.expect_status(200);
    let confirm = Url::parse(&format!("{}/session/end/confirm", site.provider.issuer())).expect("a URL");
    let confirmed = browser.submit(confirm, &[("xsrf", &hidden(&ask, "xsrf")), ("logout", "yes")]).await;
    let home = confirmed.location().expect("the way back");
    assert!(home.as_str().starts_with(&format!("{}/auth/logged-out?state=", site.public())), "{home}");
    let page = browser.get(home).await.expect_status(200);
    assert!(page.text.contains("You are signed out"), "{}", page.text);

    // The provider prompts for credentials again.
    let begin = browser.get(at(server, "/auth/login")).await.expect_status(303);
    let asked = browser.get(begin.location().expect("a location")).await;
    assert!(asked.location().is_some_and(|to| to.path().starts_with("/interaction/")), "{asked:?}");
}

async fn the_providers_word_ends_sessions(store: Store) {
    let Some(site) = Site::start(store, Wishes::default()).await else { return };
    let server = site.server.http();
    let (mut one, mut two) = (site.signed_in("ann").await, site.signed_in("ann").await);
    asks(&mut one, server, "/api/me").await.expect_status(200).json();

    // A logout at the provider in one browser ends that browser's session here.
    let end = Url::parse(&format!("{}/session/end", site.provider.issuer())).expect("a URL");
    let ask = one.get(end).await.expect_status(200);
    let confirm = Url::parse(&format!("{}/session/end/confirm", site.provider.issuer())).expect("a URL");
    let _confirmed = one.submit(confirm, &[("xsrf", &hidden(&ask, "xsrf")), ("logout", "yes")]).await;
    eventually("the end of the session", async || {
        let reply = asks(&mut one, server, "/api/me").await;
        if reply.status == 401 { Ok(()) } else { Err(format!("{reply:?}")) }
    })
    .await;
    refused(&asks(&mut one, server, "/api/me").await, 401, "session_ended");
    shows(asks(&mut two, server, "/api/me").await, &json!({"name": "Ann"}));
    let records = site.store.audit(&site.launch).await;
    assert!(records.iter().any(|record| record.reason.as_deref() == Some("back_channel_logout")), "{records:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_info_says_what_the_tokens_lack() {
    // Access tokens without this server's audience are opaque and valid for UserInfo.
    let wishes = Wishes {
        provider: json!({"conformIdTokenClaims": true}),
        environment: &[("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_USERNAME_CLAIM", "email")],
    };
    let Some(site) = Site::start(Store::sqlite(), wishes).await else { return };
    let mut browser = site.signed_in("ann").await;
    let claims = asks(&mut browser, site.server.http(), "/api/me/session").await.json()["claims"].clone();
    assert_eq!(claims["sub"]["source"], "ID_TOKEN");
    assert_eq!(claims["email"]["value"], "ann@example.org");
    let me = asks(&mut browser, site.server.http(), "/v2/authentication/me").await.expect_status(200).json();
    assert_eq!(me["username"], "ann@example.org");
}

/// Short-lived access tokens: the session is renewed, and ends when the provider refuses the renewal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_renewed_for_as_long_as_the_provider_vouches() {
    let wishes = Wishes { provider: json!({"audience": AUDIENCE, "accessTokenTtl": 2}), environment: &[] };
    let Some(site) = Site::start(Store::sqlite(), wishes).await else { return };
    let server = site.server.http();
    let mut browser = site.signed_in("ann").await;
    let renewals = async |browser: &mut Browser| {
        let reply = asks(browser, server, "/api/me/session").await;
        (reply.status, reply.status == 200 && reply.json()["claims"]["sub"]["value"] == "ann")
    };
    let first = asks(&mut browser, server, "/api/me/session").await.json()["claims"]["exp"]["value"].clone();
    eventually("a renewal", async || {
        let reply = asks(&mut browser, server, "/api/me/session").await.expect_status(200).json();
        let now = reply["claims"]["exp"]["value"].clone();
        if now == first { Err(now.to_string()) } else { Ok(()) }
    })
    .await;
    assert_eq!(renewals(&mut browser).await, (200, true));

    // A provider outage ends no session.
    site.provider.down().await;
    eventually("a renewal that fails", async || {
        assert_eq!(renewals(&mut browser).await, (200, true));
        if site.server.output().contains("session.renewal.failed") { Ok(()) } else { Err("none".to_owned()) }
    })
    .await;
    site.provider.up().await;
    assert_eq!(renewals(&mut browser).await, (200, true));
}
