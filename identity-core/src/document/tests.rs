use serde_json::json;

use super::*;
use crate::apply::Command;
use crate::value::DocumentName;

static ALONE: BTreeMap<DocumentName, PolicyDocument> = BTreeMap::new();

fn findings(value: &Value) -> Vec<(String, String)> {
    let found = PolicyDocument::read(value).expect_err("findings");
    found.into_iter().map(|DocumentFinding { pointer, rule }| (pointer, rule)).collect()
}

#[test]
fn reports_all_violated_rules_with_their_places() {
    let found = findings(&json!({
        "rolls": [],
        "groups": [["g", "G"], {"group-id": "g", "name": " "}, {"group-id": "G", "name": "G", "colour": "red"}],
        "roles": [{"role-id": "clerk", "name": "Clerk", "users": ["ann", 7, "ann"], "roles": ["other"]}],
        "default-roles": {"boss": {}},
        "authorizations": [
            {"owner-type": "TENANT", "owner-id": "t", "resource-type": "ROLE", "permissions": []},
            {"owner-type": "USER", "owner-id": "ann", "resource-type": "ROLE", "resource-id": "*", "permissions": ["READ"]},
            {"owner-type": "USER", "owner-id": "ann", "resource-type": "ROLE", "resource-id": "*", "permissions": ["UPDATE"]},
        ],
    }));
    let places: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/rolls",
            "/groups/0",
            "/groups/2/colour",
            "/groups/1/name",
            "/groups/2/group-id",
            "/roles/0/users/1",
            "/roles/0/users/2",
            "/roles/0/roles/0",
            "/default-roles/boss",
            "/authorizations/0/owner-type",
            "/authorizations/0/resource-id",
            "/authorizations/0/permissions",
            "/authorizations/2/owner-id",
        ],
        "{found:?}"
    );
}

#[test]
fn rejects_text_that_is_not_one_object_without_duplicates() {
    for text in ["[]", "", r#"{"roles": []"#, r#"{"roles": [], "roles": []}"#] {
        assert!(matches!(PolicyDocument::from_json(text), Err(DocumentError::Unreadable(_))), "{text}");
    }
}

#[test]
fn refuses_policies_that_contradict_each_other_with_their_places() {
    let document = PolicyDocument::read(&json!({
        "roles": [{"role-id": "clerk", "name": "Clerk", "groups": ["nowhere"]}],
        "authorizations": [
            {"owner-type": "USER", "owner-id": "ann", "resource-type": "INVOICE", "resource-id": "7", "permissions": ["READ"]},
        ],
    }));
    let document = document.unwrap();
    assert!(matches!(document.world(), Err(DocumentError::Refused(_))));
    let empty = World::new(Sources::BuiltIn, ResourceCatalog::standard());
    let commands = document.commands(&empty, Prune::Nothing, &BTreeMap::new());
    let refused = document.refusals(&empty, &commands, Authority::Administrator);
    let places: Vec<&str> = refused.iter().map(|finding| finding.pointer.as_str()).collect();
    assert_eq!(places, ["/roles/0/groups/0", "/authorizations/0"], "{refused:?}");
}

#[test]
fn removes_only_what_an_earlier_document_had() {
    let read = |value: &Value| PolicyDocument::read(value).unwrap();
    let managed = |earlier| Prune::Managed { earlier, others: &ALONE };
    let both = read(&json!({
        "roles": [{"role-id": "a", "name": "A", "users": ["ann", "bob"]}, {"role-id": "b", "name": "B", "users": ["ann"]}],
        "authorizations": [{"owner-type": "ROLE", "owner-id": "a", "resource-type": "GROUP", "resource-id": "*",
            "permissions": ["READ", "UPDATE"]}],
    }));
    let one = read(&json!({
        "roles": [{"role-id": "a", "name": "A", "users": ["ann"]}],
        "authorizations": [{"owner-type": "ROLE", "owner-id": "a", "resource-type": "GROUP", "resource-id": "*",
            "permissions": ["READ"]}],
    }));
    let world = both.world().unwrap();
    let nothing = BTreeMap::new();
    assert_eq!(one.commands(&world, Prune::Nothing, &nothing), []);
    let commands = one.commands(&world, managed(&both), &nothing);
    let kinds: Vec<&str> = commands
        .iter()
        .map(|command| match command {
            Command::DeleteRole(_) => "role",
            Command::RemoveMember(_) => "member",
            Command::UpdateAuthorization(..) => "permission",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["role", "member", "permission"]);
    let after = apply(&world, &commands, Authority::Administrator).unwrap().world;
    assert_eq!(one.commands(&after, managed(&both), &nothing), []);
    // What another way gave is not withdrawn with the document that never had it.
    assert_eq!(PolicyDocument::default().commands(&world, managed(&one), &nothing).len(), 1);
}

#[test]
fn keeps_what_a_document_of_another_name_states() {
    let read = |value: &Value| PolicyDocument::read(value).unwrap();
    let role = |id: &str, users: &[&str]| json!({"roles": [{"role-id": id, "name": "A", "users": users}]});
    let both = read(&role("a", &["ann", "bob"]));
    let world = both.world().unwrap();
    let nothing = read(&json!({"default-roles": {"admin": {}}}));
    let others: BTreeMap<DocumentName, PolicyDocument> =
        [(DocumentName::parse("team").unwrap(), read(&role("a", &["ann"])))].into();
    let commands = nothing.commands(&world, Prune::Managed { earlier: &both, others: &others }, &BTreeMap::new());
    assert!(matches!(&commands[..], [Command::RemoveMember(one)] if one.member().id() == "bob"), "{commands:?}");
    assert_eq!(both.conflicts(&others), []);
    let renamed = read(&json!({"roles": [{"role-id": "b", "name": "B"}, {"role-id": "a", "name": "Other"}]}));
    let conflicts = renamed.conflicts(&others);
    let places: Vec<&str> = conflicts.iter().map(|finding| finding.pointer.as_str()).collect();
    assert_eq!(places, ["/roles/1"], "{conflicts:?}");
}

#[test]
fn keeps_members_whose_entity_is_deleted_if_the_document_states_them() {
    let role = json!([{"role-id": "a", "name": "A", "users": ["ann"]}]);
    let before = PolicyDocument::read(&json!({"roles": role, "users": [{"username": "ann"}]})).unwrap();
    let world = before.world().unwrap();
    // Afterwards, `ann` is a user of the provider alone. A deletion removes memberships.
    let wanted = PolicyDocument::read(&json!({"roles": role})).unwrap();
    let commands = wanted.commands(&world, Prune::Managed { earlier: &before, others: &ALONE }, &BTreeMap::new());
    let after = apply(&world, &commands, Authority::Administrator).unwrap().world;
    assert!(after.user("ann").is_none());
    assert!(wanted.memberships.iter().all(|one| after.is_member(one.container(), one.member())));
}

#[test]
fn rules_take_over_the_predicates_of_others_in_any_order_and_in_circles() {
    let document = |values: &[(&str, &str)]| {
        let rule =
            |(id, value): &(&str, &str)| json!({"mapping-rule-id": id, "claim-name": "dept", "claim-value": value});
        PolicyDocument::read(&json!({"mapping-rules": values.iter().map(rule).collect::<Vec<_>>()})).unwrap()
    };
    let world = document(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]).world().unwrap();
    for (wanted, steps) in [
        ([("a", "2"), ("b", "3"), ("c", "4"), ("d", "5"), ("e", "1")], 5),
        ([("a", "2"), ("b", "1"), ("c", "4"), ("d", "3"), ("e", "5")], 7),
        ([("a", "2"), ("b", "3"), ("c", "1"), ("d", "4"), ("e", "5")], 5),
    ] {
        let wanted = document(&wanted);
        let commands = wanted.commands(&world, Prune::Nothing, &BTreeMap::new());
        assert_eq!(commands.len(), steps, "{commands:?}");
        let after = apply(&world, &commands, Authority::Administrator).unwrap().world;
        assert_eq!(PolicyDocument::of(&after).mapping_rules, wanted.mapping_rules);
    }
}

/// A document with all members.
fn full() -> Value {
    let members = json!({"users": ["ann"], "clients": ["app"], "mapping-rules": ["staff"]});
    let with = |mut entry: Value, more: &Value| {
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let named = |id: &str| json!({id: "a", "name": "A", "description": "About a"});
    let role = json!({"groups": ["a"], "permissions": [{"audience": "api", "permission": "read"}]});
    json!({
        "resource-types": [{"resource-type": "invoice", "permissions": ["pay"], "properties": ["site"]}],
        "users": [{"username": "ann", "name": "Ann", "email": "ann@example.com", "enabled": false}],
        "mapping-rules": [{"mapping-rule-id": "staff", "name": "Staff", "claim-name": "dept", "operator": "CONTAINS",
            "claim-value": "hr", "type": "ROLE", "issuer": "https://login.example.com"}],
        "groups": [with(named("group-id"), &members)],
        "roles": [with(with(named("role-id"), &members), &role)],
        "tenants": [with(with(named("tenant-id"), &members), &json!({"groups": ["a"], "roles": ["a"]}))],
        "default-roles": {"admin": members},
        "authorizations": [
            {"owner-type": "USER", "owner-id": "ann", "resource-type": "invoice", "resource-id": "7", "permissions": ["pay"],
                "condition": [{"property": "resource.site", "operator": "EQUAL", "value": "lyon"}]},
            {"owner-type": "ROLE", "owner-id": "a", "resource-type": "invoice", "resource-property-name": "site",
                "permissions": ["pay"]},
        ],
    })
}

/// Compares a value with its schema: members without a sample, and members whose absence is not judged as the schema does.
fn differences(schema: &Value, pointer: &str, whole: &Value, found: &mut Vec<String>) {
    let value = whole.pointer(pointer).unwrap();
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for index in 0..list.len() {
            differences(items, &format!("{pointer}/{index}"), whole, found);
        }
    }
    if !pointer.contains("/condition")
        && let Some(words) = schema["enum"].as_array()
    {
        for (word, is_known) in words.iter().map(|word| (word.clone(), true)).chain([(json!("OTHER"), false)]) {
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).unwrap() = word.clone();
            if PolicyDocument::read(&changed).is_ok() != is_known {
                found.push(format!("{pointer} may be {word}: {is_known}"));
            }
        }
    }
    let Some(members) = value.as_object() else { return };
    if let Some(one) = schema.get("additionalProperties").filter(|one| one.is_object()) {
        members.keys().for_each(|name| differences(one, &format!("{pointer}/{name}"), whole, found));
    }
    for name in members.keys() {
        let at = format!("{pointer}/{name}");
        match schema["properties"].get(name) {
            Some(schema) => differences(schema, &at, whole, found),
            None if schema.get("properties").is_some() => found.push(format!("{at} is not in the schema")),
            None => {}
        }
        let mut without = whole.clone();
        without.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
        let is_required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        // One of these two must be there.
        let is_alternative = ["resource-id", "resource-property-name"].contains(&name.as_str());
        if !pointer.contains("/condition") && PolicyDocument::read(&without).is_err() != (is_required || is_alternative)
        {
            found.push(format!("{at} is required: {is_required}"));
        }
    }
}

#[test]
fn the_schema_has_all_members_and_the_required_ones() {
    let (schema, whole) = (PolicyDocument::schema(), full());
    assert_eq!(PolicyDocument::read(&whole).err(), None);
    let mut found = Vec::new();
    differences(&schema, "", &whole, &mut found);
    assert_eq!(found, Vec::<String>::new());
    // Each property of the schema has a sample.
    let text = whole.to_string();
    for section in schema["properties"].as_object().unwrap().values() {
        let properties = section.pointer("/items/properties").or(section.pointer("/additionalProperties/properties"));
        for name in properties.unwrap().as_object().unwrap().keys() {
            assert!(text.contains(&format!("\"{name}\":")), "{name}");
        }
    }
}
