//! Every key, set in every supported form.

use serde_json::{Value, json};

use super::super::key::{FILE_SUFFIX, Key, Kind};
use super::super::names::Pattern;
use super::super::table::KEYS;
use super::*;

/// Provider keys that take effect only if this server is a client of the provider.
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

/// 32 bytes in base64.
const SEALING_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Minimal valid document to which a value of `key` can be added.
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

/// Valid values of a key. The last one differs from the value in [`base`].
pub(in crate::config) fn samples(key: &Key) -> Vec<String> {
    let name = key.path.rsplit('.').next().unwrap();
    let one = match (&key.kind, name) {
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
        (Kind::Duration(_), "idle-timeout" | "absolute-timeout") => "77m",
        (Kind::Duration(_), "max-age" | "keep-claims-for") => "77h",
        (Kind::DurationOrOff(_), _) => "off",
        (Kind::Duration(_), _) => "7s",
        (Kind::Number(_), "max-connections") => "7",
        (Kind::Number(_), _) => "1024",
        (Kind::Secret(_), "url") => "postgres://u:p@h/d",
        (Kind::Secret(_), "encryption-key" | "previous-encryption-key") => SEALING_KEY,
        (Kind::Secret(_), _) => "another-secret",
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

/// Valid document that sets `key` to `sample`.
pub(in crate::config) fn document(key: &Key, sample: &str) -> Value {
    let mut document = base(key);
    let value = match key.kind {
        Kind::Flag | Kind::Number(_) => serde_json::from_str(sample).unwrap(),
        _ => json!(sample),
    };
    put(&mut document, key.path, value);
    document
}

/// User-defined name that stands for `<id>` in a path.
fn id(path: &str) -> &'static str {
    match path {
        _ if path.contains("default-roles") => "admin",
        _ if path.contains("keycloak.init") || path.contains("component") => "optimize",
        _ => "default",
    }
}

/// Sets a value at a path, in the first element of each list and in the provider `default`.
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

/// Removes the value at a path.
fn remove(document: &mut Value, path: &str) {
    let pointer = path.replace("<id>", id(path)).replace("[]", "/0").replace('.', "/");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if let Some(Value::Object(parent)) = document.pointer_mut(&format!("/{parent}")) {
        parent.remove(name);
    }
}

/// Loaded configuration, or path and message of each problem, without origins.
type Outcome = Result<Config, Vec<(String, String)>>;

fn outcome(document: &Value, variables: &[(&str, &str)]) -> Outcome {
    let loaded = load(&document.to_string(), variables);
    loaded
        .map(|loaded| without_files(loaded.config))
        .map_err(|problems| problems.0.into_iter().map(|problem| (problem.path, problem.message)).collect())
}

/// Removes the path of the password file, so that the result equals that of a password without a file.
fn without_files(mut config: Config) -> Config {
    if let Store::Postgres(postgres) = &mut config.store {
        postgres.password_file = None;
    }
    config
}

/// Removes the list that contains `key` from the document if `property` belongs to the replaced services, because such
/// a variable replaces the whole list. Returns the other values of the list as environment variables.
fn elements(document: &mut Value, key: &Key, property: &str) -> Vec<(String, String)> {
    let Some((list, _)) = key.path.split_once("[].") else { return Vec::new() };
    if property.starts_with(&format!("identity.{list}[].")) {
        return Vec::new();
    }
    let path = list.replace("<id>", id(list));
    let Some(list) = document.pointer_mut(&format!("/{}", path.replace('.', "/"))) else { return Vec::new() };
    let mut all = Vec::new();
    flatten(&variable(&format!("identity.{path}")), &list.take(), &mut all);
    let own = variable(&format!("identity.{}", key.path));
    all.retain(|(name, _)| *name != own && *name != format!("{own}_FILE"));
    all
}

fn flatten(name: &str, value: &Value, all: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(part, value)| {
            flatten(&format!("{name}_{}", part.replace('-', "_").to_uppercase()), value, all);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| flatten(&format!("{name}_{index}"), value, all));
        }
        Value::String(text) => all.push((name.to_owned(), text.clone())),
        other => all.push((name.to_owned(), other.to_string())),
    }
}

/// Prefix of SDK settings, which take effect only if no other property sets the same value.
const SDK: &str = "camunda.identity.";

/// Removes the client ID from the document. Returns the SDK setting that provides it instead.
fn client_of_sdk(document: &mut Value) -> Option<(&'static str, &'static str)> {
    let provider = document["authentication"]["providers"]["default"].as_object_mut()?;
    provider.remove("client-id").map(|_| ("CAMUNDA_IDENTITY_CLIENT_ID", "c"))
}

fn variable(property: &str) -> String {
    Pattern::new(property).name().replace("<ID>", &id(property).to_uppercase()).replace("<n>", "0")
}

fn properties(key: &Key, suffix: &str) -> Vec<String> {
    let own = format!("identity.{}{suffix}", key.path);
    let all = std::iter::once(own).chain(key.aliases.iter().map(|alias| format!("{alias}{suffix}")));
    all.flat_map(|name| name.strip_suffix("[]").map(str::to_owned).into_iter().chain([name.clone()])).collect()
}

/// Also checks that each key has an effect: its last sample changes the configuration.
#[test]
fn every_key_is_read_from_a_file_and_from_each_variable() {
    for key in KEYS {
        let base = base(key);
        let without = outcome(&base, &[]);
        assert!(without.is_ok(), "{}: {without:?}", key.path);
        let mut last = without.clone();
        for sample in samples(key) {
            let file = outcome(&document(key, &sample), &[]);
            // `store.kind` alone is not a complete store configuration.
            assert!(file.is_ok() || key.path == "store.kind", "{} = {sample}: {file:?}", key.path);
            for property in properties(key, "") {
                let name = variable(&property);
                let mut base = base.clone();
                let elements = elements(&mut base, key, &property);
                let mut variables = vec![(&*name, &*sample)];
                variables.extend(elements.iter().map(|(name, value)| (&**name, &**value)));
                if property.starts_with(SDK) {
                    remove(&mut base, key.path.trim_end_matches("[]"));
                    variables.extend(client_of_sdk(&mut base));
                }
                assert_eq!(outcome(&base, &variables), file, "{name}={sample}");
            }
            last = file;
        }
        assert_ne!(last, without, "{} has no effect", key.path);
    }
}

#[test]
fn every_secret_is_read_from_a_file() {
    let files = Files::new();
    for key in KEYS.iter().filter(|key| matches!(key.kind, Kind::Secret(_))) {
        let secret = &samples(key)[0];
        let path = files.write("secret", &format!("{secret}\n"));
        let path = path.to_str().unwrap();
        let mut base = base(key);
        let mut with = base.clone();
        put(&mut with, key.path, json!(secret));
        let expected = outcome(&with, &[]);
        assert!(expected.is_ok());

        for property in properties(key, FILE_SUFFIX) {
            if property.starts_with(SDK) {
                let mut base = base.clone();
                let name = variable(&property);
                let variables: Vec<_> = [(&*name, path)].into_iter().chain(client_of_sdk(&mut base)).collect();
                assert_eq!(outcome(&base, &variables), expected, "{property}");
                continue;
            }
            // The file takes effect whether or not an earlier source sets the secret itself.
            for earlier in [&base, &with] {
                let mut earlier = earlier.clone();
                let name = variable(&property);
                let elements = elements(&mut earlier, key, &property);
                let variables: Vec<_> = [(&*name, path)]
                    .into_iter()
                    .chain(elements.iter().map(|(name, value)| (&**name, &**value)))
                    .collect();
                assert_eq!(outcome(&earlier, &variables), expected, "{property}");
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
