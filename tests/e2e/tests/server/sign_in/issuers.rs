//! Two certified providers: access granted to a name at one provider does not apply to the same name at the other.

use identity_testkit::{Api, Browser, OidcProvider, Proxy, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::{asks, at, sends};
use crate::support::{AUDIENCE, Store, created, oidc, refused, rule, shows};

on_each_store!(a_name_at_one_provider_is_not_the_same_name_at_another);

/// Server that trusts two providers with the same users.
struct Site {
    main: OidcProvider,
    partner: OidcProvider,
    server: Server,
    _door: Proxy,
    _store: Store,
}

/// Starts the server. `partner_keys` is additional configuration of the second provider. Returns `None` if the test is
/// skipped.
async fn start(store: Store, partner_keys: &[(&str, &str)]) -> Option<Site> {
    let door = Proxy::to_come().await;
    let public = format!("http://{}", door.address());
    let config = json!({
        "audience": AUDIENCE,
        "clients": [{
            "client_id": "identity", "client_secret": "s3cret",
            "redirect_uris": [format!("{public}/auth/login-callback")],
        }],
        "users": {
            "root": {"name": "Root", "groups": ["admins"]},
            "ann": {"name": "Ann", "department": "sales", "groups": ["staff", "partner~staff"]},
            "partner~root": {"name": "Forged"},
        },
    });
    let (main, partner) = (OidcProvider::start(config.clone()).await?, OidcProvider::start(config).await?);
    let of_partner = |key: &str| format!("IDENTITY_AUTHENTICATION_PROVIDERS_PARTNER_{key}");
    let mut launch = oidc(&store, main.issuer(), "root")
        .env("IDENTITY_SERVER_PUBLIC_URL", &public)
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_PROVIDER", "main")
        .env(&of_partner("ISSUER"), partner.issuer())
        .env(&of_partner("AUDIENCES_0"), AUDIENCE)
        .env(&of_partner("CLIENT_ID_CLAIM"), "client")
        .env(&of_partner("CLIENT_ID"), "identity")
        .env(&of_partner("CLIENT_SECRET"), "s3cret");
    for (name, value) in partner_keys {
        launch = launch.env(name, *value);
    }
    let server = launch.start().await;
    door.lead_to(server.http().base().trim_start_matches("http://"));
    Some(Site { main, partner, server, _door: door, _store: store })
}

const NAMESPACE: (&str, &str) = ("IDENTITY_AUTHENTICATION_PROVIDERS_PARTNER_NAMESPACE", "partner");

impl Site {
    fn http(&self) -> &Api {
        self.server.http()
    }

    async fn signs_in(&self, provider: &OidcProvider, id: &str, sub: &str) -> Browser {
        let mut browser = Browser::default();
        let login = at(self.http(), &format!("/auth/login?provider={id}"));
        let reply = browser.get(login).await.expect_status(303);
        let back = provider.sign_in(&mut browser, reply.location().expect("a location"), sub).await;
        let _done = browser.get(back).await.expect_status(303);
        browser
    }

    async fn token(&self, provider: &OidcProvider, sub: &str) -> Api {
        self.http().clone().bearer(provider.user_token(sub, "identity", AUDIENCE).await)
    }
}

async fn a_name_at_one_provider_is_not_the_same_name_at_another(store: Store) {
    let Some(site) = start(store, &[NAMESPACE]).await else { return };
    let root = site.token(&site.main, "root").await;
    let same_name = site.token(&site.partner, "root").await;
    let username =
        async |api: &Api| api.get("/v2/authentication/me").await.expect_status(200).json()["username"].clone();
    assert_eq!(username(&root).await, "root");
    assert_eq!(username(&same_name).await, "partner~root");

    // The initial rule matches only tokens of its provider.
    shows(root.get("/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    shows(same_name.get("/api/me/permissions").await, &json!([]));
    refused(&same_name.get("/api/roles").await, 403, "forbidden");

    // Access granted to a user of one provider does not apply to users of another.
    let tenant = json!({"tenantId": "acme", "name": "Acme"});
    created(root.post("/v2/tenants", &tenant).await);
    let _done = root.put("/v2/tenants/acme/users/ann", &json!({})).await.expect_status(204);
    let (ann, partners_ann) = (site.token(&site.main, "ann").await, site.token(&site.partner, "ann").await);
    let tenants = async |api: &Api| {
        let me = api.get("/v2/authentication/me").await.expect_status(200).json();
        me["tenants"].as_array().expect("tenants").iter().any(|tenant| tenant["tenantId"] == "acme")
    };
    assert_eq!((tenants(&ann).await, tenants(&partners_ann).await), (true, false));
    let _done = root.put("/v2/tenants/acme/users/partner~ann", &json!({})).await.expect_status(204);
    assert!(tenants(&partners_ann).await);

    // The prefix cannot be forged, neither by a token nor in a browser.
    let forged = site.token(&site.main, "partner~root").await;
    refused(&forged.get("/api/me").await, 401, "token_namespace");
    assert_eq!(username(&site.token(&site.partner, "partner~root").await).await, "partner~partner~root");

    // A rule with an issuer matches no token of another issuer.
    for (name, issuer) in [("of main", Some(site.main.issuer())), ("of any", None)] {
        let mut body = rule(name, ("department", "sales"), "ROLE", &[]);
        body["issuer"] = json!(issuer);
        let made = created(root.post("/api/mapping-rules", &body).await);
        assert_eq!(made["issuer"], body["issuer"]);
    }
    let matched = async |token: String| -> Vec<String> {
        let seen = root.post("/access/v1/inspect", &json!({"token": token})).await.expect_status(200).json();
        let rules = seen["rules"].as_array().expect("rules").clone();
        let names = rules.iter().filter(|rule| rule["matches"] == true).map(|rule| rule["id"].as_str().expect("id"));
        names.map(str::to_owned).collect()
    };
    assert_eq!(matched(site.main.user_token("ann", "identity", AUDIENCE).await).await, ["of any", "of main"]);
    assert_eq!(matched(site.partner.user_token("ann", "identity", AUDIENCE).await).await, ["of any"]);

    // An omitted `issuer` keeps the value of the rule; `null` removes it.
    let mut change = rule("of main", ("department", "sales"), "ROLE", &[]);
    let _done = root.put("/api/mapping-rules/of%20main", &change).await.expect_status(204);
    let kept = root.get("/api/mapping-rules/of%20main").await.expect_status(200).json();
    assert_eq!(kept["issuer"], site.main.issuer());
    change["issuer"] = Value::Null;
    let _done = root.put("/api/mapping-rules/of%20main", &change).await.expect_status(204);
    assert_eq!(root.get("/api/mapping-rules/of%20main").await.json()["issuer"], Value::Null);

    sessions_are_apart(&site).await;

    // The audit log contains the authenticating issuer of each actor.
    let log = root.get("/api/audit-log?resultSize=1000").await.expect_status(200).json();
    let entries = log.as_array().expect("entries");
    let issuers_of = |actor: &str| -> Vec<&Value> {
        entries.iter().filter(|entry| entry["actorId"] == actor).map(|entry| &entry["actorIssuer"]).collect()
    };
    for (actor, issuer) in [("root", site.main.issuer()), ("partner~root", site.partner.issuer())] {
        let issuers = issuers_of(actor);
        assert!(!issuers.is_empty() && issuers.iter().all(|found| **found == issuer), "{actor}: {log:#}");
    }
    assert!(entries.iter().filter(|entry| entry["actorType"] == "SYSTEM").all(|entry| entry["actorIssuer"].is_null()));
}

/// Sessions of the same name at two providers are listed and ended separately, each with its issuer.
async fn sessions_are_apart(site: &Site) {
    let mut ours = site.signs_in(&site.main, "main", "root").await;
    let mut theirs = site.signs_in(&site.partner, "partner", "root").await;
    shows(asks(&mut ours, site.http(), "/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    shows(asks(&mut theirs, site.http(), "/api/me/permissions").await, &json!([]));
    let own = asks(&mut theirs, site.http(), "/api/me/sessions").await.expect_status(200).json();
    assert_eq!(own.as_array().map(Vec::len), Some(1), "{own}");
    assert_eq!(own[0]["issuer"], site.partner.issuer());
    let _done = sends(&mut theirs, site.http(), Method::DELETE, "/api/me/sessions", None).await.expect_status(204);
    shows(asks(&mut ours, site.http(), "/api/me").await, &json!({"name": "Root"}));
}

/// Start-up fails with two providers unless the configuration defines the namespaces of their names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_configuration_does_not_start() {
    let store = Store::sqlite();
    let launch = oidc(&store, "https://main.example", "root")
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_PROVIDER", "main")
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_PARTNER_ISSUER", "https://partner.example")
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_PARTNER_AUDIENCES_0", AUDIENCE);
    let Err(exited) = launch.try_start().await else { panic!("it started") };
    assert!(!exited.status.success());
    let said = format!("{}{}", exited.stdout, exited.stderr);
    assert!(said.contains("`authentication.providers.partner.namespace` is required"), "{said}");
    assert!(said.contains("shared-namespace: true"), "{said}");
}

/// The operator may declare that a name means the same user at both providers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_namespace_must_be_said() {
    let shared = [
        ("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_SHARED_NAMESPACE", "true"),
        ("IDENTITY_AUTHENTICATION_PROVIDERS_PARTNER_SHARED_NAMESPACE", "true"),
    ];
    let Some(site) = start(Store::sqlite(), &shared).await else { return };
    for provider in [&site.main, &site.partner] {
        let me = site.token(provider, "ann").await.get("/v2/authentication/me").await.expect_status(200).json();
        assert_eq!(me["username"], "ann");
    }
    // The initial rule still matches only tokens of its provider.
    shows(site.token(&site.partner, "root").await.get("/api/me/permissions").await, &json!([]));
}

/// Group names of the two providers are separate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claimed_groups_are_apart() {
    let groups = [
        NAMESPACE,
        ("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_GROUPS_CLAIM", "groups"),
        ("IDENTITY_AUTHENTICATION_PROVIDERS_PARTNER_GROUPS_CLAIM", "groups"),
    ];
    let Some(site) = start(Store::sqlite(), &groups).await else { return };
    let of = async |provider: &OidcProvider, sub: &str| {
        let me = site.token(provider, sub).await.get("/v2/authentication/me").await.expect_status(200).json();
        me["groups"].clone()
    };
    // A group name in the other provider's namespace is ignored.
    assert_eq!(of(&site.main, "ann").await, json!(["staff"]));
    assert_eq!(of(&site.partner, "ann").await, json!(["partner~partner~staff", "partner~staff"]));
    assert_eq!(of(&site.partner, "root").await, json!(["partner~admins"]));
}
