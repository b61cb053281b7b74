//! Tokens as providers issue them: an invalid element is ignored and reported, and the principal remains valid.

use identity_testkit::{Api, Launch, Server};
use serde_json::{Value, json};

use crate::support::{Forge, ROOT, Store, eventually, oidc, refused};

on_each_store!(a_bad_group_costs_the_group_alone, groups_are_read_in_the_form_of_their_provider, a_kind_has_its_habits);

const KEY: &str = "IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_";

fn with(launch: Launch, settings: &[(&str, &str)]) -> Launch {
    settings.iter().fold(launch, |launch, (key, value)| launch.env(&format!("{KEY}{key}"), *value))
}

fn groups_of(me: &Value) -> Vec<String> {
    me["groups"].as_array().expect("groups").iter().map(|group| group.as_str().expect("an id").to_owned()).collect()
}

async fn me(server: &Server, token: &str) -> Value {
    server.http().bearer(token).get("/v2/authentication/me").await.expect_status(200).json()
}

async fn groups_step(root: &Api, token: &str) -> Value {
    let inspected = root.post("/access/v1/inspect", &json!({"token": token})).await.expect_status(200).json();
    inspected["steps"].as_array().expect("steps").iter().find(|step| step["check"] == "groups").expect("a step").clone()
}

async fn a_bad_group_costs_the_group_alone(store: Store) {
    let forge = Forge::start("").await;
    let launch = with(oidc(&store, forge.issuer(), ROOT), &[("GROUPS_CLAIM", "groups"), ("USERNAME_CLAIM", "u")]);
    let server = launch.start().await;
    let root = server.http().bearer(forge.token(&json!({"sub": ROOT, "u": "root"})));

    let long = format!("CN=secret,{}", "x".repeat(265));
    let token = forge.token(&json!({"sub": "a", "u": "ann", "groups": ["ops", long, 12, {"id": "x"}, null, "dev"]}));
    assert_eq!(groups_of(&me(&server, &token).await), ["12", "dev", "ops"]);
    let step = groups_step(&root, &token).await;
    assert_eq!(step["passed"], true);
    let detail = step["detail"].as_str().expect("a detail");
    assert!(detail.contains("275 characters") && detail.contains("position 2"), "{detail}");
    assert!(detail.contains("is an object") && detail.contains("position 4"), "{detail}");
    let output = server.says("275 characters").await;
    assert!(!output.contains("secret"), "a value of a claim is in the log");
    let metric = |reason: &str| {
        format!("identity_token_claim_remarks_total{{issuer=\"{}\",reason=\"{reason}\"}}", forge.issuer())
    };
    eventually("metrics", async || {
        let text = server.management().get("/actuator/prometheus").await.text;
        if text.contains(&metric("too_long")) && text.contains(&metric("type")) { Ok(()) } else { Err(text) }
    })
    .await;

    let numeric = forge.token(&json!({"sub": "b", "u": 123_456_789, "groups": []}));
    assert_eq!(me(&server, &numeric).await["username"], "123456789");
    let service = forge.token(&json!({"sub": "c", "client": 42}));
    let _ = server.http().bearer(service).get("/api/me").await.expect_status(200);
    refused(&server.http().bearer(forge.token(&json!({"u": {}}))).get("/api/me").await, 401, "token_claim_type");

    let overage = json!({"sub": "d", "u": "dora", "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}});
    let token = forge.token(&overage);
    assert_eq!(groups_of(&me(&server, &token).await), [""; 0]);
    let step = groups_step(&root, &token).await;
    assert!(step["detail"].as_str().expect("a detail").contains("_claim_names"), "{step}");

    for (name, value) in [("cnf", Value::Null), ("aud", json!(["identity-api", null]))] {
        let mut claims = forge.claims(&json!({"u": "ann"}));
        claims[name] = value;
        let token = forge.signed(&json!({"typ": "JWT"}), &claims);
        assert_eq!(me(&server, &token).await["username"], "ann", "{name}");
    }
}

async fn groups_are_read_in_the_form_of_their_provider(store: Store) {
    let forge = Forge::start("").await;
    let roles = "$['urn:zitadel:iam:org:project:roles']";
    let zitadel = json!({"urn:zitadel:iam:org:project:roles": {"operator": {"123": "acme.example"}, "viewer": {}}});
    let cases = [
        (
            &[("GROUPS_CLAIM", "groups"), ("GROUPS_CLAIM_AS", "split")][..],
            json!({"groups": "ops, dev"}),
            ["dev", "ops"],
        ),
        (
            &[("GROUPS_CLAIM", "groups"), ("GROUPS_CLAIM_AS", "json")],
            json!({"groups": "[\"ops\",\"dev\"]"}),
            ["dev", "ops"],
        ),
        (&[("GROUPS_CLAIM", roles), ("KIND", "zitadel")], zitadel.clone(), ["operator", "viewer"]),
        (&[("GROUPS_CLAIM", roles), ("GROUPS_CLAIM_AS", "keys")], zitadel, ["operator", "viewer"]),
        (
            &[("GROUPS_CLAIM", "teams"), ("GROUPS_CLAIM_AS", "field"), ("GROUPS_CLAIM_FIELD", "id")],
            json!({"teams": [{"id": "ops"}, {"id": 7}]}),
            ["7", "ops"],
        ),
    ];
    for (settings, mut claims, expected) in cases {
        let server = with(oidc(&store, forge.issuer(), ROOT), settings).start().await;
        claims["sub"] = json!("ann");
        assert_eq!(groups_of(&me(&server, &forge.token(&claims)).await), expected, "{settings:?}");
        let _ = server.terminate().await;
    }
}

async fn a_kind_has_its_habits(store: Store) {
    let forge = Forge::start("").await;
    let plain = |claims: &Value| forge.signed(&json!({"typ": "JWT"}), &forge.claims(claims));
    let cognito =
        plain(&json!({"token_use": "access", "client_id": "identity-api", "username": "ann", "aud": null, "sub": "1"}));
    let id_token = plain(&json!({"token_use": "id", "client_id": "identity-api", "username": "ann", "sub": "1"}));
    let dex = plain(&json!({"at_hash": "h", "aud": ["identity-api"], "username": "ann", "sub": "1"}));
    let of_sign_in = plain(&json!({"at_hash": "h", "aud": ["identity"], "username": "ann", "sub": "1"}));
    let start = async |settings: &[(&str, &str)]| {
        let named =
            with(oidc(&store, forge.issuer(), ROOT), &[("USERNAME_CLAIM", "username"), ("AUDIENCES_1", "identity")]);
        with(named, settings).start().await
    };
    let reason = async |server: &Server, token: &str| {
        let reply = server.http().bearer(token).get("/api/me").await;
        if reply.status == 200 { "none".to_owned() } else { reply.json()["reason"].to_string() }
    };
    for (settings, outcomes) in [
        (&[][..], ["\"token_audience\"", "\"token_type\"", "\"token_type\""]),
        (&[("KIND", "cognito")], ["none", "\"token_type\"", "\"token_type\""]),
        (&[("AUDIENCE_CLAIM", "client_id")], ["none", "\"token_type\"", "\"token_type\""]),
        (&[("KIND", "dex")], ["\"token_audience\"", "\"token_type\"", "none"]),
        (
            &[("ID_TOKEN_MARKS_0", "c_hash"), ("ID_TOKEN_MARKS_1", "s_hash")],
            ["\"token_audience\"", "\"token_type\"", "none"],
        ),
    ] {
        let server = start(settings).await;
        for (token, outcome) in [&cognito, &id_token, &dex].into_iter().zip(outcomes) {
            assert_eq!(reason(&server, token).await, outcome, "{settings:?}");
        }
        // The sign-in client is an audience as well, so an ID token issued to it must be rejected.
        assert_eq!(reason(&server, &of_sign_in).await, "\"token_type\"", "{settings:?}");
        let _ = server.terminate().await;
    }
}
