//! Claims as providers write them: a bad element is left out and reported, and the token stays valid.

use serde_json::{Value, json};

use super::*;
use crate::value::{ClaimSelector, Namespace};

fn claims(value: Value) -> Claims {
    Claims::new(value).unwrap()
}

fn reading(form: ClaimForm) -> PrincipalClaims {
    let selector = |text| ClaimSelector::parse(text).unwrap();
    PrincipalClaims {
        username: selector("sub"),
        client_id: Some(selector("client_id")),
        groups: Some(ClaimReader { selector: selector("groups"), form }),
        prefer_username: false,
        username_case: UsernameCase::Exact,
        namespace: Namespace::whole(),
    }
}

fn groups(form: ClaimForm, claim: Value) -> (Vec<String>, Vec<String>) {
    let found = reading(form).groups(&claims(json!({"groups": claim})));
    let names = found.groups.unwrap().iter().map(ToString::to_string).collect();
    (names, found.remarks.iter().map(ToString::to_string).collect())
}

fn names(form: ClaimForm, claim: Value) -> Vec<String> {
    groups(form, claim).0
}

#[test]
fn groups_are_a_text_a_list_or_none() {
    let of = |claim| names(ClaimForm::List, claim);
    assert_eq!(of(json!("one")), ["one"]);
    assert_eq!(of(json!(["b", "a", "b"])), ["a", "b"]);
    assert_eq!(of(json!(null)), [""; 0]);
    let missing = reading(ClaimForm::List).groups(&claims(json!({})));
    assert_eq!(missing, ClaimedGroups { groups: Some(Vec::new()), remarks: Vec::new() });
    let stored = PrincipalClaims { groups: None, ..reading(ClaimForm::List) };
    assert_eq!(stored.groups(&claims(json!({"groups": "x"}))), ClaimedGroups::default());
}

#[test]
fn a_group_that_is_too_long_is_left_out_with_its_length() {
    let (names, remarks) = groups(ClaimForm::List, json!(["ops", "x".repeat(275), "y".repeat(300), "dev"]));
    assert_eq!(names, ["dev", "ops"]);
    let [remark] = remarks.as_slice() else { panic!("{remarks:?}") };
    assert!(remark.starts_with("2 elements were left out: it has 275 characters"), "{remark}");
    assert!(remark.ends_with("(at position 2, 3)"), "{remark}");
}

#[test]
fn whole_numbers_are_taken_as_their_text() {
    assert_eq!(names(ClaimForm::List, json!([12, "34", -5, u64::MAX])), ["-5", "12", "18446744073709551615", "34"]);
    assert_eq!(names(ClaimForm::List, json!(7)), ["7"]);
    // Parsing may map two larger integers, or two fractions, to the same number.
    let large: Value = serde_json::from_str("[18446744073709551616, 1.5, 1e3]").unwrap();
    let (names, remarks) = groups(ClaimForm::List, large);
    assert_eq!(names, [""; 0]);
    assert!(
        remarks[0].contains("3 elements were left out: it is a number that is not whole or too large"),
        "{remarks:?}"
    );
}

#[test]
fn every_kind_of_bad_element_is_left_out_and_counted() {
    let claim = json!(["ops", true, {"a": 1}, ["x"], null, "", " ", "a\u{0}b", "ad\u{202E}min", "dev"]);
    let (names, remarks) = groups(ClaimForm::List, claim);
    assert_eq!(names, ["dev", "ops"]);
    assert_eq!(remarks.iter().filter(|remark| remark.contains("left out")).count(), 7, "{remarks:#?}");
    assert!(remarks.iter().all(|remark| !remark.contains("admin")), "no value is in a remark: {remarks:#?}");
}

#[test]
fn a_list_in_one_text_is_recognised_and_read() {
    let (one, remarks) = groups(ClaimForm::List, json!("ops,dev"));
    assert_eq!(one, ["ops,dev"]);
    assert!(remarks[0].contains("groups-claim-as: split"), "{remarks:?}");
    let split = |separator: &str| ClaimForm::Split(separator.to_owned());
    assert_eq!(names(split(","), json!("ops, dev,,")), ["dev", "ops"]);
    assert_eq!(names(split(" "), json!("ops  dev")), ["dev", "ops"]);
    assert_eq!(names(split(";"), json!(["a;b", "c", 4])), ["4", "a", "b", "c"]);
    let (one, remarks) = groups(ClaimForm::List, json!("[\"ops\",\"dev\"]"));
    assert_eq!(one, ["[\"ops\",\"dev\"]"]);
    assert!(remarks[0].contains("groups-claim-as: json"), "{remarks:?}");
    assert_eq!(names(ClaimForm::Json, json!("[\"ops\", 5]")), ["5", "ops"]);
    assert_eq!(names(ClaimForm::Json, json!(["ops"])), ["ops"]);
    for wrong in ["ops", "{}", "[", "\"ops\""] {
        let (names, remarks) = groups(ClaimForm::Json, json!(wrong));
        assert_eq!((names.len(), remarks.len()), (0, 1), "{wrong}");
    }
}

#[test]
fn the_names_of_members_can_be_groups() {
    let roles = json!({"operator": {"123": "acme.example"}, "viewer": {"123": "acme.example"}});
    assert_eq!(names(ClaimForm::Keys, roles.clone()), ["operator", "viewer"]);
    assert_eq!(names(ClaimForm::Keys, json!([{"a": 1}, {"b": 2}])), ["a", "b"]);
    assert_eq!(names(ClaimForm::Keys, json!({})), [""; 0]);
    let (none, remarks) = groups(ClaimForm::List, roles);
    assert_eq!(none, [""; 0]);
    assert!(remarks.iter().any(|remark| remark.contains("groups-claim-as: keys")), "{remarks:?}");
    assert_eq!(groups(ClaimForm::Keys, json!("operator")).1.len(), 1);
}

#[test]
fn a_member_of_each_object_can_be_the_group() {
    let field = || ClaimForm::Field("name".to_owned());
    let list = json!([{"name": "ops"}, {"name": ["dev", 3]}, {"id": 4}, "text", {"name": {}}]);
    let (found, remarks) = groups(field(), list.clone());
    assert_eq!(found, ["3", "dev", "ops"]);
    assert_eq!(remarks.len(), 3, "{remarks:?}");
    assert_eq!(names(field(), json!({"name": "ops"})), ["ops"]);
    assert!(groups(ClaimForm::List, list).1.iter().any(|remark| remark.contains("groups-claim-as: field")));
}

#[test]
fn groups_that_are_elsewhere_are_reported_and_others_are_not() {
    let found = |value| reading(ClaimForm::List).groups(&claims(value));
    let names = json!({"groups": "src1"});
    let sources = json!({"src1": {"endpoint": "https://graph.example/getMemberObjects"}});
    for overage in [
        json!({"_claim_names": names, "_claim_sources": sources}),
        json!({"_claim_names": {"groups": "src1"}}),
        json!({"hasgroups": true}),
    ] {
        let found = found(overage);
        assert_eq!(found.remarks, [Remark::Elsewhere(vec!["groups".to_owned()])]);
        assert_eq!(found.groups, Some(Vec::new()));
    }
    for fine in [
        json!({"groups": ["a"], "_claim_names": {"groups": "src1"}}),
        json!({"groups": ["a"], "hasgroups": true}),
        json!({"hasgroups": false}),
        json!({"_claim_names": {}}),
        json!({"_claim_names": "groups"}),
    ] {
        assert_eq!(found(fine).remarks, []);
    }
    // The remark also appears where groups are stored, because mapping rules read the claim, too.
    let stored = PrincipalClaims { groups: None, ..reading(ClaimForm::List) };
    assert_eq!(stored.groups(&claims(json!({"_claim_names": {"groups": "src1"}}))).remarks.len(), 1);
}

#[test]
fn a_numeric_name_and_a_list_of_one_name_are_names() {
    let principal = |value| reading(ClaimForm::List).principal(&claims(value)).unwrap();
    assert_eq!(principal(json!({"sub": 123_456_789})), Principal::parse("USER", "123456789").unwrap());
    assert_eq!(principal(json!({"client_id": 42})), Principal::parse("CLIENT", "42").unwrap());
    assert_eq!(principal(json!({"sub": ["ann"]})), Principal::parse("USER", "ann").unwrap());
}
