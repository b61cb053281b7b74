//! Fuzz tests of the parsers of external input.

use std::str::from_utf8;
use std::sync::{Arc, LazyLock};

use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, VerifierSettings};
use identity_core::entity::Condition;
use identity_core::fake::FixedClock;
use identity_core::port::{Evidence, TokenVerifier as _};
use identity_core::resolve::{PrincipalClaims, UsernameCase};
use identity_core::search::{LikePattern, SearchBudget};
use identity_core::value::{
    Audience, ClaimSelector, ClaimValue, Claims, ClientId, Description, Email, GroupId, LocalPath, MappingRuleId, Name,
    Namespace, PermissionName, RedirectUri, ResourceId, ResourceTypeName, RoleId, TenantId, Username, json_length,
    strict_json_object,
};
use identity_fuzz::fuzz;
use identity_server::config::Sources;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Claims for the evaluation of accepted selectors.
static CLAIMS: LazyLock<Value> = LazyLock::new(|| {
    let groups: Vec<Value> =
        (0..200).map(|n| json!({"name": format!("group-{n}"), "type": "team", "n": n, "in": [n, [n]]})).collect();
    json!({"sub": "ann", "groups": groups, "realm_access": {"roles": ["a", "b"]}, "a": {"b": {"c": {"d": [1, 2, null]}}}})
});

#[test]
fn claim_selectors() {
    fuzz("claim_selector", |input| {
        let Ok(text) = from_utf8(input) else { return };
        if let Ok(selector) = ClaimSelector::parse(text) {
            let _within_its_budget = selector.select(&CLAIMS);
            assert_eq!(ClaimSelector::parse(selector.as_str()).as_ref(), Ok(&selector));
        }
        // A stored text is always preserved, including invalid ones.
        assert_eq!(ClaimSelector::stored(text).as_str(), text);
    });
}

#[test]
fn like_patterns() {
    fuzz("like_pattern", |input| {
        // A pattern, and after the first line break a text.
        let Ok(text) = from_utf8(input) else { return };
        let (pattern, text) = text.split_once('\n').unwrap_or((text, text));
        let Ok(pattern) = LikePattern::parse(pattern) else { return };
        let found = pattern.matches(text, &SearchBudget::default());
        if pattern.as_str().contains(['\\', '*', '?']) {
            let around = LikePattern::parse(&format!("*{}*", pattern.as_str()));
            assert!(!found || around.is_err() || around.unwrap().matches(text, &SearchBudget::default()));
        } else {
            assert_eq!(found, pattern.as_str() == text);
        }
    });
}

#[test]
fn json_objects() {
    fuzz("json_object", |input| {
        let Ok(object) = strict_json_object(input) else { return };
        // `serde_json` parses an accepted input to the same value, and the serialized value is accepted again.
        let value = Value::Object(object);
        assert_eq!(serde_json::from_slice::<Value>(input).unwrap(), value);
        let text = value.to_string();
        assert_eq!(json_length(&value, text.len()), Some(text.len()));
        assert_eq!(strict_json_object(text.as_bytes()).map(Value::Object), Ok(value));
    });
}

#[test]
fn conditions() {
    fuzz("condition", |input| {
        let Ok(condition) = serde_json::from_slice::<Condition>(input) else { return };
        let text = serde_json::to_string(&condition).unwrap();
        assert_eq!(serde_json::from_str::<Condition>(&text).unwrap(), condition);
    });
}

#[test]
fn values() {
    fuzz("value", |input| {
        let Ok(text) = from_utf8(input) else { return };
        macro_rules! parsers {
            ($($value:ty),+) => {$(
                if let Ok(value) = <$value>::parse(text) {
                    assert_eq!(<$value>::parse(value.as_str()).as_ref(), Ok(&value), stringify!($value));
                }
            )+};
        }
        parsers!(
            Audience,
            ClaimValue,
            ClientId,
            Description,
            Email,
            GroupId,
            LocalPath,
            MappingRuleId,
            Name,
            PermissionName,
            RedirectUri,
            ResourceId,
            ResourceTypeName,
            RoleId,
            TenantId,
            Username
        );
    });
}

#[test]
fn tokens() {
    let selector = |text| ClaimSelector::parse(text).unwrap();
    let claims = PrincipalClaims {
        username: selector("sub"),
        client_id: Some(selector("client")),
        groups: Some(selector("$.groups[*]").into()),
        prefer_username: false,
        username_case: UsernameCase::Exact,
        namespace: Namespace::default(),
    };
    // No server listens there, so the keys are unavailable and every check before the signature is reached.
    let issuer = IssuerSettings::new("https://127.0.0.1:9", vec!["api".to_owned()], claims);
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let verifier = {
        let _entered = runtime.enter();
        OidcTokenVerifier::new(vec![issuer], VerifierSettings::default(), clock).unwrap()
    };
    fuzz("token", |input| {
        let Ok(text) = from_utf8(input) else { return };
        let inspection = runtime.block_on(verifier.inspect(Evidence::Token(text)));
        assert!(inspection.steps.iter().any(|step| step.passed != Some(true)), "an unsigned token was accepted");
        assert!(runtime.block_on(verifier.verify(text)).is_err());
        if let Ok(object) = strict_json_object(input) {
            runtime.block_on(verifier.inspect(Evidence::Claims(&Claims::from(object))));
        }
    });
}

/// The configuration is trusted input, but an invalid one must be reported and must not block the start.
#[test]
fn configurations() {
    let directory = std::env::temp_dir().join(format!("identity-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("identity.yaml");
    fuzz("configuration", |input| {
        std::fs::write(&file, input).unwrap();
        let sources = Sources { files: vec![file.clone()], ..Sources::default() };
        if let Err(problems) = sources.load() {
            assert!(!problems.to_string().is_empty());
        }
    });
    std::fs::remove_dir_all(&directory).unwrap();
}
