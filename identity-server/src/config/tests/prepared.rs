//! Problems that the preflight checks of start-up find in a loaded configuration.

use super::*;

fn prepared(yaml: &str, variables: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
    let loaded = load(yaml, variables).unwrap();
    crate::prepare::check(loaded)
        .map(|loaded| loaded.warnings)
        .map_err(|problems| problems.0.iter().map(|problem| line(&problem.to_string())).collect())
}

/// Removes the file's directory from a message.
fn line(text: &str) -> String {
    text.split_once("identity.yaml").map_or_else(|| text.to_owned(), |(_, rest)| format!("identity.yaml{rest}"))
}

#[test]
fn reads_the_files_that_start_up_reads() {
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
    for (path, message) in
        [(&text, "must name a file with certificates in PEM"), (&missing, "names a CA file that cannot be read")]
    {
        let found = prepared(&database(path), &[]).unwrap_err();
        assert!(found[0].starts_with(&format!("identity.yaml:3: `store.postgres.ca-file` {message}")), "{found:?}");
    }
}

#[test]
fn validates_settings_of_providers() {
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
fn rejects_a_file_as_data_directory() {
    let files = Files::new();
    let file = files.write("data", "");
    let yaml = format!("profile: builtin\nstore: {{sqlite: {{data-dir: {}}}}}", file.display());
    assert_eq!(prepared(&yaml, &[]).unwrap_err(), ["identity.yaml:2: `store.sqlite.data-dir` must be a directory"]);
}

#[test]
fn reports_undefined_roles_of_mapping_rules() {
    let rules = |role: &str| {
        format!(
            "{OIDC}bootstrap:\n  mapping-rules: [{{name: r, claim-name: c, claim-value: v, applied-role-names: \
             [{role}]}}]\n\
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
fn accepts_members_that_are_also_configured() {
    let text = include_str!("samples/orchestration-basic.yaml");
    let warnings = prepared(text, &[]).unwrap();
    assert!(!warnings.iter().any(|warning| warning.contains("neither a default nor configured")), "{warnings:?}");
    let roles = "{profile: builtin, bootstrap: {users: [{username: u, password: p, roles: [nowhere]}]}}";
    let warnings = prepared(roles, &[]).unwrap();
    assert!(warnings[0].contains("role `nowhere` is neither a default nor configured"), "{warnings:?}");
}

#[test]
fn reports_start_up_data_that_would_be_refused() {
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
