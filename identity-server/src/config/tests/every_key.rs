//! Every key, in every way in which it can be given.

use serde_json::{Value, json};

use super::super::key::{FILE_SUFFIX, Key, Kind};
use super::super::names::Pattern;
use super::super::table::KEYS;
use super::*;

/// Keys of a provider that mean something only where this server is its client.
const CLIENT: &[&str] = &[
    "display-name",
    "client-secret",
    "client-authentication",
    "assertion",
    "tls",
    "scopes[]",
    "resources[]",
    "authorize-parameters[]",
    "prompt",
    "id-token-algorithms[]",
    "authorization-url",
    "token-url",
    "end-session-url",
    "revocation-url",
    "user-info",
    "prefer-id-token-claims",
    "logout-at-provider",
    "require-logout-token-type",
];

/// 32 bytes.
const SEALING_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A document in which one key can be given without anything else being missing.
fn base(key: &Key) -> Value {
    let mut document = json!({
        "profile": "oidc",
        "authentication": {"providers": {"default": {"issuer": "https://idp.example", "audiences": ["identity"]}}},
        "bootstrap": {
            "initial-claim": {"value": "v"},
            "mapping-rules": [{"name": "r", "claim-name": "c", "claim-value": "v"}],
            "tenants": [{"tenant-id": "t", "name": "T"}],
        },
    });
    if key.path.contains("members[]") {
        let kind = match key.path.rsplit('.').next() {
            Some("group-name") => "GROUP",
            Some("application-id") => "APPLICATION",
            _ => "USER",
        };
        document["bootstrap"]["tenants"][0]["members"] =
            json!([{"type": kind, "username": "u", "group-name": "g", "application-id": "a"}]);
    }
    if key.path.starts_with("bootstrap.authorizations") {
        let mut one = json!({"resource-key": "*", "resource-type": "process-definition", "permissions": ["DELETE"]});
        let owner = key.path.rsplit('.').next().filter(|name| name.ends_with("-id") || *name == "group-name");
        one[owner.unwrap_or("username")] = json!("u");
        document["bootstrap"]["authorizations"] = json!([one]);
    }
    if key.path.starts_with("bootstrap.users") {
        document["profile"] = json!("builtin");
        document["bootstrap"]["users"] = json!([{"username": "u", "password": "p"}]);
    }
    if key.path.starts_with("initialization") {
        document["profile"] = json!("builtin");
        document["initialization"] = json!({
            "users": [{"username": "u", "password": "p"}],
            "mapping-rules": [{"mapping-rule-id": "i", "claim-name": "c", "claim-value": "v"}],
            "groups": [{"group-id": "g", "name": "G"}],
            "roles": [{"role-id": "r", "name": "R"}],
            "tenants": [{"tenant-id": "u", "name": "U"}],
            "authorizations": [{"owner-type": "USER", "owner-id": "u", "resource-type": "DOCUMENT",
                "resource-id": "*", "permissions": ["CREATE"]}],
        });
    }
    if key.path == "profile" {
        document["keycloak"] = json!({"url": "https://keycloak.example", "client-secret": "s"});
    }
    if key.path.starts_with("components") {
        document["components"] = json!({"optimize": {
            "applications": [{"id": "a", "permissions": [{"audience": "x", "definition": "d"}]}],
            "apis": [{"audience": "x", "permissions": [{"definition": "d"}]}],
            "roles": [{"name": "r", "permissions": [{"audience": "x", "definition": "d"}]}],
        }});
    }
    if key.path.starts_with("keycloak") {
        document["profile"] = json!("keycloak");
        document["keycloak"] = json!({
            "url": "https://keycloak.example",
            "setup": {"password": "p"},
            "clients": [{"id": "c", "type": "CONFIDENTIAL", "permissions": [{"resource-server-id": "a", "definition": "d"}]}],
            "groups": [{"name": "g"}],
            "users": [{"username": "u"}],
        });
    }
    if key.path.contains("identity-provider") {
        document["keycloak"]["users"][0]["identity-provider"] = json!("i");
        document["keycloak"]["users"][0]["identity-provider-user-id"] = json!("x");
    }
    if key.path.ends_with("resource-property-name") {
        document["initialization"]["authorizations"] = json!([{"owner-type": "USER", "owner-id": "u",
            "resource-type": "USER_TASK", "resource-property-name": "assignee", "permissions": ["READ"]}]);
    }
    if key.path.starts_with("initialization.resource-types") || key.path.ends_with("].condition") {
        document["initialization"]["resource-types"] = json!([{"resource-type": "own", "permissions": ["CREATE"]}]);
    }
    if key.path.ends_with("].condition") {
        document["initialization"]["authorizations"][0]["resource-type"] = json!("own");
    }
    if key.path == "authentication.unprotected-api" {
        document["server"] = json!({"address": "127.0.0.1"});
    }
    if key.path.starts_with("store.postgres") && !key.path.ends_with("url") {
        document["store"] = json!({"postgres": {"host": "h", "database": "d", "username": "u"}});
    }
    if let Some(of_client) = key.path.strip_prefix("authentication.providers.<id>.") {
        let provider = &mut document["authentication"]["providers"]["default"];
        if CLIENT.iter().any(|name| of_client == *name || of_client.starts_with(&format!("{name}."))) {
            provider["client-id"] = json!("c");
        }
        match of_client {
            "groups-claim-as" => provider["groups-claim"] = json!("g"),
            "groups-claim-separator" => {
                provider["groups-claim"] = json!("g");
                provider["groups-claim-as"] = json!("split");
            }
            "groups-claim-field" => {
                provider["groups-claim"] = json!("g");
                provider["groups-claim-as"] = json!("field");
            }
            "client-authentication" => {
                provider["client-secret"] = json!("s");
                provider["assertion"] = json!({"key-file": "k"});
                provider["tls"] = json!({"certificate-file": "c", "key-file": "k"});
            }
            "assertion.key-file" => {}
            "assertion.keystore-file" => provider["assertion"] = json!({"keystore-password": "p"}),
            _ if of_client.starts_with("assertion.keystore-") => {
                provider["assertion"] = json!({"keystore-file": "k", "keystore-password": "p"});
            }
            _ if of_client.starts_with("assertion.") => provider["assertion"] = json!({"key-file": "k"}),
            "tls.certificate-file" => provider["tls"] = json!({"key-file": "k"}),
            "tls.key-file" => provider["tls"] = json!({"certificate-file": "c", "key-file": "k"}),
            _ => {}
        }
    }
    if key.path == "session.previous-encryption-key" {
        document["session"] = json!({"encryption-key": SEALING_KEY});
    }
    if key.path.contains(".user-info-augmentation.") && key.path.ends_with("-ttl") {
        document["authentication"]["providers"]["default"]["user-info-augmentation"] = json!({"enabled": true});
    }
    document
}

/// Values that the key can have, the last of which is not the one it has in [`base`].
fn samples(key: &Key) -> Vec<String> {
    let name = key.path.rsplit('.').next().unwrap();
    let one = match (key.kind, name) {
        (Kind::Choice(words), _) => {
            let base = if key.path == "profile" { "oidc" } else { key.default };
            let mut words: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
            words.sort_by_key(|word| !word.eq_ignore_ascii_case(base));
            return words;
        }
        (Kind::Flag, _) => {
            if key.default == "true" {
                "false"
            } else {
                "true"
            }
        }
        (Kind::Duration, "idle-timeout" | "absolute-timeout") => "77m",
        (Kind::Duration, "max-age") => "77h",
        (_, "max-age") => "off",
        (Kind::Duration, _) => "7s",
        (Kind::Number, "max-connections") => "7",
        (Kind::Number, _) => "1024",
        (Kind::Secret, "url") => "postgres://u:p@h/d",
        (Kind::Secret, "encryption-key" | "previous-encryption-key") => SEALING_KEY,
        (Kind::Secret, _) => "another-secret",
        (_, "scopes[]") => "openid",
        (_, "id-token-marks[]") => "nonce",
        (_, "resources[]") => "urn:x",
        (_, "authorize-parameters[]") => "a=b",
        (_, "authorization-url" | "token-url" | "end-session-url" | "revocation-url") => "https://other.example/x",
        (_, "address" | "management-address") => "127.0.0.9",
        (_, "issuer" | "public-url" | "backend-url" | "jwks-url" | "user-info-url" | "additional-jwks-urls[]") => {
            "https://other.example/x"
        }
        (_, "provider") => "default",
        (_, "trusted-proxies[]") => "10.0.0.0/8",
        (_, "root-url" | "url") => "https://other.example/x",
        (_, "base-path" | "redirect-uris[]") => "/other",
        (_, "email") => "other@example.org",
        (_, "level") => "debug",
        (_, "resource-type") if key.path.contains("resource-types") => "other",
        (_, "resource-type") if key.path.starts_with("bootstrap") => "decision-definition",
        (_, "condition") => r#"[{"property":"action.a","operator":"EQUAL","value":1}]"#,
        (_, "resource-type") => "RESOURCE",
        (_, "permissions[]") => "READ",
        (_, "resource-property-name") => "candidateUsers",
        _ => "other",
    };
    vec![one.to_owned()]
}

/// The name that tests choose where there is a choice.
fn id(path: &str) -> &'static str {
    match path {
        _ if path.contains("default-roles") => "admin",
        _ if path.contains("keycloak.init") || path.contains("component") => "optimize",
        _ => "default",
    }
}

/// Puts a value where a path says, in the first element of every list and in the provider `default`.
fn put(document: &mut Value, path: &str, value: Value) {
    let mut at = document;
    for part in path.split('.') {
        let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        at = &mut at[if name == "<id>" { id(path) } else { name }];
        if list {
            if at.is_null() {
                *at = json!([null]);
            }
            at = &mut at[0];
        }
    }
    *at = value;
}

/// Removes what is where a path says.
fn remove(document: &mut Value, path: &str) {
    let pointer = path.replace("<id>", id(path)).replace("[]", "/0").replace('.', "/");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if let Some(Value::Object(parent)) = document.pointer_mut(&format!("/{parent}")) {
        parent.remove(name);
    }
}

/// The outcome without where it came from.
type Outcome = Result<Config, Vec<(String, String)>>;

fn outcome(document: &Value, variables: &[(&str, &str)]) -> Outcome {
    let loaded = load(&document.to_string(), variables);
    loaded
        .map(|loaded| without_files(loaded.config))
        .map_err(|problems| problems.0.into_iter().map(|problem| (problem.path, problem.message)).collect())
}

/// The same however secrets were given.
fn without_files(mut config: Config) -> Config {
    if let Store::Postgres(postgres) = &mut config.store {
        postgres.password_file = None;
    }
    config
}

fn variable(property: &str) -> String {
    Pattern::new(property).name().replace("<ID>", &id(property).to_uppercase()).replace("<n>", "0")
}

fn properties(key: &Key, suffix: &str) -> Vec<String> {
    let own = format!("identity.{}{suffix}", key.path);
    let all = std::iter::once(own).chain(key.aliases.iter().map(|alias| format!("{alias}{suffix}")));
    all.flat_map(|name| name.strip_suffix("[]").map(str::to_owned).into_iter().chain([name.clone()])).collect()
}

#[test]
fn every_key_can_be_given_in_a_file_and_by_each_of_its_variables() {
    for key in KEYS {
        let base = base(key);
        let without = outcome(&base, &[]);
        assert!(without.is_ok(), "{}: {without:?}", key.path);
        let mut last = without.clone();
        for sample in samples(key) {
            let mut document = base.clone();
            let value = match key.kind {
                Kind::Flag | Kind::Number => serde_json::from_str(&sample).unwrap(),
                _ => json!(sample),
            };
            put(&mut document, key.path, value);
            let file = outcome(&document, &[]);
            // The kind of store alone is not enough to find one.
            assert!(file.is_ok() || key.path == "store.kind", "{} = {sample}: {file:?}", key.path);
            for property in properties(key, "") {
                let name = variable(&property);
                let mut base = base.clone();
                // Settings of the applications' SDK count only where nothing else says the same.
                if property.starts_with("camunda.identity.") {
                    remove(&mut base, key.path.trim_end_matches("[]"));
                }
                assert_eq!(outcome(&base, &[(&name, &sample)]), file, "{name}={sample}");
            }
            last = file;
        }
        assert_ne!(last, without, "{} has no effect", key.path);
    }
}

#[test]
fn every_secret_can_be_given_as_a_file() {
    let files = Files::new();
    for key in KEYS.iter().filter(|key| matches!(key.kind, Kind::Secret)) {
        let secret = &samples(key)[0];
        let path = files.write("secret", &format!("{secret}\n"));
        let path = path.to_str().unwrap();
        let mut base = base(key);
        let mut with = base.clone();
        put(&mut with, key.path, json!(secret));
        let expected = outcome(&with, &[]);
        assert!(expected.is_ok());

        for property in properties(key, FILE_SUFFIX) {
            // Also where an earlier source has the other form.
            for earlier in [&base, &with] {
                assert_eq!(outcome(earlier, &[(&variable(&property), path)]), expected, "{property}");
            }
        }
        remove(&mut base, key.path);
        put(&mut base, &format!("{}{FILE_SUFFIX}", key.path), json!(path));
        assert_eq!(outcome(&base, &[]), expected, "{}", key.path);

        put(&mut base, key.path, json!(secret));
        assert!(outcome(&base, &[]).is_err(), "{} in both forms", key.path);
        let name = variable(&format!("identity.{}", key.path));
        let both = [(&*name, &**secret), (&*format!("{name}_FILE"), path)];
        assert!(outcome(&with, &both).is_err(), "{name} in both forms");
    }
}
