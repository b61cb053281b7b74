//! Compares searches with a manual filter and sort, for all combinations of conditions, sort orders and windows.

#![expect(clippy::unwrap_used, reason = "tests report by panicking")]

use std::collections::BTreeSet;

use identity_core::apply::{Command, NewAuthorization, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Authority;
use identity_core::entity::{Authorization, Group, Party, PartyKind, Scope, User};
use identity_core::search::entities::{
    AuthorizationField, AuthorizationFilter, Filter, GroupField, NamedFilter, UserFilter, authorizations, groups, users,
};
use identity_core::search::{LikePattern, Order, SearchBudget, SearchText, SortBy, Start, TextFilter, Visible, Window};
use identity_core::value::{
    ClientId, Description, Email, GroupId, Name, PasswordHash, PermissionName, PropertyName, ResourceId,
    ResourceTypeName, Username,
};
use identity_core::world::{Sources, World};

fn world() -> World {
    let mut commands = Vec::new();
    for (number, name) in [(1, "b"), (2, "a"), (3, "c"), (4, "a"), (5, "b"), (6, "a"), (7, "c")] {
        let id = GroupId::parse(&format!("g{number}")).unwrap();
        let (name, description) = (Name::parse(name).unwrap(), Description::default());
        commands.push(Command::CreateGroup(Group { description, ..Group::new(id, name) }));
    }
    let username = Username::parse("g1").unwrap();
    let password = PasswordHash::new("h".into());
    commands.push(Command::CreateUser(User::new(username.clone(), password)));
    let owners = [
        Party::User(username),
        Party::Group(GroupId::parse("g1").unwrap()),
        Party::Group(GroupId::parse("g2").unwrap()),
        Party::Client(ClientId::parse("c").unwrap()),
    ];
    let id = |text: &str| Scope::Id(ResourceId::parse(text).unwrap());
    let targets = [
        ("MESSAGE", Scope::Any),
        ("MESSAGE", id("x")),
        ("RESOURCE", id("x")),
        ("RESOURCE", id("y")),
        ("USER_TASK", Scope::Property(PropertyName::parse("assignee").unwrap())),
    ];
    for (place, (kind, scope)) in targets.iter().enumerate() {
        for owner in owners.iter().skip(place % 2) {
            commands.push(Command::CreateAuthorization(NewAuthorization {
                owner: owner.clone(),
                resource_type: ResourceTypeName::parse(kind).unwrap(),
                scope: scope.clone(),
                permissions: [PermissionName::parse("READ").unwrap()].into(),
                condition: None,
            }));
        }
    }
    let empty = World::new(Sources::BuiltIn, ResourceCatalog::standard());
    apply(&empty, &commands, Authority::Administrator).unwrap().world
}

/// The Cartesian product of two lists.
fn pairs<A: Clone, B: Clone>(a: &[A], b: &[B]) -> Vec<(A, B)> {
    a.iter().flat_map(|a| b.iter().map(move |b| (a.clone(), b.clone()))).collect()
}

/// Walks all pages of each size in both directions and compares them with the complete list.
fn walks<T: PartialEq + Clone + std::fmt::Debug>(
    whole: &[T],
    search: impl Fn(&Window) -> identity_core::search::Found<T>,
    what: &str,
) {
    for limit in [1, 3, 100] {
        let (mut forward, mut start, mut firsts) = (Vec::new(), Start::Offset(0), Vec::new());
        loop {
            let found = search(&Window { start, limit });
            assert_eq!(found.total, whole.len(), "{what}");
            let Some((first, last)) = found.ends else { break };
            firsts.push(first);
            forward.extend(found.items);
            start = Start::After(last);
        }
        assert_eq!(forward, whole, "forward by {limit}: {what}");
        for (page, first) in firsts.into_iter().enumerate() {
            let found = search(&Window { start: Start::Before(first), limit });
            let before = whole.get((page * limit).saturating_sub(limit)..page * limit).unwrap();
            assert_eq!(found.items, before, "backward by {limit}: {what}");
        }
        for offset in [0, 2, 1000] {
            let expected: Vec<T> = whole.iter().skip(offset).take(limit).cloned().collect();
            assert_eq!(search(&Window { start: Start::Offset(offset), limit }).items, expected, "{offset}: {what}");
        }
    }
}

fn only(ids: impl IntoIterator<Item = impl ToString>) -> Visible {
    Visible::Only(ids.into_iter().map(|id| id.to_string()).collect::<BTreeSet<_>>())
}

#[test]
fn authorizations_are_those_that_a_filter_by_hand_finds_in_the_order_of_a_sort_by_hand() {
    let world = world();
    let all: Vec<Authorization> = world.authorizations().collect();
    let some = only(all.iter().step_by(2).map(|one| one.key.to_string()).chain(["999".into(), "x".into()]));
    let listed = |texts: &[&[&str]]| -> Vec<Option<Vec<String>>> {
        let lists = texts.iter().map(|list| Some(list.iter().map(|text| (*text).to_owned()).collect()));
        std::iter::once(None).chain(lists).collect()
    };
    let owners = [None, Some("g1"), Some("c"), Some("nobody")];
    let kinds = [None, Some(PartyKind::Group), Some(PartyKind::Client)];
    let types = [None, Some("RESOURCE"), Some("USER_TASK"), Some("NOTHING")];
    let who = pairs(&owners, &kinds);
    let what = pairs(&listed(&[&["x"], &["*", "y", "x", "x"], &[]]), &listed(&[&["assignee", "none"]]));
    let text = |one: &Authorization, field| match field {
        AuthorizationField::OwnerId => Some(one.owner.id().to_owned()),
        AuthorizationField::ResourceId => one.scope.resource_id().map(str::to_owned),
        _ => Some(one.resource_type.to_string()),
    };
    let ascending = |field| SortBy { field, order: Order::Ascending };
    let sorts = [
        vec![],
        vec![ascending(AuthorizationField::OwnerId)],
        vec![
            SortBy { field: AuthorizationField::ResourceId, order: Order::Descending },
            ascending(AuthorizationField::ResourceType),
        ],
    ];
    for (((owner_id, owner_type), (resource_ids, resource_property_names)), kind) in pairs(&pairs(&who, &what), &types)
    {
        let filter = AuthorizationFilter {
            owner_id: owner_id.map(str::to_owned),
            owner_type,
            resource_ids,
            resource_property_names,
            resource_type: kind.map(|kind| ResourceTypeName::parse(kind).unwrap()),
            permission: None,
            text: None,
            families: None,
        };
        let property = |one: &Authorization| match &one.scope {
            Scope::Property(name) => Some(name.to_string()),
            Scope::Any | Scope::Id(_) => None,
        };
        let listed = |list: &Option<Vec<String>>, text: Option<String>| {
            list.as_ref().is_none_or(|list| text.is_some_and(|text| list.contains(&text)))
        };
        for (visible, sort) in pairs(&[Visible::All, some.clone(), only([""; 0])], &sorts) {
            let mut expected: Vec<Authorization> = all.clone();
            expected.retain(|one| {
                visible.includes(&one.key.to_string())
                    && owner_id.is_none_or(|id| one.owner.id() == id)
                    && owner_type.is_none_or(|kind| one.owner.party_kind() == kind)
                    && listed(&filter.resource_ids, one.scope.resource_id().map(str::to_owned))
                    && listed(&filter.resource_property_names, property(one))
                    && kind.is_none_or(|kind| one.resource_type.as_str() == kind)
            });
            expected.sort_by(|a, b| {
                let by = sort.iter().map(|by| {
                    let (a, b) = (text(a, by.field), text(b, by.field));
                    let order = (a.is_none(), a).cmp(&(b.is_none(), b));
                    if by.order == Order::Descending { order.reverse() } else { order }
                });
                by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(a.key.cmp(&b.key))
            });
            let what = format!("{filter:?} {visible:?} {sort:?}");
            walks(
                &expected,
                |window| authorizations(&world, &visible, &filter, &sort, window, &SearchBudget::default()).unwrap(),
                &what,
            );
        }
    }
}

#[test]
fn a_text_finds_ids_and_names_of_owners_and_ids_of_resources_in_any_case() {
    let world = world();
    let window = Window { start: Start::Offset(0), limit: 100 };
    let found = |text: &str, permission: Option<&str>| {
        let filter = AuthorizationFilter {
            text: Some(SearchText::new(text)),
            permission: permission.map(|name| PermissionName::parse(name).unwrap()),
            ..AuthorizationFilter::default()
        };
        authorizations(&world, &Visible::All, &filter, &[], &window, &SearchBudget::default()).unwrap().items
    };
    let all: Vec<Authorization> = world.authorizations().collect();
    let of = |fits: &dyn Fn(&Authorization) -> bool| all.iter().filter(|one| fits(one)).cloned().collect::<Vec<_>>();
    assert_eq!(found("G1", None), of(&|one| one.owner.id() == "g1"));
    assert_eq!(found("Y", None), of(&|one| one.scope.resource_id() == Some("y")));
    assert_eq!(found("b", None), of(&|one| one.owner == Party::Group(GroupId::parse("g1").unwrap())), "by name");
    assert_eq!(found("g1", Some("READ")), found("g1", None));
    assert_eq!(found("g1", Some("UPDATE_USER_TASK")), []);
    assert_eq!(found("g1", Some("no-such")), []);
}

#[test]
fn one_text_finds_users_by_username_name_or_address_in_any_case() {
    let user = |username: &str, name: Option<&str>, email: Option<&str>| {
        Command::CreateUser(User {
            name: name.map(|name| Name::parse(name).unwrap()),
            email: email.map(|email| Email::parse(email).unwrap()),
            ..User::new(Username::parse(username).unwrap(), PasswordHash::new("h".into()))
        })
    };
    let commands = [
        user("anna", None, Some("a@example.org")),
        user("bob", Some("Anna-Maria"), None),
        user("cid", Some("Cid"), Some("hanna@example.org")),
        user("dora", Some("Dora"), Some("dora@example.org")),
    ];
    let empty = World::new(Sources::BuiltIn, ResourceCatalog::standard());
    let world = apply(&empty, &commands, Authority::Administrator).unwrap().world;
    let window = Window { start: Start::Offset(0), limit: 100 };
    let found = |text: &str, username: Option<&str>| {
        let mut filter =
            Filter::from(UserFilter { username: username.map(TextFilter::equals), ..UserFilter::default() });
        filter.text = Some(SearchText::new(text));
        let found = users(&world, &Visible::All, &filter, &[], &window, &SearchBudget::default()).unwrap();
        (found.items.iter().map(|user| user.username.to_string()).collect::<Vec<_>>(), found.total)
    };
    assert_eq!(found("ANNA", None), (vec!["anna".into(), "bob".into(), "cid".into()], 3));
    assert_eq!(found("ANNA", Some("cid")), (vec!["cid".into()], 1), "within the other conditions");
    assert_eq!(found("Example.ORG", None).1, 3);
    assert_eq!(found("zoe", None), (vec![], 0));
}

#[test]
fn groups_are_those_that_a_filter_by_hand_finds_in_the_order_of_a_sort_by_hand() {
    let world = world();
    let like = |pattern: &str| TextFilter { like: Some(LikePattern::parse(pattern).unwrap()), ..TextFilter::default() };
    let among = |ids: &[&str]| TextFilter {
        is_in: Some(ids.iter().map(|id| (*id).to_owned()).collect()),
        ..TextFilter::default()
    };
    let ids = [
        None,
        Some(TextFilter::equals("g3")),
        Some(like("g*")),
        Some(like("g5*")),
        Some(like("*4")),
        Some(like("h*")),
        Some(among(&["g7", "g2", "none"])),
        Some(TextFilter { neq: Some("g1".into()), ..like("g?") }),
    ];
    let names = [None, Some(TextFilter::equals("a")), Some(like("?"))];
    let either = [vec![], vec![("g2", "a"), ("g3", "a"), ("g7", "c")]];
    let by = |field, order| SortBy { field, order };
    let sorts = [
        vec![],
        vec![by(GroupField::GroupId, Order::Ascending)],
        vec![by(GroupField::GroupId, Order::Descending), by(GroupField::Name, Order::Ascending)],
        vec![by(GroupField::Name, Order::Descending)],
    ];
    let visible = [Visible::All, only(["g1", "g2", "g3", "g5", "gone"]), only([""; 0])];
    for (((id, name), either), (visible, sort)) in
        pairs(&pairs(&pairs(&ids, &names), &either), &pairs(&visible, &sorts))
    {
        let exactly = |(id, name): &(&str, &str)| NamedFilter {
            id: Some(TextFilter::equals(*id)),
            name: Some(TextFilter::equals(*name)),
        };
        let filter = Filter {
            all: NamedFilter { id: id.clone(), name: name.clone() },
            any: either.iter().map(exactly).collect(),
            text: None,
        };
        let mut expected: Vec<&Group> = world.groups().collect();
        expected.retain(|group| {
            let (its_id, its_name) = (group.id.as_str(), group.name.as_str());
            visible.includes(its_id)
                && id.as_ref().is_none_or(|filter| filter.matches(Some(its_id), &SearchBudget::default()))
                && name.as_ref().is_none_or(|filter| filter.matches(Some(its_name), &SearchBudget::default()))
                && (either.is_empty() || either.contains(&(its_id, its_name)))
        });
        if let Some(first) = sort.first() {
            expected.sort_by(|a, b| {
                let order = match first.field {
                    GroupField::GroupId => a.id.cmp(&b.id),
                    GroupField::Name => a.name.cmp(&b.name),
                };
                if first.order == Order::Descending { order.reverse() } else { order }.then(a.id.cmp(&b.id))
            });
        }
        let what = format!("{filter:?} {visible:?} {sort:?}");
        walks(
            &expected,
            |window| groups(&world, &visible, &filter, &sort, window, &SearchBudget::default()).unwrap(),
            &what,
        );
    }
}
