//! Claim names that are expensive to parse or evaluate: rejected for every caller, and not parsed without the
//! permission.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{ROOT, Site, Store, created, done, refused, rule};

on_each_store!(
    a_claim_name_is_not_parsed_without_the_permission,
    a_stored_rule_that_is_no_longer_supported_is_kept_and_reported,
    an_inspection_has_bounded_input_and_output,
    rules_beyond_the_budget_are_refused_and_not_the_person,
);

/// Nested filters. With a backtracking parser each level doubles the time, so sixty levels never finish.
fn nested() -> String {
    format!("${}1{}", "[?@".repeat(60), "]".repeat(60))
}

/// Nested counts of all descendants: more than twenty seconds for a token with 200 groups.
const COUNTS: &str = "$..[?count($..[?count($..[?count($..*)>0])>0])>0]";

async fn a_claim_name_is_not_parsed_without_the_permission(store: Store) {
    let site = Site::start(store).await;
    let (admin, eve) = (site.admin(), site.user("eve"));
    created(admin.post("/api/mapping-rules", &rule("plain", ("a", "b"), "ROLE", &[])).await);
    let begun = Instant::now();
    for claim_name in [nested(), COUNTS.to_owned(), "$[".to_owned()] {
        let ours = rule("hostile", (&claim_name, "b"), "ROLE", &[]);
        let theirs = json!({"mappingRuleId": "hostile", "name": "n", "claimName": claim_name, "claimValue": "b"});
        let change = json!({"name": "n", "claimName": claim_name, "claimValue": "b"});
        let tried =
            json!({"changes": [{"createMappingRule": {"id": "h", "claimName": claim_name, "claimValue": "b"}}]});
        for (api, status, reason) in [(&eve, 403, "forbidden"), (&admin, 400, "invalid")] {
            let replies = [
                api.post("/api/mapping-rules", &ours).await,
                api.put("/api/mapping-rules/plain", &ours).await,
                api.post("/v2/mapping-rules", &theirs).await,
                api.put("/v2/mapping-rules/plain", &change).await,
                api.post("/access/v1/simulate", &tried).await,
            ];
            for reply in replies {
                let (status_of, text) = (reply.status, reply.text.clone());
                assert_eq!(status_of, status, "{}: {text}", reply.url);
                if status == 400 {
                    assert!(text.contains("at character ") && text.contains("$.realm_access.roles"), "{text}");
                } else if !reply.url.path().contains("/v2/") {
                    refused(&reply, status, reason);
                }
            }
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

async fn a_stored_rule_that_is_no_longer_supported_is_kept_and_reported(store: Store) {
    let site = Site::start(store).await;
    for name in ["legacy", "plain"] {
        created(site.admin().post("/api/mapping-rules", &rule(name, ("groups", "g"), "ROLE", &["rpa"])).await);
    }
    site.server.terminate().await;
    const LEGACY: &str = "UPDATE mapping_rules SET claim_name = '$..[?count($..[?count($..[?count($..*)>0])>0])>0]' \
        WHERE mapping_rule_id = 'legacy'";
    site.store.execute(&site.launch, LEGACY.to_owned()).await;

    let server = site.launch.start().await;
    let api = server.http().bearer(site.forge.token(&json!({"sub": ROOT})));
    // With these 200 groups, evaluating the rule took more than twenty seconds. It is now disabled.
    let groups: Vec<Value> = (0..200).map(|n| json!(format!("group-{n}"))).chain([json!("g")]).collect();
    let begun = Instant::now();
    let ann = server.http().bearer(site.forge.token(&json!({"sub": "ann", "groups": groups})));
    assert_eq!(ann.get("/api/me").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    let shown = api.get("/api/mapping-rules/legacy").await.expect_status(200).json();
    assert_eq!(shown["claimName"], COUNTS);
    assert!(shown["disabled"].as_str().is_some_and(|why| why.contains("at character")), "{shown}");
    assert!(api.get("/api/mapping-rules/plain").await.json().get("disabled").is_none());
    assert!(server.output().contains("mapping_rule.disabled"), "{}", server.output());
    let inspected = api.post("/access/v1/inspect", &json!({"claims": {"sub": "ann", "groups": ["g"]}})).await;
    let inspected = inspected.expect_status(200).json();
    let verdict = |id: &str| {
        let rules = inspected["rules"].as_array().expect("rules");
        rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no {id}: {inspected}")).clone()
    };
    assert_eq!((&verdict("plain")["matches"], verdict("plain").get("refused")), (&json!(true), None));
    assert_eq!(verdict("legacy")["matches"], false);
    assert!(verdict("legacy")["refused"].as_str().is_some_and(|why| why.contains("at character")), "{inspected}");

    // Other changes keep the rule unchanged, and a supported claim name enables it.
    done(api.put("/v2/roles/connectors/mapping-rules/legacy", &json!({})).await);
    assert_eq!(api.get("/api/mapping-rules/legacy").await.json()["claimName"], COUNTS);
    refused(&api.put("/api/mapping-rules/legacy", &rule("legacy", (COUNTS, "g"), "ROLE", &[])).await, 400, "invalid");
    done(api.put("/api/mapping-rules/legacy", &rule("legacy", ("$..groups", "g"), "ROLE", &["rpa"])).await);
    let inspected = api.post("/access/v1/inspect", &json!({"claims": {"sub": "ann", "groups": ["g"]}})).await.json();
    assert_eq!(inspected["subject"]["mappingRules"], json!(["legacy", "plain"]), "{inspected}");
}

async fn an_inspection_has_bounded_input_and_output(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    for number in 0..100 {
        let selector = ["$", "$.*", "$..*", "$..[?@.a != 'b']"][number % 4];
        let body = rule(&format!("wide-{number}"), (selector, &format!("v{number}")), "ROLE", &["rpa"]);
        created(api.post("/api/mapping-rules", &body).await);
    }
    let claims = |texts: usize| json!({"claims": {"sub": "ann", "many": vec!["x".repeat(60); texts]}});
    refused(&api.post("/access/v1/inspect", &claims(10_000)).await, 400, "invalid");
    refused(&site.user("eve").post("/access/v1/inspect", &claims(10_000)).await, 403, "forbidden");
    let begun = Instant::now();
    let inspected = api.post("/access/v1/inspect", &claims(1000)).await.expect_status(200);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(inspected.text.len() < 1024 * 1024, "{} bytes", inspected.text.len());
    let inspected = inspected.json();
    let rules = inspected["rules"].as_array().expect("rules");
    let of = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!((&of("wide-0")["saw"], &of("wide-0")["sawMore"]), (&json!([]), &json!(true)));
    assert!(rules.len() > 100 && rules.iter().filter(|rule| rule["sawMore"] == true).count() >= 100);
}

async fn rules_beyond_the_budget_are_refused_and_not_the_person(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    created(api.post("/api/mapping-rules", &rule("by-name", ("department", "sales"), "ROLE", &["rpa"])).await);
    for number in 0..300 {
        let selector = format!("$..[?@.kind == 'k{number}'].name");
        let body = rule(&format!("costly-{number}"), (&selector, "g"), "ROLE", &["connectors"]);
        created(api.post("/api/mapping-rules", &body).await);
    }
    let groups = vec![json!({"kind": "other", "name": "g"}); 200];
    let claims = json!({"sub": "ann", "department": "sales", "groups": groups});

    let ann = site.anonymous().bearer(site.forge.token(&claims));
    let begun = Instant::now();
    let me = ann.get("/v2/authentication/me").await.expect_status(200).json();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(me["roles"], json!(["rpa"]), "{me}");
    let logged = site.server.says("mapping_rule.refused").await;
    assert!(logged.contains("costly-"), "{logged}");
    let metrics = site.server.management().get("/actuator/prometheus").await.text;
    let refusals = metrics.lines().find_map(|line| line.strip_prefix("identity_mapping_rule_refusals_total "));
    assert!(refusals.is_some_and(|count| count.parse::<f64>().is_ok_and(|count| count > 0.0)), "{metrics}");

    let inspected = api.post("/access/v1/inspect", &json!({"claims": claims})).await.expect_status(200).json();
    let rules = inspected["rules"].as_array().expect("rules");
    let refused: Vec<&Value> = rules.iter().filter(|rule| !rule["refused"].is_null()).collect();
    assert!(!refused.is_empty() && refused.len() < 300, "{} refused", refused.len());
    assert!(refused.iter().all(|rule| rule["id"].as_str().is_some_and(|id| id.starts_with("costly-"))));
    assert!(refused.iter().all(|rule| rule["refused"].as_str().is_some_and(|why| why.contains("steps"))));
    assert_eq!(inspected["subject"]["mappingRules"], json!(["by-name"]));
}
