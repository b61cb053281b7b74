//! Tests of the mapping rule index, including each row of the table in `docs/mapping-rules.md`.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::value::{ClaimSelector, ClaimValue, MappingRuleId, Name};
use crate::world::symbol::{Kind, Names};

#[test]
fn a_rule_that_names_an_issuer_matches_the_tokens_of_no_other() {
    let mut names = Names::default();
    let mut index = RuleIndex::default();
    let rule = |id: &str, issuer: Option<&str>| MappingRule {
        issuer: issuer.map(|issuer| Issuer::parse(issuer).unwrap()),
        ..MappingRule::new(
            MappingRuleId::parse(id).unwrap(),
            Name::parse(id).unwrap(),
            ClaimSelector::parse("sub").unwrap(),
            ClaimValue::parse("ann").unwrap(),
        )
    };
    let (any, own) = (rule("any", None), rule("own", Some("https://main.example")));
    let [first, second] = [&any, &own].map(|rule| names.intern(Kind::MappingRule, &rule.id.shared()).unwrap());
    index.insert(first, &any);
    index.insert(second, &own);
    let matching = |index: &RuleIndex, claims| index.matching(&claims).rules;
    assert_eq!(matching(&index, json!({"sub": "ann", "iss": "https://main.example"})).len(), 2);
    for other in [json!("https://partner.example"), json!("https://main.example/"), json!(7), json!(null)] {
        assert_eq!(matching(&index, json!({"sub": "ann", "iss": other})), [first], "{other}");
    }
    assert_eq!(matching(&index, json!({"sub": "ann"})), [first]);
    index.remove(second, &own);
    index.insert(second, &rule("own", None));
    assert_eq!(matching(&index, json!({"sub": "ann"})).len(), 2, "the issuer is gone with the rule");
}

/// Whether a rule matches the claims, first with EQUALS, then with CONTAINS.
fn matches(selector: &str, value: &str, claims: &Value) -> (bool, bool) {
    let mut names = Names::default();
    let mut index = RuleIndex::default();
    let mut insert = |id: &str, operator| {
        let rule = MappingRule {
            operator,
            ..MappingRule::new(
                MappingRuleId::parse(id).unwrap(),
                Name::parse(id).unwrap(),
                ClaimSelector::parse(selector).unwrap(),
                ClaimValue::parse(value).unwrap(),
            )
        };
        let symbol = names.intern(Kind::MappingRule, &rule.id.shared()).unwrap();
        index.insert(symbol, &rule);
        symbol
    };
    let equals = insert("equals", Operator::Equals);
    let contains = insert("contains", Operator::Contains);
    let found = index.matching(claims).rules;
    (found.contains(&equals), found.contains(&contains))
}

macro_rules! rows {
    ($($name:ident: $selector:literal $value:literal $claims:tt => $equals:ident $contains:ident,)+) => {
        $(
            #[test]
            fn $name() {
                assert_eq!(matches($selector, $value, &json!($claims)), ($equals, $contains));
            }
        )+
    };
}

rows! {
    a_missing_claim: "a" "x" {"b": "x"} => false false,
    a_null: "a" "null" {"a": null} => false false,
    an_empty_text: "a" "x" {"a": ""} => false false,
    the_same_text: "a" "x" {"a": "x"} => true false,
    the_text_in_another_case: "a" "x" {"a": "X"} => false false,
    a_part_of_the_text: "a" "x" {"a": "xy"} => false false,
    words_in_one_text: "scope" "read" {"scope": "read write"} => false false,
    a_number: "a" "30" {"a": 30} => true false,
    a_number_written_otherwise: "a" "30" {"a": 30.0} => false false,
    a_number_as_text: "a" "30" {"a": "30"} => true false,
    a_boolean: "a" "true" {"a": true} => true false,
    a_list_that_holds_it: "a" "x" {"a": ["w", "x"]} => true true,
    a_list_that_does_not: "a" "x" {"a": ["w", "xy"]} => false false,
    a_list_of_numbers: "a" "30" {"a": [7, 30]} => true true,
    an_empty_list: "a" "x" {"a": []} => false false,
    a_null_in_a_list: "a" "null" {"a": [null]} => false false,
    a_list_in_a_list: "a" "x" {"a": [["x"]]} => false false,
    an_object: "a" "x" {"a": {"x": "x"}} => false false,
    a_list_of_objects: "a" "x" {"a": [{"name": "x"}]} => false false,
    a_name_with_a_dot: "a.b" "x" {"a.b": "x"} => true false,
    a_name_with_a_dot_is_no_path: "a.b" "x" {"a": {"b": "x"}} => false false,
    a_name_that_is_a_url: "https://example.com/roles" "x" {"https://example.com/roles": ["x"]} => true true,
    a_path_to_a_text: "$.a.b" "x" {"a": {"b": "x"}} => true false,
    a_path_to_a_list: "$.a.b" "x" {"a": {"b": ["x"]}} => true true,
    a_path_with_quotes: "$['a-b']['c d']" "x" {"a-b": {"c d": "x"}} => true false,
    a_path_that_ends_early: "$.a.b" "x" {"a": "x"} => false false,
    a_path_through_a_list_needs_a_wildcard: "$.a.name" "x" {"a": [{"name": "x"}]} => false false,
    a_wildcard_for_elements: "$.a[*].name" "x" {"a": [{"name": "w"}, {"name": "x"}]} => true true,
    a_wildcard_for_members: "$.a.*.roles" "x" {"a": {"app": {"roles": ["x"]}}} => true true,
    a_wildcard_at_a_text: "$.a.*" "x" {"a": {"k": "x"}} => true true,
    a_place_in_a_list: "$.a[0]" "x" {"a": ["x", "y"]} => true true,
    any_depth: "$..role" "x" {"a": [{"b": {"role": "x"}}]} => true true,
    a_filter: "$.a[?@.on == true].name" "x" {"a": [{"name": "x", "on": true}]} => true true,
}

#[test]
fn a_rule_that_is_removed_matches_no_more() {
    let claims = json!({"a": {"b": ["x"]}});
    for selector in ["$.a.b", "$..b"] {
        let mut names = Names::default();
        let mut index = RuleIndex::default();
        let rule = |id: &str| {
            MappingRule::new(
                MappingRuleId::parse(id).unwrap(),
                Name::parse(id).unwrap(),
                ClaimSelector::parse(selector).unwrap(),
                ClaimValue::parse("x").unwrap(),
            )
        };
        let (first, second) = (rule("first"), rule("second"));
        let symbols = [&first, &second].map(|rule| names.intern(Kind::MappingRule, &rule.id.shared()).unwrap());
        index.insert(symbols[0], &first);
        index.insert(symbols[1], &second);
        index.remove(symbols[0], &first);
        assert_eq!(index.matching(&claims).rules, [symbols[1]], "{selector}");
        index.remove(symbols[1], &second);
        assert_eq!(index.matching(&claims).rules, [], "{selector}");
    }
}

const SELECTORS: &[&str] = &[
    "a",
    "b",
    "$.a",
    "$.a.b",
    "$.a.*",
    "$.*",
    "$.*.b",
    "$..b",
    "$..b[0]",
    "$.a..b",
    "$.a[0]",
    "$.a[?@.b == 'x']",
    "$.a[?@.b]",
    "$.a[?@.b].b",
    "$[?count($..*) > 1]",
    "$.a.b.c.d",
    "$.a.b.c.e",
];

fn numbered(number: usize, selector: usize, value: usize) -> MappingRule {
    let id = format!("rule-{number}");
    MappingRule {
        operator: if number.is_multiple_of(2) { Operator::Equals } else { Operator::Contains },
        ..MappingRule::new(
            MappingRuleId::parse(&id).unwrap(),
            Name::parse(&id).unwrap(),
            ClaimSelector::stored(SELECTORS[selector]),
            ClaimValue::parse(["x", "y"][value]).unwrap(),
        )
    }
}

proptest! {
    /// Removal frees nodes without rules: the index retains nothing of the removed rules.
    #[test]
    fn an_index_after_changes_is_the_index_of_what_is_left(
        changes in proptest::collection::vec((0..12usize, 0..SELECTORS.len(), 0..2usize, any::<bool>()), 0..60),
    ) {
        let mut names = Names::default();
        let symbols: Vec<Symbol> = (0..12)
            .map(|number| names.intern(Kind::MappingRule, &numbered(number, 0, 0).id.shared()).unwrap())
            .collect();
        let mut index = RuleIndex::default();
        let mut left: BTreeMap<usize, MappingRule> = BTreeMap::new();
        for (number, selector, value, keep) in changes {
            if let Some(old) = left.remove(&number) {
                index.remove(symbols[number], &old);
            }
            if keep {
                let rule = numbered(number, selector, value);
                index.insert(symbols[number], &rule);
                left.insert(number, rule);
            }
        }
        let mut fresh = RuleIndex::default();
        for (number, rule) in &left {
            fresh.insert(symbols[*number], rule);
        }
        prop_assert_eq!(&index.root, &fresh.root);
        for (number, rule) in &left {
            index.remove(symbols[*number], rule);
        }
        prop_assert_eq!(&index.root, &Node::default());
    }
}

/// Rules with many distinct filters exceed the budget. Rules with paths of names alone are never refused.
#[test]
fn a_budget_refuses_rules_and_keeps_those_by_name() {
    let claims = json!({"role": "x", "groups": vec![json!({"kind": "other", "name": "g"}); 2000]});
    let rule = |id: String, selector: &str, value: &str| {
        MappingRule::new(
            MappingRuleId::parse(&id).unwrap(),
            Name::parse(&id).unwrap(),
            ClaimSelector::parse(selector).unwrap(),
            ClaimValue::parse(value).unwrap(),
        )
    };
    let mut names = Names::default();
    let mut index = RuleIndex::default();
    let mut insert = |rule: &MappingRule| {
        let symbol = names.intern(Kind::MappingRule, &rule.id.shared()).unwrap();
        index.insert(symbol, rule);
        symbol
    };
    let by_name = insert(&rule("by-name".to_owned(), "role", "x"));
    let others: Vec<Symbol> =
        (0..500).map(|n| insert(&rule(format!("f{n}"), &format!("$..[?@.kind == 'k{n}'].name"), "g"))).collect();
    let begun = std::time::Instant::now();
    let Matching { rules, refused } = index.matching(&claims);
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    assert_eq!(rules, [by_name]);
    assert!(refused.len() > 400 && refused.len() < 500 && refused.iter().all(|rule| others.contains(rule)));
    assert_eq!(index.matching(&claims).refused, refused);
}
