//! Malicious provider, browser or network. Each attack is rejected with its own reason, opens no session, and is
//! recorded.

use std::collections::BTreeMap;

use identity_testkit::{Browser, Reply, Server};
use reqwest::Url;
use serde_json::{Value, json};

use super::{SESSION, asks, at, code};
use crate::support::forge::{now, unsigned};
use crate::support::{AUDIENCE, Forge, Store, refused};

/// Returns a browser that comes back with wrong cookies, and the `state` that it sends.
type Lie = fn(&Begun, &Begun) -> (Browser, Option<String>);
type Sign = fn(&Site, &Value) -> String;

/// Server that is a client of two providers, both of which return the responses that a case needs.
struct Site {
    main: Forge,
    other: Forge,
    launch: identity_testkit::Launch,
    server: Server,
    store: Store,
}

/// Pending sign-in: the browser, and the parameters of its authorization request.
struct Begun {
    browser: Browser,
    sent: BTreeMap<String, String>,
}

impl Begun {
    fn state(&self) -> &str {
        &self.sent["state"]
    }

    /// Returns name and value of the cookie of the pending sign-in.
    fn transaction(&self) -> (String, String) {
        let found = self.browser.cookies().find(|(name, _)| name.starts_with("identity-sign-in-"));
        found.map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a sign-in under way")
    }
}

impl Site {
    async fn start() -> Self {
        let (store, main, other) = (Store::sqlite(), Forge::start("").await, Forge::start("").await);
        let mut launch = store
            .launch(&["serve"])
            .env("IDENTITY_PROFILE", "oidc")
            .env("IDENTITY_SERVER_PUBLIC_URL", "http://127.0.0.1:1")
            .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_NAME", "sub")
            .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_VALUE", "root")
            .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_PROVIDER", "main")
            .env("IDENTITY_AUTHENTICATION_PROVIDERS_OTHER_NAMESPACE", "other");
        for (name, forge) in [("MAIN", &main), ("OTHER", &other)] {
            let key = |key: &str| format!("IDENTITY_AUTHENTICATION_PROVIDERS_{name}_{key}");
            launch = launch
                .env(&key("ISSUER"), forge.issuer())
                .env(&key("AUDIENCES_0"), AUDIENCE)
                .env(&key("CLIENT_ID"), "identity")
                .env(&key("CLIENT_SECRET"), "s3cret")
                .env(&key("DISPLAY_NAME"), format!("Provider {name}"));
        }
        let server = launch.start().await;
        Self { main, other, launch, server, store }
    }

    async fn begin(&self, mut browser: Browser) -> Begun {
        let begin = browser.get(at(self.server.http(), "/auth/login?provider=main")).await.expect_status(303);
        let location = begin.location().expect("a location");
        Begun { browser, sent: location.query_pairs().into_owned().collect() }
    }

    /// Returns the redirect URL back from the provider.
    fn back(&self, query: &[(&str, &str)]) -> Url {
        let mut url = at(self.server.http(), "/auth/login-callback");
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// Returns the claims of a valid ID token for a sign-in, with these claims added or changed.
    fn id_token(&self, begun: &Begun, changes: &Value) -> Value {
        let mut claims = json!({"sub": "ann", "aud": "identity", "nonce": begun.sent["nonce"]});
        claims.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        self.main.claims(&claims)
    }

    fn good(&self, begun: &Begun) -> Value {
        self.answer(&self.main.signed(&json!({"typ": "JWT"}), &self.id_token(begun, &json!({}))))
    }

    fn answer(&self, id_token: &str) -> Value {
        json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": id_token})
    }

    /// Returns to the callback with a valid authorization response, while the token endpoint returns this status and
    /// body.
    async fn comes_back(&self, begun: &mut Begun, status: u16, answer: &Value) -> Reply {
        let _answering = self.main.redeems(status, answer).await;
        let back = self.back(&[("state", begun.state()), ("code", "c0de"), ("iss", self.main.issuer())]);
        begun.browser.get(back).await
    }

    /// Returns whether a denial with this reason was recorded. Repeated denials are counted without a separate record.
    async fn has_refusal(&self, reason: &str) -> bool {
        let records = self.store.audit(&self.launch).await;
        records.iter().any(|record| record.result == "DENIED" && record.reason.as_deref() == Some(reason))
    }

    /// Returns result and reason of the newest audit record.
    async fn last_record(&self) -> (String, Option<String>) {
        let record = self.store.audit(&self.launch).await.pop().expect("a record");
        (record.result, record.reason)
    }

    #[track_caller]
    fn refuses(&self, name: &str, reply: &Reply, expected: &str) {
        assert!((400..=503).contains(&reply.status), "{name}: {reply:?}");
        assert_eq!(code(reply), expected, "{name}");
        assert!(
            reply
                .headers
                .get_all("set-cookie")
                .iter()
                .all(|cookie| !cookie.to_str().expect("text").starts_with(SESSION))
        );
        assert!(!reply.text.contains("eyJ") && !reply.text.contains("c0de"), "{name}: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_answer_is_taken_and_counts_once() {
    let site = Site::start().await;
    let mut begun = site.begin(Browser::default()).await;
    let good = site.good(&begun);
    let cookie = begun.transaction();
    assert_eq!(site.comes_back(&mut begun, 200, &good).await.status, 303);
    let _signed_in = asks(&mut begun.browser, site.server.http(), "/api/me").await.expect_status(200);

    // Restores the browser's cookie, like an attacker who has read it.
    begun.browser.set_cookie(&cookie.0, &cookie.1);
    let reply = site.comes_back(&mut begun, 200, &good).await;
    site.refuses("the same answer again", &reply, "state_replayed");
    assert_eq!(site.last_record().await, ("DENIED".to_owned(), Some("state_replayed".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_belong_to_nothing_are_refused() {
    let site = Site::start().await;
    let issuer = site.main.issuer();
    let other = site.begin(Browser::default()).await;
    let cases: [(&str, Lie, &str); 6] = [
        ("no state", |begun, _| (begun.browser.clone(), None), "state_missing"),
        ("a state of nobody", |begun, _| (begun.browser.clone(), Some("x".repeat(43))), "sign_in_not_begun_here"),
        (
            "the state of another browser",
            |begun, other| (begun.browser.clone(), Some(other.state().to_owned())),
            "sign_in_not_begun_here",
        ),
        (
            "a sign-in that was tampered with",
            |begun, _| {
                let (mut browser, (name, value)) = (begun.browser.clone(), begun.transaction());
                browser.set_cookie(&name, &value.chars().rev().collect::<String>());
                (browser, Some(begun.state().to_owned()))
            },
            "sign_in_malformed",
        ),
        (
            "a sign-in that was cut short",
            |begun, _| {
                let (mut browser, (name, value)) = (begun.browser.clone(), begun.transaction());
                browser.set_cookie(&name, &value.chars().take(value.len() / 2).collect::<String>());
                (browser, Some(begun.state().to_owned()))
            },
            "sign_in_malformed",
        ),
        (
            "another browser's sign-in under this one's name",
            |begun, other| {
                let mut browser = begun.browser.clone();
                browser.set_cookie(&begun.transaction().0, &other.transaction().1);
                (browser, Some(begun.state().to_owned()))
            },
            "state_mismatch",
        ),
    ];
    for (name, lie, expected) in cases {
        let begun = site.begin(Browser::default()).await;
        let good = site.good(&begun);
        let _answering = site.main.redeems(200, &good).await;
        let (mut browser, state) = lie(&begun, &other);
        let mut query = vec![("code", "c0de"), ("iss", issuer)];
        query.extend(state.as_deref().map(|state| ("state", state)));
        let reply = browser.get(site.back(&query)).await;
        site.refuses(name, &reply, expected);
        assert_eq!(site.last_record().await, ("DENIED".to_owned(), Some(expected.to_owned())), "{name}");
        assert!(browser.cookie(SESSION).is_none(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_another_provider_are_refused() {
    let site = Site::start().await;
    let picker = Browser::default().get(at(site.server.http(), "/auth/login")).await.expect_status(200);
    assert!(picker.text.contains("Provider MAIN") && picker.text.contains("Provider OTHER"), "{}", picker.text);
    let unknown = Browser::default().get(at(site.server.http(), "/auth/login?provider=x")).await.expect_status(404);
    assert_eq!(code(&unknown), "provider_unknown");

    for (name, iss) in [("of another", Some(site.other.issuer())), ("of nobody", None), ("of none", Some(""))] {
        let mut begun = site.begin(Browser::default()).await;
        let good = site.good(&begun);
        let _answering = site.main.redeems(200, &good).await;
        let state = begun.state().to_owned();
        let mut query = vec![("code", "c0de"), ("state", &*state)];
        query.extend(iss.map(|iss| ("iss", iss)));
        let reply = begun.browser.get(site.back(&query)).await;
        site.refuses(name, &reply, "issuer_mismatch");
        assert_eq!(site.last_record().await, ("DENIED".to_owned(), Some("issuer_mismatch".to_owned())), "{name}");
    }

    // A token of the other provider in place of this provider's.
    let mut begun = site.begin(Browser::default()).await;
    let claims = site.id_token(&begun, &json!({"iss": site.other.issuer()}));
    let answer = site.answer(&site.other.signed(&json!({"typ": "JWT"}), &claims));
    let reply = site.comes_back(&mut begun, 200, &answer).await;
    site.refuses("a token of another", &reply, "token_issuer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_refuses_signs_nobody_in() {
    let site = Site::start().await;
    for (error, status) in [("access_denied", 403), ("login_required", 403), ("<script>alert(1)</script>", 403)] {
        let mut begun = site.begin(Browser::default()).await;
        let state = begun.state().to_owned();
        let query = [("state", &*state), ("error", error), ("error_description", "eyJ"), ("iss", site.main.issuer())];
        let reply = begun.browser.get(site.back(&query)).await;
        site.refuses(error, &reply, "provider_declined");
        assert_eq!(reply.status, status);
        assert!(!reply.text.contains("<script"), "{}", reply.text);
    }
    for (name, status, body, expected) in [
        ("a code that was used", 400, json!({"error": "invalid_grant"}), "grant_refused"),
        ("our credentials", 401, json!({"error": "invalid_client"}), "client_refused"),
        ("something else", 400, json!({"error": "invalid_scope"}), "provider_error"),
        ("no tokens", 200, json!({}), "provider_malformed"),
        ("no id token", 200, json!({"access_token": "a", "token_type": "Bearer"}), "provider_malformed"),
    ] {
        let mut begun = site.begin(Browser::default()).await;
        let reply = site.comes_back(&mut begun, status, &body).await;
        site.refuses(name, &reply, expected);
        assert_eq!(site.last_record().await, ("DENIED".to_owned(), Some(expected.to_owned())), "{name}");
    }
    let mut begun = site.begin(Browser::default()).await;
    let reply = site.comes_back(&mut begun, 503, &json!({})).await;
    site.refuses("a provider that is away", &reply, "provider_unavailable");
    assert_eq!(reply.status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn id_tokens_that_lie_are_refused() {
    let site = Site::start().await;
    let typ = json!({"typ": "JWT"});
    let cases: Vec<(&str, Value, &str)> = vec![
        ("another's nonce", json!({"nonce": "x"}), "nonce_mismatch"),
        ("no nonce", json!({"nonce": null}), "nonce_mismatch"),
        ("for another client", json!({"aud": "app"}), "token_audience"),
        ("for nobody", json!({"aud": null}), "token_audience"),
        (
            "for others too, issued to one of them",
            json!({"aud": ["identity", "app"], "azp": "app"}),
            "authorized_party",
        ),
        ("issued to another client", json!({"azp": "app"}), "authorized_party"),
        ("expired", json!({"exp": now() - 600}), "token_expired"),
        ("of the future", json!({"iat": now() + 600}), "token_not_yet_valid"),
        ("without an end", json!({"exp": null}), "token_missing_claim"),
        ("with an end of the wrong type", json!({"exp": "soon"}), "token_claim_type"),
        ("about nobody", json!({"sub": null}), "token_missing_claim"),
        ("about a fraction", json!({"sub": 7.5}), "token_claim_type"),
        ("with another access token", json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "access_token_hash"),
        ("a logout token", json!({"events": {}}), "token_type"),
    ];
    for (name, changes, expected) in &cases {
        let mut begun = site.begin(Browser::default()).await;
        let token = site.main.signed(&typ, &site.id_token(&begun, changes));
        let reply = site.comes_back(&mut begun, 200, &site.answer(&token)).await;
        site.refuses(name, &reply, expected);
        assert!(site.has_refusal(expected).await, "{name}");
    }
    let signatures: [(&str, Sign, &str); 5] = [
        ("unsigned", |_, claims| format!("{}.", unsigned(&json!({"alg": "none"}), claims)), "token_algorithm"),
        ("signed with the public key", |site, claims| site.main.signed_with_the_public_key(claims), "token_algorithm"),
        ("another's signature", |site, claims| site.other.signed(&json!({"typ": "JWT"}), claims), "token_signature"),
        (
            "an unknown key",
            |site, claims| site.main.signed(&json!({"typ": "JWT", "kid": "x"}), claims),
            "token_unknown_key",
        ),
        ("a logout token's type", |site, claims| site.main.signed(&json!({"typ": "logout+jwt"}), claims), "token_type"),
    ];
    for (name, sign, expected) in signatures {
        let mut begun = site.begin(Browser::default()).await;
        let token = sign(&site, &site.id_token(&begun, &json!({})));
        let reply = site.comes_back(&mut begun, 200, &site.answer(&token)).await;
        site.refuses(name, &reply, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_prepared_by_somebody_else_is_not_taken() {
    let site = Site::start().await;
    let fixed = "A".repeat(43);
    let mut browser = Browser::default();
    browser.set_cookie(SESSION, &fixed);
    let mut begun = site.begin(browser).await;
    let good = site.good(&begun);
    assert_eq!(site.comes_back(&mut begun, 200, &good).await.status, 303);
    let id = begun.browser.cookie(SESSION).expect("a session").to_owned();
    assert_ne!(id, fixed);
    let mut attacker = Browser::default();
    let mut last = id.clone();
    let end = if last.ends_with('A') { "B" } else { "A" };
    last.replace_range(42.., end);
    let short: String = id.chars().take(42).collect();
    for cookie in [&fixed, &*short, &last, &format!("{id}A"), "", "ü", &"A".repeat(5000)] {
        attacker.set_cookie(SESSION, cookie);
        let reply = asks(&mut attacker, site.server.http(), "/api/me").await;
        assert!([400, 401].contains(&reply.status), "{cookie}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logout_tokens_that_lie_end_nothing() {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let site = Site::start().await;
    let server = site.server.http();
    let mut begun = site.begin(Browser::default()).await;
    let good = site.good(&begun);
    assert_eq!(site.comes_back(&mut begun, 200, &good).await.status, 303);
    let mut browser = begun.browser;

    let claims = |changes: &Value| {
        let mut claims = json!({"sub": "ann", "aud": "identity", "jti": "j-1", "events": {EVENT: {}}});
        claims.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        let mut claims = site.main.claims(&claims);
        claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        claims
    };
    let typ = json!({"typ": "logout+jwt"});
    let told = async |token: &str| server.post_form("/auth/back-channel-logout", &[("logout_token", token)]).await;
    for (name, changes) in [
        ("old", json!({"iat": now() - 600})),
        ("expired", json!({"exp": now() - 600})),
        ("with a nonce", json!({"nonce": "n"})),
        ("without an id", json!({"jti": null})),
        ("without an event", json!({"events": null})),
        ("of another event", json!({"events": {"urn:x": {}}})),
        ("about nobody", json!({"sub": null})),
        ("for another client", json!({"aud": "app"})),
        ("for nobody", json!({"aud": null})),
    ] {
        let reply = told(&site.main.signed(&typ, &claims(&changes))).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.text);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.json()["error"], "invalid_request", "{name}");
        assert_eq!(site.last_record().await.0, "DENIED", "{name}");
    }
    let none = format!("{}.", unsigned(&json!({"alg": "none", "typ": "logout+jwt"}), &claims(&json!({}))));
    let foreign = site.other.signed(&typ, &claims(&json!({"iss": site.other.issuer(), "aud": "app"})));
    let forged = site.other.signed(&typ, &claims(&json!({})));
    let id_token =
        site.main.signed(&json!({"typ": "JWT"}), &site.main.claims(&json!({"sub": "ann", "aud": "identity"})));
    for token in [&*none, &*foreign, &*forged, &*id_token, "", "x", "a.b.c"] {
        assert_eq!(told(token).await.status, 400, "{token}");
    }
    assert_eq!(server.post_form("/auth/back-channel-logout", &[]).await.status, 400);
    let _alive = asks(&mut browser, server, "/api/me").await.expect_status(200);

    let token = site.main.signed(&typ, &claims(&json!({})));
    assert_eq!(told(&token).await.status, 200);
    refused(&asks(&mut browser, server, "/api/me").await, 401, "session_ended");
    let again = told(&token).await;
    assert_eq!((again.status, again.json()["error_description"].clone()), (400, json!("logout_token_replayed")));
}
