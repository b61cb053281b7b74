//! Benchmark of mapping rules: resolution of 200 group claims to a subject, compared with parsing the claims and with a
//! straightforward loop.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::collections::BTreeSet;

use identity_bench::measure::{Bench, Goal, asked_for};
use identity_bench::policies::{role, username};
use identity_core::catalog::ResourceCatalog;
use identity_core::entity::{Container, MappingRule, Membership, Party, Principal};
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::value::{ClaimSelector, ClaimValue, Claims, MappingRuleId, Name, Revision};
use identity_core::world::{Change, Sources, World};
use serde_json::{Value, json};

const GROUPS: usize = 200;

struct Scene {
    name: String,
    world: World,
    rules: Vec<ByHand>,
}

/// A rule of the naive evaluator: the path of member names and the expected value.
struct ByHand {
    id: String,
    path: &'static [&'static str],
    value: String,
}

/// Of ten rules, eight match a group, one a nested role, and one a scalar.
fn rule(number: usize) -> (&'static str, &'static [&'static str], String) {
    match number % 10 {
        0..8 => ("groups", &["groups"], group(number)),
        8 => ("$.realm_access.roles", &["realm_access", "roles"], format!("realm-role-{number}")),
        _ => ("$.profile.department", &["profile", "department"], format!("department-{number}")),
    }
}

fn group(number: usize) -> String {
    format!("/company/unit-{number:07}/team")
}

/// Claims that match the rules 0 to 9. No rule matches the other groups.
fn claims() -> Value {
    let groups: Vec<String> =
        (0..GROUPS).map(|number| group(if number < 8 { number } else { 1_000_000 + number })).collect();
    json!({
        "iss": "https://login.example.com/realms/main", "aud": ["identity", "account"], "exp": 1_900_000_000,
        "iat": 1_800_000_000, "sub": "5b1f6c0e-6a55-4d3d-9a51-0f8a4d0c7a11", "azp": "modeler", "scope": "openid email",
        "preferred_username": "ann@example.com", "email": "ann@example.com", "email_verified": true,
        "realm_access": {"roles": ["offline_access", "realm-role-8", "uma_authorization"]},
        "profile": {"department": "department-9", "floor": 3},
        "groups": groups,
    })
}

impl Scene {
    fn new(count: usize) -> Self {
        let mut rows = Vec::new();
        for number in 0..count {
            let (selector, _, value) = rule(number);
            let id = rule_id(number);
            rows.push(Change::MappingRulePut(MappingRule::new(
                id.clone(),
                Name::from(&id),
                ClaimSelector::parse(selector).unwrap(),
                ClaimValue::parse(&value).unwrap(),
            )));
            let container = Container::Role(role(number % 1000));
            rows.push(Change::MemberAdded(Membership::new(container, Party::MappingRule(id)).unwrap()));
        }
        let empty = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        let (world, refused) = empty.replay(Revision(1), &rows);
        assert_eq!(refused, []);
        let rules = (0..count).map(|number| {
            let (_, path, value) = rule(number);
            ByHand { id: rule_id(number).to_string(), path, value }
        });
        Self { name: format!("{count} rules"), world, rules: rules.collect() }
    }

    fn resolved(&self, principal: &Principal, claims: &Claims) -> Subject {
        resolve(&self.world, ResolveInput { principal, claims: Some(claims), groups: None, permissions: None })
    }

    fn by_hand(&self, claims: &Value) -> BTreeSet<&str> {
        let matches = |rule: &&ByHand| match rule.path.iter().try_fold(claims, |node, name| node.get(name)) {
            Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(&rule.value)),
            Some(other) => other.as_str() == Some(&rule.value),
            None => false,
        };
        self.rules.iter().filter(matches).map(|rule| &*rule.id).collect()
    }
}

fn rule_id(number: usize) -> MappingRuleId {
    MappingRuleId::parse(&format!("rule-{number}")).unwrap()
}

fn main() {
    if !asked_for() {
        return;
    }
    let text = claims().to_string();
    let claims = Claims::new(claims()).unwrap();
    let principal = Principal::User(username(1));
    let scenes = [100, 10_000, 100_000].map(Scene::new);
    for scene in &scenes {
        let subject = scene.resolved(&principal, &claims);
        let ours: BTreeSet<&str> = subject.mapping_rules.iter().map(MappingRuleId::as_str).collect();
        assert_eq!(ours, scene.by_hand(claims.as_value()), "both find the same rules");
        assert_eq!((ours.len(), subject.roles.len()), (10, 10));
    }

    let mut bench = Bench::new("Resolution of a token with 200 group claims");
    bench.case("parsing the claims", || serde_json::from_str::<Value>(&text));
    for scene in &scenes {
        bench.case(&scene.name, || scene.resolved(&principal, &claims));
        bench.compare(&scene.name, "parsing the claims", Some(Goal::AtMost(0.6)));
    }
    bench.compare("10000 rules", "100 rules", Some(Goal::AtMost(1.5)));
    bench.compare("100000 rules", "100 rules", None);
    let [_, many, _] = &scenes;
    bench.case("10000 rules in a loop", || many.by_hand(claims.as_value()).len());
    bench.compare("10000 rules", "10000 rules in a loop", Some(Goal::Faster(500.0)));
    bench.report();
}
