//! Invalid input: each request is rejected with a stable code, changes nothing, and the server continues.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_testkit::{Api, Reply, refuses_every_deviation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::forge::{now, unsigned};
use crate::support::{AUDIENCE, Forge, Local, ROOT, Site, Store, refused};

on_each_store!(bodies, tokens, credentials);

/// Returns all listable entities and the number of audit records, none of which a rejected request may change.
async fn state(site: &Site) -> (Vec<Value>, usize) {
    let api = site.admin();
    let mut lists = Vec::new();
    for list in ["groups", "roles", "tenants", "mapping-rules", "authorizations", "resources"] {
        lists.push(api.get(&format!("/api/{list}")).await.expect_status(200).json());
    }
    (lists, site.audit().await.len())
}

async fn post(api: &Api, path: &str, content_type: Option<&str>, body: impl Into<Vec<u8>>) -> Reply {
    let request = api.request(Method::POST, path).body(body.into());
    api.send(match content_type {
        Some(content_type) => request.header("content-type", content_type),
        None => request,
    })
    .await
}

async fn bodies(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let before = state(&site).await;
    let long = "x".repeat(257);
    let deep = format!(r#"{{"name":{}"x"{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1 << 20));
    let groups: Vec<(&str, &[u8], u16, &str)> = vec![
        ("nothing", b"", 400, "malformed_json"),
        ("cut off", br#"{"name":"#, 400, "malformed_json"),
        ("two values", br#"{"name":"a"}{}"#, 400, "malformed_json"),
        ("not UTF-8", b"{\"name\":\"\xff\"}", 400, "malformed_json"),
        ("half a surrogate pair", br#"{"name":"\ud800"}"#, 400, "malformed_json"),
        ("a raw control character", b"{\"name\":\"a\x00b\"}", 400, "malformed_json"),
        ("deep nesting", deep.as_bytes(), 400, "body_shape"),
        ("null", b"null", 400, "body_shape"),
        ("a list", br#"["a"]"#, 400, "body_shape"),
        ("a number for a text", br#"{"name":1}"#, 400, "body_shape"),
        ("null for a text", br#"{"name":null}"#, 400, "body_shape"),
        ("no name", b"{}", 400, "body_shape"),
        ("a member twice", br#"{"name":"a","name":"b"}"#, 400, "body_shape"),
        ("a blank name", br#"{"name":"  "}"#, 400, "invalid"),
        ("a control character", br#"{"name":"a\u0000b"}"#, 400, "invalid"),
        ("too large", large.as_bytes(), 413, "body_too_large"),
    ];
    for (what, body, status, reason) in groups {
        let reply = post(&api, "/api/groups", Some("application/json"), body).await;
        assert_eq!(reply.status, status, "{what}: {}", reply.text);
        refused(&reply, status, reason);
    }
    for (content_type, body) in [
        (None, r#"{"name":"a"}"#),
        (Some("text/plain"), r#"{"name":"a"}"#),
        (Some("application/x-www-form-urlencoded"), "name=a"),
        (Some("application/jsonp"), r#"{"name":"a"}"#),
    ] {
        refused(&post(&api, "/api/groups", content_type, body).await, 415, "media_type");
    }

    for permissions in [json!([["read", "a"]]), json!([["read"]]), json!(["read"]), json!({"0": {}}), json!([null])] {
        let body = json!({"name": "Positional", "permissions": permissions});
        refused(&api.post("/api/roles", &body).await, 400, "body_shape");
    }
    // Each value is validated by its own rules. All errors are reported together, and the response text repeats no
    // input.
    for (path, body, errors) in [
        ("/api/groups", json!({"name": long}), vec!["name.invalid"]),
        ("/api/roles", json!({"name": long, "description": "a\u{1}"}), vec!["name.invalid", "description.invalid"]),
        (
            "/api/roles",
            json!({"name": "a", "permissions": [{"definition": "", "resourceServerAudience": ""}]}),
            vec!["definition.invalid", "resourceServerAudience.invalid"],
        ),
        ("/api/tenants", json!({"tenantId": "a b", "name": ""}), vec!["tenantId.invalid", "name.invalid"]),
        ("/api/tenants", json!({"tenantId": "x".repeat(64), "name": "a"}), vec!["tenantId.invalid"]),
        ("/api/tenants", json!({"tenantId": "<other>", "name": "a"}), vec!["tenantId.invalid"]),
        ("/api/tenants/%3Cdefault%3E/users", json!({"userIds": ["ok", "a\nb"]}), vec!["userIds.invalid"]),
        ("/api/tenants/a%00b/users", json!({"userIds": [long]}), vec!["tenantId.invalid", "userIds.invalid"]),
        (
            "/api/mapping-rules",
            json!({"name": "a", "claimName": "", "claimValue": "", "operator": "EQUALS"}),
            vec!["type.invalid", "claimName.invalid", "claimValue.invalid"],
        ),
        (
            "/api/authorizations",
            json!({"entityId": "", "entityType": "USER", "resourceKey": long, "resourceType": "*",
            "permission": ""}),
            vec!["entityId.invalid", "resourceType.invalid", "resourceKey.invalid", "permission.invalid"],
        ),
        ("/api/resources", json!({"key": "a\tb", "type": "x y"}), vec!["type.invalid", "key.invalid"]),
    ] {
        let problem = refused(&api.post(path, &body).await, 400, "invalid");
        let mut said: Vec<_> = problem["errors"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let mut errors = errors;
        said.sort_unstable();
        errors.sort_unstable();
        assert_eq!(said, errors, "{path} {body}");
        assert!(!problem["detail"].to_string().contains(&long), "{problem}");
    }
    for (path, body) in [
        (
            "/api/mapping-rules",
            json!({"name": "a", "claimName": "a", "claimValue": "b", "operator": "LIKE", "type": "ROLE"}),
        ),
        (
            "/api/mapping-rules",
            json!({"name": "a", "claimName": "a", "claimValue": "b", "operator": "EQUALS", "type": "ANY"}),
        ),
        ("/api/tenants", json!({"tenantId": ["a"], "name": "a"})),
        // A misspelled restriction would widen the grant.
        (
            "/api/mapping-rules",
            json!({"name": "a", "claimName": "a", "claimValue": "b", "operator": "EQUALS", "type": "ROLE", "isuer": "x"}),
        ),
        (
            "/api/authorizations",
            json!({"entityType": "USER", "entityId": "a", "resourceType": "process-definition", "resourceKey": "*",
            "permission": "READ", "conditon": []}),
        ),
    ] {
        refused(&api.post(path, &body).await, 400, "body_shape");
    }
    let both = json!({"name": "a", "claimName": "a", "claimValue": "b", "operator": "EQUALS",
        "type": "ROLE", "ruleType": "TENANT"});
    refused(&api.post("/api/mapping-rules", &both).await, 400, "invalid");
    assert_eq!(state(&site).await, before);
}

async fn tokens(store: Store) {
    let forge = Forge::start("").await;
    let other = Forge::start("/").await;
    let launch = crate::support::oidc(&store, forge.issuer(), ROOT)
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_OTHER_ISSUER", other.issuer())
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_OTHER_AUDIENCES_0", AUDIENCE)
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_OTHER_NAMESPACE", "other")
        .env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_PROVIDER", "main");
    let server = launch.start().await;
    let site = Site { forge, launch, server, store };
    let before = state(&site).await;
    let forge = &site.forge;
    let claims = |changes: Value| {
        let mut all = json!({"sub": ROOT});
        all.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        forge.claims(&all)
    };
    let good = claims(json!({}));
    let with = |changes: Value| forge.signed(&json!({}), &claims(changes));
    let header = |changes: Value| forge.signed(&changes, &good);
    let slash = |issuer: &str| issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned);
    let (signed, signature) = forge
        .token(&json!({"sub": ROOT}))
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("three parts");
    let cases = [
        ("too long", "x".repeat(100_000), "token_too_large"),
        ("two parts", signed.clone(), "token_malformed"),
        ("four parts", format!("{signed}.{signature}.x"), "token_malformed"),
        ("padded", format!("{signed}.{signature}="), "token_malformed"),
        ("no JSON", format!("{}.e30.AA", "bm8"), "token_malformed"),
        ("alg none", format!("{}.", unsigned(&json!({"alg": "none", "typ": "at+jwt"}), &good)), "token_algorithm"),
        ("alg None", format!("{}.", unsigned(&json!({"alg": "None"}), &good)), "token_algorithm"),
        ("HS256 with the public key", forge.signed_with_the_public_key(&good), "token_algorithm"),
        ("another algorithm than the key's", header(json!({"alg": "RS256"})), "token_unknown_key"),
        ("its own key", header(json!({"jwk": forge.jwk()})), "token_header"),
        ("an unknown extension", header(json!({"crit": ["x"], "x": 1})), "token_header"),
        ("an unencoded payload", header(json!({"crit": ["b64"], "b64": false})), "token_header"),
        ("a path for a key", header(json!({"kid": "../../etc/passwd"})), "token_unknown_key"),
        ("a logout token", header(json!({"typ": "logout+jwt"})), "token_type"),
        ("an ID token by its header", header(json!({"typ": "id+jwt"})), "token_type"),
        (
            "an ID token by its claims",
            forge.signed(&json!({"typ": "JWT"}), &claims(json!({"nonce": "n"}))),
            "token_type",
        ),
        ("a token bound to a key", with(json!({"cnf": {"jkt": "x"}})), "token_type"),
        ("another signature", format!("{signed}.{}", "A".repeat(86)), "token_signature"),
        ("no signature", format!("{signed}."), "token_signature"),
        ("expired", with(json!({"exp": now() - 61})), "token_expired"),
        ("no expiry", with(json!({"exp": null})), "token_missing_claim"),
        ("expiry as text", with(json!({"exp": "4102444800"})), "token_claim_type"),
        ("not yet valid", with(json!({"nbf": now() + 120})), "token_not_yet_valid"),
        ("issued in the future", with(json!({"iat": now() + 120})), "token_not_yet_valid"),
        ("another audience", with(json!({"aud": "another-api"})), "token_audience"),
        ("no audience", with(json!({"aud": null})), "token_audience"),
        ("an audience that begins alike", with(json!({"aud": format!("{AUDIENCE}-2")})), "token_audience"),
        ("another issuer", with(json!({"iss": "https://example.com"})), "token_issuer"),
        ("an issuer with a slash more", with(json!({"iss": slash(forge.issuer())})), "token_issuer"),
        (
            "an issuer with a slash less",
            other.token(&json!({"sub": ROOT, "iss": slash(other.issuer())})),
            "token_issuer",
        ),
        ("the other issuer's key", other.token(&json!({"sub": ROOT, "iss": forge.issuer()})), "token_signature"),
        ("no issuer", with(json!({"iss": null})), "token_missing_claim"),
        ("a user who is no text", with(json!({"sub": {"id": 7}})), "token_claim_type"),
        ("a user who is unprintable", with(json!({"sub": "a\u{0}b"})), "token_claim_type"),
        ("nobody", with(json!({"sub": null})), "token_no_principal"),
    ];
    for (what, token, reason) in cases {
        let api = site.anonymous().bearer(token);
        for reply in
            [api.get("/api/tenants/for-token").await, api.post("/api/groups", &json!({"name": "Forged"})).await]
        {
            assert_eq!(reply.status, 401, "{what}: {}", reply.text);
            refused(&reply, 401, reason);
            assert_eq!(
                reply.header("www-authenticate"),
                Some(r#"Bearer realm="identity", error="invalid_token""#),
                "{what}"
            );
        }
    }
    // The token exceeds every header limit. The server may close the connection before it has read the whole request.
    let huge = site.anonymous().bearer("x".repeat(1 << 20)).request(Method::GET, "/api/me").send().await;
    assert!(huge.as_ref().map_or(true, |reply| reply.status().is_client_error()), "{huge:?}");
    assert_eq!(state(&site).await, before);
    // Control: the same claims in valid tokens are accepted.
    let _ = site.anonymous().bearer(forge.signed(&json!({}), &good)).get("/api/roles").await.expect_status(200);
    let _ = site.anonymous().bearer(other.token(&json!({"sub": "x"}))).get("/api/me").await.expect_status(200);
}

async fn credentials(store: Store) {
    let site = Site::start(store).await;
    let before = state(&site).await;
    let good = format!("Bearer {}", site.forge.token(&json!({"sub": ROOT})));
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let api = site.anonymous();
    for (values, reason) in [
        (vec![], "no_credentials"),
        (vec![good.clone(), good.clone()], "credentials_repeated"),
        (vec!["Bearer".to_owned()], "credentials_malformed"),
        (vec!["Basic !".to_owned()], "credentials_malformed"),
        (vec![basic("no colon")], "credentials_malformed"),
        (vec![basic("root:root")], "scheme_not_offered"),
        (vec!["Digest username=\"root\"".to_owned()], "scheme_not_offered"),
    ] {
        let mut request = api.request(Method::GET, "/api/roles");
        for value in &values {
            request = request.header("authorization", value);
        }
        refused(&api.send(request).await, 401, reason);
    }
    // RFC 9110 §11.1: the scheme is case-insensitive.
    let lower = api.request(Method::GET, "/api/roles").header("authorization", good.replacen("Bearer", "bearer", 1));
    let _ = api.send(lower).await.expect_status(200);
    // A token in the query is ignored (RFC 6750 §2.3).
    let token = site.forge.token(&json!({"sub": ROOT}));
    refused(&api.get(&format!("/api/roles?access_token={token}")).await, 401, "no_credentials");
    // A request ID from the client is kept unless it could break a log line.
    for (given, kept) in [("abc-1", true), (&*"x".repeat(129), false), ("a\u{e4}", false)] {
        let request = site.admin().request(Method::GET, "/api/me").header("x-request-id", given.as_bytes());
        let reply = api.send(request).await.expect_status(200);
        assert_eq!(reply.header("x-request-id") == Some(given), kept, "{given}");
    }
    for value in ["x", "-1", "1.5", "99999999999999999999"] {
        let request = site.admin().request(Method::GET, "/api/me").header("x-identity-min-revision", value);
        refused(&api.send(request).await, 400, "min_revision");
    }
    assert_eq!(state(&site).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deviation_from_the_openapi_document_is_refused_with_a_pointer() {
    let store = Store::sqlite();
    let launch = store.launch(&["dev"]);
    let local = Local { server: launch.start().await, launch, store };
    // Refused before the body is read, since there is an administrator.
    let sent = refuses_every_deviation(&local.admin(), &["/v2/setup/user"]).await;
    assert!(sent > 1000, "{sent} deviations");
}
