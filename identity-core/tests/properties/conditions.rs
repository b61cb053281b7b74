//! Compares custom resource types, conditions and searches with a slow but evidently correct evaluator.

use std::collections::BTreeSet;

use identity_core::apply::{Command, NewAuthorization, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Explanation, Facts, Question, Step, Target, decide};
use identity_core::diff::diff;
use identity_core::entity::{Condition, CustomType, Party, Principal, Scope};
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::search::{SearchBudget, actions_on, principals_who_can, resources_that};
use identity_core::value::{ClientId, PermissionName, PropertyName, ResourceId, ResourceTypeName};
use identity_core::world::{Change, Sources, World};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::strategy::{self, IDS};

const TYPES: &[&str] = &["invoice", "order"];
const PERMISSIONS: &[&str] = &["approve", "list", "read"];
const PROPERTIES: &[&str] = &["owner", "site"];

fn kind(name: usize, permissions: usize) -> CustomType {
    CustomType {
        name: ResourceTypeName::parse(TYPES[name]).unwrap(),
        permissions: PERMISSIONS[permissions..].iter().map(|name| PermissionName::parse(name).unwrap()).collect(),
        properties: PROPERTIES.iter().map(|name| PropertyName::parse(name).unwrap()).collect(),
    }
}

fn path() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["subject", "resource", "action"]), prop::sample::select(PROPERTIES.to_vec()))
        .prop_map(|(of, name)| format!("{of}.{name}"))
}

fn scalar() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!("a"), json!("b"), json!("g0"), json!(1), json!(1.0), json!(true)])
}

fn comparison() -> impl Strategy<Value = Value> {
    let with_value = (path(), prop::sample::select(vec!["EQUAL", "NOT_EQUAL"]), scalar())
        .prop_map(|(property, operator, value)| json!({"property": property, "operator": operator, "value": value}));
    let with_other = (path(), prop::sample::select(vec!["EQUAL", "NOT_EQUAL", "IN"]), path())
        .prop_map(|(property, operator, other)| json!({"property": property, "operator": operator, "other": other}));
    let in_values = (path(), prop::collection::vec(scalar(), 1..3))
        .prop_map(|(property, values)| json!({"property": property, "operator": "IN", "values": values}));
    let caller = (path(), prop::sample::select(vec!["CONTAINS_CALLER", "CONTAINS_CALLERS_GROUP"]))
        .prop_map(|(property, operator)| json!({"property": property, "operator": operator}));
    prop_oneof![with_value, with_other, in_values, caller]
}

fn condition() -> impl Strategy<Value = Option<Condition>> {
    let some = prop::collection::vec(comparison(), 1..3)
        .prop_map(|comparisons| Some(serde_json::from_value(Value::Array(comparisons)).unwrap()));
    prop_oneof![1 => Just(None), 3 => some]
}

fn authorization() -> impl Strategy<Value = NewAuthorization> {
    let scope = prop::sample::select(vec!["*", "a", "b"]);
    let place = (prop::sample::select(TYPES.to_vec()), prop::sample::select(PERMISSIONS.to_vec()));
    (strategy::party(), place, scope, condition()).prop_map(|(owner, (kind, permission), scope, condition)| {
        NewAuthorization {
            owner,
            resource_type: ResourceTypeName::parse(kind).unwrap(),
            scope: Scope::from_resource_id(scope).unwrap(),
            permissions: [PermissionName::parse(permission).unwrap()].into(),
            condition,
        }
    })
}

pub fn own_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => (0..2usize, 0..3usize).prop_map(|(name, from)| Command::CreateResourceType(kind(name, from))),
        1 => (0..2usize, 0..3usize).prop_map(|(name, from)| Command::UpdateResourceType(kind(name, from))),
        1 => (0..2usize).prop_map(|name| Command::DeleteResourceType(kind(name, 0).name)),
        12 => authorization().prop_map(Command::CreateAuthorization),
    ]
}

fn histories() -> impl Strategy<Value = Vec<Command>> {
    let types = vec![Command::CreateResourceType(kind(0, 0)), Command::CreateResourceType(kind(1, 0))];
    (strategy::commands(), prop::collection::vec(own_command(), 0..30))
        .prop_map(move |(base, own)| base.into_iter().chain(types.clone()).chain(own).collect())
}

/// The properties of subject, resource and action in a request.
#[derive(Clone, Debug)]
struct Said([Map<String, Value>; 3]);

impl Said {
    fn facts(&self) -> Facts<'_> {
        let [subject, resource, action] = &self.0;
        Facts { claims: None, subject: Some(subject), resource: Some(resource), action: Some(action) }
    }

    fn get(&self, path: &str) -> Option<&Value> {
        let (of, name) = path.split_once('.')?;
        let [subject, resource, action] = &self.0;
        let map = match of {
            "subject" => subject,
            "resource" => resource,
            _ => action,
        };
        map.get(name).filter(|value| !value.is_null())
    }
}

fn said() -> impl Strategy<Value = Said> {
    let value = prop_oneof![4 => scalar(), 1 => Just(Value::Null), 3 => prop::collection::vec(scalar(), 0..3).prop_map(Value::Array)];
    let map = prop::collection::btree_map(prop::sample::select(PROPERTIES.to_vec()), value, 0..3);
    prop::array::uniform3(map)
        .prop_map(|maps| Said(maps.map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())))
}

/// A second implementation of conditions, based on the serialized form.
fn holds(condition: &Condition, subject: &Subject, said: &Said) -> bool {
    let comparisons = serde_json::to_value(condition).unwrap();
    comparisons.as_array().unwrap().iter().all(|comparison| {
        let path = |member: &str| comparison[member].as_str().and_then(|path| said.get(path));
        let Some(value) = path("property") else { return false };
        let listed = |test: &dyn Fn(&Value) -> bool| match value {
            Value::Array(list) => list.iter().any(test),
            one => test(one),
        };
        let other = || comparison.get("value").or_else(|| path("other"));
        match comparison["operator"].as_str().unwrap() {
            "EQUAL" => other().is_some_and(|other| text(value).is_some() && text(value) == text(other)),
            "NOT_EQUAL" => other()
                .is_some_and(|other| text(value).is_some() && text(other).is_some() && text(value) != text(other)),
            "IN" => {
                let list = comparison.get("values").or_else(|| path("other")).and_then(Value::as_array);
                text(value).is_some() && list.is_some_and(|list| list.iter().any(|item| text(item) == text(value)))
            }
            "CONTAINS_CALLER" => {
                listed(&|item| matches!(&subject.principal, Principal::User(name) if item == name.as_str()))
            }
            "CONTAINS_CALLERS_GROUP" => listed(&|item| subject.groups.iter().any(|group| item == group.as_str())),
            other => panic!("{other}"),
        }
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("text {text}")),
        Value::Number(number) => Some(format!("number {}", number.as_f64().unwrap())),
        Value::Bool(flag) => Some(format!("flag {flag}")),
        _ => None,
    }
}

/// Whether the subject is allowed, determined by a scan of all authorizations.
fn allows(world: &World, subject: &Subject, access: (&str, &str), id: Option<&str>, said: &Said) -> bool {
    let owns = |owner: &Party| match owner {
        Party::User(_) | Party::Client(_) => *owner == subject.principal.clone().into(),
        Party::Group(id) => subject.groups.contains(id),
        Party::Role(id) => subject.roles.contains(id),
        Party::MappingRule(id) => subject.mapping_rules.contains(id),
    };
    world.authorizations().any(|held| {
        let here = match &held.scope {
            Scope::Any => true,
            Scope::Id(granted) => Some(granted.as_str()) == id,
            Scope::Property(_) => false,
        };
        here && owns(&held.owner)
            && held.resource_type.as_str() == access.0
            && held.permissions.iter().any(|name| name.as_str() == access.1)
            && held.condition.as_ref().is_none_or(|condition| holds(condition, subject, said))
    })
}

fn grown(commands: &[Command]) -> (World, Vec<Change>) {
    crate::grown(Sources::Provider { groups_claimed: false }, commands)
}

/// The accesses to custom resource types in the world.
fn accesses(world: &World) -> Vec<(String, String)> {
    world
        .custom_types()
        .flat_map(|kind| kind.permissions.iter().map(|name| (kind.name.to_string(), name.to_string())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn decisions_on_operators_types_agree_with_the_naive_evaluator_and_are_explained(
        commands in histories(), caller in strategy::callers(), said in said(),
    ) {
        let (world, _) = grown(&commands);
        let subject = crate::subject_of(&world, &caller);
        let facts = said.facts();
        for (kind, permission) in accesses(&world) {
            let access = world.catalog().access(&kind, &permission).unwrap();
            for id in IDS.iter().map(|id| Some(*id)).chain([None]) {
                let question = Question::Resource { access, target: Target::Described(id, &facts) };
                let decision = decide(&world, &subject, &question);
                let expected = allows(&world, &subject, (&kind, &permission), id, &said);
                prop_assert_eq!(decision.allowed(), expected, "{} {} {:?}", kind, permission, id);
                match decision.explain(&world, &subject) {
                    Explanation::Allow(steps) => {
                        prop_assert!(expected && crate::naive::path_holds(&world, &subject, &steps));
                        let Some(Step::Authorization { authorization }) = steps.last() else { panic!("{steps:?}") };
                        prop_assert!(authorization.condition.as_ref().is_none_or(|one| holds(one, &subject, &said)));
                    }
                    Explanation::Deny(misses) => prop_assert!(!expected && !misses.is_empty()),
                }
            }
        }
    }

    #[test]
    fn searches_find_what_decisions_allow_and_nothing_else(
        commands in histories(), caller in strategy::callers(), said in said(),
    ) {
        let (world, _) = grown(&commands);
        let subject = crate::subject_of(&world, &caller);
        let unsaid = Said([said.0[0].clone(), Map::new(), said.0[2].clone()]);
        for (kind, permission) in accesses(&world) {
            let access = world.catalog().access(&kind, &permission).unwrap();
            let facts = said.facts();
            let budget = SearchBudget::default();
            for id in IDS.iter().map(|id| Some(*id)).chain([None]) {
                let question = Question::Resource { access, target: Target::Described(id, &facts) };
                for clients in [false, true] {
                    let found: Vec<Principal> = principals_who_can(&world, &question, clients, None, &budget).collect();
                    let universe = IDS.iter().map(|id| match clients {
                        true => Principal::Client(ClientId::parse(id).unwrap()),
                        false => Principal::User(strategy::username(id)),
                    });
                    let expected: Vec<Principal> = universe
                        .filter(|one| {
                            let alone = resolve(&world, ResolveInput::by_id(&world, one));
                            allows(&world, &alone, (&kind, &permission), id, &said)
                        })
                        .collect();
                    prop_assert_eq!(&found, &expected);
                    let later: Vec<Principal> = principals_who_can(&world, &question, clients, Some("a"), &budget).collect();
                    prop_assert_eq!(later, expected.into_iter().filter(|one| one.id() > "a").collect::<Vec<_>>());
                }
                let actions: Vec<String> =
                    actions_on(&world, &subject, &kind, id, &facts, &SearchBudget::default()).iter().map(ToString::to_string).collect();
                prop_assert_eq!(
                    actions.contains(&permission), allows(&world, &subject, (&kind, &permission), id, &said)
                );
            }
            let named = world.authorizations().filter(|held| held.resource_type.as_str() == kind);
            let named = named.filter_map(|held| held.scope.resource_id().map(str::to_owned));
            let universe: BTreeSet<String> = named.chain(["*".to_owned()]).collect();
            let found = resources_that(&world, &subject, access, &unsaid.facts(), &SearchBudget::default());
            let expected: Vec<String> = universe
                .into_iter()
                .filter(|id| allows(&world, &subject, (&kind, &permission), (id != "*").then_some(id), &unsaid))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn types_come_and_go_without_a_trace_in_others(first in histories(), second in histories()) {
        let (before, log) = grown(&first);
        let mut after = before.clone();
        for command in &second {
            if let Ok(applied) = apply(&after, std::slice::from_ref(command), Authority::Administrator) {
                after = applied.world;
            }
        }
        for world in [&before, &after] {
            let rows: Vec<Change> = world.rows().collect();
            let (again, left_out) = World::new(world.sources(), ResourceCatalog::standard()).replay(world.revision(), &rows);
            prop_assert!(left_out.is_empty(), "{:?}", left_out);
            prop_assert!(diff(world, &again).changes.is_empty() && diff(&again, world).changes.is_empty());
        }
        let (replayed, left_out) = World::new(before.sources(), ResourceCatalog::standard()).replay(before.revision(), &log);
        prop_assert!(left_out.is_empty());
        prop_assert!(diff(&before, &replayed).changes.is_empty());
        for (from, to) in [(&before, &after), (&after, &before)] {
            let (led, _) = from.replay(to.revision(), &diff(from, to).changes);
            prop_assert!(diff(&led, to).changes.is_empty(), "{:?}", diff(&led, to).changes);
        }
        for kind in after.custom_types() {
            prop_assert_eq!(after.catalog().find(kind.name.as_str()).unwrap().permissions.len(), kind.permissions.len());
        }
        let held = after.authorizations().all(|held| after.catalog().find(held.resource_type.as_str()).is_some());
        prop_assert!(held, "an authorization outlived its type");
    }
}

#[test]
fn what_a_type_cannot_be() {
    let (world, _) = grown(&[]);
    let refused = |world: &World, command: Command| {
        apply(world, &[command], Authority::Administrator).err().map(|refusal| refusal.code())
    };
    let named = |name: &str| CustomType { name: ResourceTypeName::parse(name).unwrap(), ..kind(0, 0) };
    for (name, code) in [("ROLE", "exists"), ("role", "exists"), ("api", "reserved"), ("tenant", "exists")] {
        assert_eq!(refused(&world, Command::CreateResourceType(named(name))), Some(code), "{name}");
    }
    let empty = CustomType { permissions: BTreeSet::new(), ..kind(0, 0) };
    assert_eq!(refused(&world, Command::CreateResourceType(empty)), Some("type_size"));
    assert_eq!(refused(&world, Command::UpdateResourceType(named("ROLE"))), Some("protected"));
    assert_eq!(refused(&world, Command::DeleteResourceType(kind(0, 0).name)), Some("missing"));

    let condition = |text: &str| Some(text.parse::<Condition>().unwrap());
    let owned = condition(r#"[{"property":"resource.owner","operator":"CONTAINS_CALLER"}]"#);
    let on = |kind: &str, scope: Scope, permission: &str, condition: Option<Condition>| {
        Command::CreateAuthorization(NewAuthorization {
            owner: Party::User(strategy::username("a")),
            resource_type: ResourceTypeName::parse(kind).unwrap(),
            scope,
            permissions: [PermissionName::parse(permission).unwrap()].into(),
            condition,
        })
    };
    let granted = on("invoice", Scope::Any, "approve", owned.clone());
    let (world, _) = grown(&[Command::CreateResourceType(kind(0, 0)), granted]);
    assert_eq!(world.authorization_count(), 1);
    assert_eq!(refused(&world, on("ROLE", Scope::Any, "READ", owned.clone())), Some("inapplicable"));
    let by_property = Scope::Property(PropertyName::parse("owner").unwrap());
    assert_eq!(refused(&world, on("invoice", by_property, "approve", None)), Some("inapplicable"));
    let typo = condition(r#"[{"property":"resource.ownr","operator":"CONTAINS_CALLER"}]"#);
    assert_eq!(refused(&world, on("invoice", Scope::Any, "approve", typo)), Some("unsupported"));
    assert_eq!(refused(&world, on("invoice", Scope::Any, "approve", owned)), Some("exists"));
    assert_eq!(refused(&world, on("invoice", Scope::Any, "approve", None)), None);
    assert_eq!(refused(&world, Command::UpdateResourceType(kind(0, 1))), Some("in_use"));
    let more = on("invoice", Scope::Id(ResourceId::parse("2").unwrap()), "approve", None);
    let twice = apply(&world, &[more], Authority::Administrator).unwrap().world;
    let said = apply(&twice, &[Command::UpdateResourceType(kind(0, 1))], Authority::Administrator).err();
    let says = "the permission `approve` is still granted to user `a`, and in one more authorization; \
                first change or delete what uses it";
    assert_eq!(said.map(|refusal| refusal.to_string()).as_deref(), Some(says));
    let blind = CustomType { properties: BTreeSet::new(), ..kind(0, 0) };
    assert_eq!(refused(&world, Command::UpdateResourceType(blind)), Some("in_use"));
    let id = Scope::Id(ResourceId::parse("1").unwrap());
    assert_eq!(refused(&world, on("invoice", id, "fold", None)), Some("unsupported"));
    let gone = apply(&world, &[Command::DeleteResourceType(kind(0, 0).name)], Authority::Administrator).unwrap().world;
    assert_eq!(gone.authorization_count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_world_knows_which_properties_of_the_caller_its_conditions_read(history in histories()) {
        let (world, changes) = grown(&history);
        let replayed = World::new(world.sources(), ResourceCatalog::standard()).replay(world.revision(), &changes).0;
        let conditions: Vec<Condition> = world.authorizations().filter_map(|held| held.condition).collect();
        let paths: Vec<String> = conditions.iter().flat_map(Condition::properties).map(ToString::to_string).collect();
        let reads_all = world.mapping_rules().any(|rule| matches!(rule.selector.as_str(), "$.*" | "$..c"));
        for name in PROPERTIES {
            let is_read = reads_all || paths.contains(&format!("subject.{name}"));
            prop_assert_eq!(world.reads_claim(name), is_read, "{}", name);
            prop_assert_eq!(replayed.reads_claim(name), is_read, "{} after a replay", name);
        }
    }
}
