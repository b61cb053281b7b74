//! Several providers, their products and token habits, and providers whose ID tokens could pass as access tokens.

use super::*;
use identity_core::value::Namespace;

/// Two providers, each with additional keys.
fn two(main: &str, partner: &str) -> String {
    format!(
        "
profile: oidc
authentication:
  providers:
    main: {{issuer: https://main.example, audiences: [api]{main}}}
    partner: {{issuer: https://partner.example, audiences: [api]{partner}}}
"
    )
}

#[test]
fn rejects_several_providers_without_namespaces() {
    for (main, partner, expected) in [
        ("", "", vec!["main", "partner"]),
        (", shared-namespace: true", "", vec!["partner"]),
        ("", ", shared-namespace: true", vec!["main"]),
    ] {
        let found = problems(&two(main, partner), &[]);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (problem, provider) in found.iter().zip(expected) {
            let start = format!("`authentication.providers.{provider}.namespace` is required with several providers");
            assert!(problem.contains(&start), "{problem}");
            assert!(problem.contains(&format!("`namespace: {provider}`")), "says what to write: {problem}");
            assert!(problem.contains("`shared-namespace: true`"), "{problem}");
        }
    }
}

#[test]
fn accepts_several_providers_with_namespaces() {
    for (main, partner) in [
        ("", ", namespace: partner"),
        (", namespace: corp", ", namespace: partner"),
        (", shared-namespace: true", ", shared-namespace: true"),
        (", shared-namespace: true", ", namespace: partner"),
    ] {
        config(&two(main, partner), &[]);
    }
    let authentication = config(&two("", ", namespace: partner"), &[]).authentication;
    let [main, partner] = authentication.providers.as_slice() else { panic!("two providers") };
    assert_eq!(authentication.namespace_of(partner).id("ann").as_deref(), Some("partner~ann"));
    assert_eq!(authentication.namespace_of(main).id("ann").as_deref(), Some("ann"));
    assert_eq!(authentication.namespace_of(main).id("partner~ann"), None);
    let one = config(OIDC, &[]).authentication;
    assert_eq!(one.namespace_of(&one.providers[0]), Namespace::whole());
}

#[test]
fn rejects_ambiguous_namespaces() {
    for (main, partner, expected) in [
        (", namespace: a", ", namespace: a", "namespace` is also the namespace of `authentication.providers.main`"),
        ("", ", namespace: a, shared-namespace: true", "shared-namespace` must not be set together with `namespace`"),
        ("", ", namespace: 'a~b'", "namespace` namespace may only contain"),
    ] {
        let found = problems(&two(main, partner), &[]);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{found:?}");
    }
}

#[test]
fn initial_claim_requires_a_provider_among_several() {
    let with = |claim: &str| format!("{}bootstrap: {{initial-claim: {claim}}}\n", two("", ", namespace: partner"));
    let found = problems(&with("{name: sub, value: root}"), &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("`bootstrap.initial-claim.provider` is required with several providers"), "{found:?}");
    assert!(found[0].contains("one of `main`, `partner`"), "{found:?}");
    let claim = config(&with("{name: sub, value: root, provider: main}"), &[]).bootstrap.initial_claim.unwrap();
    assert_eq!(claim.issuer.unwrap().as_str(), "https://main.example");
    let found = problems(&with("{name: sub, value: root, provider: other}"), &[]);
    assert!(found[0].contains("must be the id of a provider"), "{found:?}");
    let one = format!("{OIDC}bootstrap: {{initial-claim: {{name: sub, value: root}}}}\n");
    assert_eq!(config(&one, &[]).bootstrap.initial_claim.unwrap().issuer, None);
}

#[test]
fn mapping_rules_may_name_a_provider() {
    let rules = "{claim-name: c, claim-value: v, provider: partner}";
    let yaml = format!(
        "{}bootstrap: {{mapping-rules: [{}]}}\ninitialization: {{mapping-rules: [{}]}}\n",
        two("", ", namespace: partner"),
        rules.replace('{', "{name: a, "),
        rules.replace('{', "{mapping-rule-id: b, "),
    );
    let config = config(&yaml, &[]);
    let issuers = [&config.bootstrap.mapping_rules[0].issuer, &config.initialization.policies.mapping_rules[0].issuer];
    assert!(issuers.into_iter().all(|issuer| issuer.as_ref().unwrap().as_str() == "https://partner.example"));
}

#[test]
fn warns_when_the_audience_is_the_client() {
    let with = |more: &str| load(&format!("{OIDC}      client-id: identity\n{more}"), &[]).unwrap().warnings;
    let warnings = with("");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("`client-id` is one of `audiences`"), "{warnings:?}");
    assert_eq!(load(OIDC, &[]).unwrap().warnings, Vec::<String>::new());
    let accepted = with("      accept-id-tokens: true\n");
    assert!(accepted[0].starts_with("DANGER: ID tokens pass as access tokens"), "{accepted:?}");
}

fn one(more: &str) -> String {
    format!(
        "
profile: oidc
authentication:
  providers:
    main: {{issuer: https://main.example, audiences: [api], groups-claim: groups{more}}}
"
    )
}

#[test]
fn reads_every_provider_kind_and_its_synonyms() {
    use ProviderKind::{Adfs, Auth0, Authentik, Cognito, Dex, Generic, Keycloak, Microsoft, Okta, Ping, Zitadel};
    for (words, kind) in [
        ("keycloak", Keycloak),
        ("entra", Microsoft),
        ("microsoft", Microsoft),
        ("okta", Okta),
        ("auth0", Auth0),
        ("cognito", Cognito),
        ("dex", Dex),
        ("authentik", Authentik),
        ("zitadel", Zitadel),
        ("adfs", Adfs),
        ("ping", Ping),
        ("generic", Generic),
    ] {
        for key in ["kind", "type"] {
            let config = config(&one(&format!(", {key}: {words}")), &[]);
            assert_eq!(config.authentication.providers[0].kind, kind, "{key}: {words}");
        }
    }
    assert_eq!(config(&one(", kind: entra, type: microsoft"), &[]).authentication.providers[0].kind, Microsoft);
    let found = problems(&one(", kind: dex, type: okta"), &[]);
    assert!(found.iter().any(|problem| problem.contains("is a synonym of `kind`")), "{found:?}");
}

#[test]
fn reads_token_habits_and_rejects_ineffective_ones() {
    let habits =
        ", audience-claim: client_id, id-token-marks: [c_hash], access-token-types: [jwt+x], groups-claim-as: split";
    let config = config(&one(habits), &[]);
    let habits = TokenHabits {
        audience_claim: Some("client_id".to_owned()),
        access_token_types: Some(vec!["jwt+x".to_owned()]),
        access_token_issuer: None,
        id_token_marks: Some(vec!["c_hash"]),
        groups_form: Some(ClaimForm::Split(",".to_owned())),
    };
    assert_eq!(config.authentication.providers[0].habits, habits);
    for (wrong, problem) in [
        (", groups-claim-separator: ';'", "has no effect without `groups-claim-as: split`"),
        (", groups-claim-as: keys, groups-claim-field: id", "has no effect without `groups-claim-as: field`"),
        (", id-token-marks: [sub]", "must be one of `nonce`, `at_hash`, `c_hash`, `s_hash`"),
    ] {
        let found = problems(&one(wrong), &[]);
        assert!(found.iter().any(|found| found.contains(problem)), "{wrong}: {found:?}");
    }
}
