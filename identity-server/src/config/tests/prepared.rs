//! What is found after a configuration was read, as a start would find it.

use super::*;

fn prepared(yaml: &str, variables: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
    let loaded = load(yaml, variables).unwrap();
    crate::prepare::check(loaded)
        .map(|loaded| loaded.warnings)
        .map_err(|problems| problems.0.iter().map(|problem| line(&problem.to_string())).collect())
}

/// A message without the directory of the file.
fn line(text: &str) -> String {
    text.split_once("identity.yaml").map_or_else(|| text.to_owned(), |(_, rest)| format!("identity.yaml{rest}"))
}

#[test]
fn files_that_the_start_reads_are_read() {
    let files = Files::new();
    let broken = files.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let text = files.write("text.pem", "not a certificate");
    let missing = files.0.path().join("missing.pem");
    let ca = |path: &std::path::Path| format!("{OIDC}  ca-file: {}\n", path.display());
    for path in [&broken, &missing] {
        let found = prepared(&ca(path), &[]).unwrap_err();
        assert!(found[0].starts_with("identity.yaml:8: `authentication.ca-file` "), "{found:?}");
    }
    let key = |path: &std::path::Path| {
        format!("{OIDC}      client-id: c\n      assertion:\n        key-file: {}\n", path.display())
    };
    for path in [&text, &missing] {
        let found = prepared(&key(path), &[]).unwrap_err();
        assert!(found[0].contains("`authentication.providers.main.assertion"), "{found:?}");
        assert!(found[0].starts_with("identity.yaml:"), "{found:?}");
    }
    let database = |path: &std::path::Path| {
        let database = "{host: h, database: d, username: u, password: p, tls: verify-full";
        format!("profile: builtin\nstore:\n  postgres: {database}, ca-file: {}}}", path.display())
    };
    for path in [&text, &missing] {
        let found = prepared(&database(path), &[]).unwrap_err();
        assert!(found[0].starts_with("identity.yaml:3: `store.postgres.ca-file` names a file"), "{found:?}");
    }
}

#[test]
fn settings_of_providers_are_tried() {
    let parameters = format!("{OIDC}      client-id: c\n      authorize-parameters: [state=1]\n");
    let found = prepared(&parameters, &[]).unwrap_err();
    assert!(
        found[0].starts_with("identity.yaml:9: `authentication.providers.main.authorize-parameters` "),
        "{found:?}"
    );
    let keycloak = "
profile: keycloak
keycloak: {url: 'https://k.example', client-secret: s}
authentication: {ca-file: /nowhere/ca.pem}
";
    assert!(prepared(keycloak, &[]).unwrap_err()[0].starts_with("identity.yaml:4: `authentication.ca-file` "));
}

#[test]
fn a_data_directory_is_a_directory() {
    let files = Files::new();
    let file = files.write("data", "");
    let yaml = format!("profile: builtin\nstore: {{sqlite: {{data-dir: {}}}}}", file.display());
    assert_eq!(prepared(&yaml, &[]).unwrap_err(), ["identity.yaml:2: `store.sqlite.data-dir` must be a directory"]);
}

#[test]
fn roles_that_a_rule_names_and_that_nobody_made_are_named() {
    let rules = |role: &str| {
        format!(
            "{OIDC}bootstrap:\n  mapping-rules: [{{name: r, claim-name: c, claim-value: v, applied-role-names: [{role}]}}]\n\
             components: {{own: {{roles: [{{name: Own Role}}]}}}}\n"
        )
    };
    for known in ["Optimize", "admin", "Own Role"] {
        assert_eq!(prepared(&rules(known), &[]).unwrap(), [""; 0], "{known}");
    }
    let warnings = prepared(&rules("Optimise"), &[]).unwrap();
    assert!(
        warnings[0].starts_with("`bootstrap.mapping-rules[0].applied-role-names[0]` names the role `Optimise`"),
        "{warnings:?}"
    );
}

#[test]
fn members_that_are_configured_too_are_known() {
    let text = include_str!("samples/orchestration-basic.yaml");
    let warnings = prepared(text, &[]).unwrap();
    assert!(!warnings.iter().any(|warning| warning.contains("neither a default nor configured")), "{warnings:?}");
    let roles = "{profile: builtin, bootstrap: {users: [{username: u, password: p, roles: [nowhere]}]}}";
    let warnings = prepared(roles, &[]).unwrap();
    assert!(warnings[0].contains("role `nowhere` is neither a default nor configured"), "{warnings:?}");
}

#[test]
fn start_up_data_that_would_be_refused_is_found() {
    let same = "
bootstrap:
  mapping-rules: [{name: one, claim-name: c, claim-value: v}, {name: two, claim-name: c, claim-value: v}]
";
    let found = prepared(&format!("{OIDC}{same}"), &[]).unwrap_err();
    assert!(found[0].contains("`bootstrap.mapping-rules` would be refused: "), "{found:?}");
    let absent = "
bootstrap:
  mapping-rules: [{name: one, claim-name: c, claim-value: v, applied-tenant-ids: [nowhere]}]
";
    let warnings = prepared(&format!("{OIDC}{absent}"), &[]).unwrap();
    assert!(warnings[0].contains("tenant `nowhere` is neither a default nor configured"), "{warnings:?}");
}
